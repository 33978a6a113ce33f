#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "axiom/error/supervisor_stats.hpp"
#include "axiom/runtime/resident.hpp"

namespace axiom::detail {

class supervisor_state;

/// A supervisor that nobody supervises, and all below it: what whoever shows
/// their figures finds of them in the system.
///
/// A supervisor that is restarted is a new actor that has done nothing yet, but
/// the counters of its name must not go backwards. So the family keeps, by
/// name, what those have done that are gone, until the root ends or the name is
/// forgotten with its child.
///
/// Invariant: whoever looks finds what one has done either with the living or
/// with those that are gone, and never with both.
///
/// Locks: `mutex_`, below that of the residents. Thread-safe.
class supervisor_family final
  : public runtime::resident,
    public boost::intrusive_ref_counter<supervisor_family> {
public:
  void enter(supervisor_state& x);

  void leave(supervisor_state& x) noexcept;

  /// There will be none of this name; unless there is one still, its figures
  /// are given up.
  void forget(const std::string& name) noexcept;

  /// The figures by name, the oldest of those that live first.
  std::vector<supervisor_stats> stats() const;

private:
  mutable std::mutex mutex_;
  std::vector<supervisor_state*> living_; ///< the oldest first
  std::map<std::string, supervisor_stats> gone_;
};

using supervisor_family_ptr = boost::intrusive_ptr<supervisor_family>;

} // namespace axiom::detail
