#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <caf/error.hpp>
#include <caf/typed_response_promise.hpp>

#include "axiom/error/supervisor/supervision.hpp"
#include "axiom/error/supervisor_stats.hpp"
#include "error/supervisor/child_table.hpp"

namespace axiom::detail {

/// Who waits for an answer of a supervisor: that something became of a child,
/// that all have started, that it has ended.
///
/// Each is answered once; at the latest by `end` or `refuse_all`.
///
/// Used only by the supervisor's actor.
class open_requests {
public:
  using child_promise = caf::typed_response_promise<child_info>;
  using counts_promise = caf::typed_response_promise<child_counts>;
  using stats_promise = caf::typed_response_promise<supervisor_stats>;

  /// @param who the supervisor, in the texts of errors
  explicit open_requests(std::string who) : who_(std::move(who)) {
    // nop
  }

  // -- what becomes of a child ------------------------------------------------

  supervision_ticket wait_for_child(child_promise x) {
    waiting_.emplace(++last_ticket_, std::move(x));
    return last_ticket_;
  }

  /// Refuses one that has changed nothing.
  void refuse(supervision_ticket ticket, const caf::error& why);

  /// @param child null if there is none
  void settle(supervision_ticket ticket, supervision_verdict how, child_key key,
              const supervised_child* child, const child_table& all,
              const supervision& core);

  // -- the others -------------------------------------------------------------

  void wait_for_start(counts_promise x) {
    starts_.push_back(std::move(x));
  }

  void started(const child_counts& x);

  void wait_for_end(stats_promise x) {
    ends_.push_back(std::move(x));
  }

  // -- the end ----------------------------------------------------------------

  caf::error closed() const;

  /// It has ended: whoever waits for that has what he wanted, and the others
  /// hear why not.
  void end(const supervisor_stats& x, const caf::error& why);

  void refuse_all(const caf::error& why);

private:
  void refuse_others(const caf::error& why);

  const std::string who_;
  supervision_ticket last_ticket_ = 0;
  std::unordered_map<supervision_ticket, child_promise> waiting_;
  std::vector<counts_promise> starts_;
  std::vector<stats_promise> ends_;
};

} // namespace axiom::detail
