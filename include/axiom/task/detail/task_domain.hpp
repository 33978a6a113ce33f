#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <caf/fwd.hpp>

#include "axiom/error/failure.hpp"
#include "axiom/runtime/host.hpp"
#include "axiom/task/detail/sheddable_list.hpp"
#include "axiom/task/lifecycle.hpp"

namespace axiom::detail {

class task_actor;

/// What the tasks of one coordinator share: who watches them, and where errors
/// go that nobody looked at.
///
/// The root node keeps it alive, and so all tasks that have not ended: counting
/// each of them would have all workers meet at one reference count. An ended
/// task has no use for it but to report its failure, if nobody has looked at
/// that yet; then it holds a reference of its own. So the domain may outlive
/// the actor system, and a task may outlive the domain.
class task_domain : public boost::intrusive_ref_counter<task_domain> {
public:
  explicit task_domain(caf::actor_system& sys);
  virtual ~task_domain();

  const runtime::system_info& system() const noexcept {
    return system_;
  }

  runtime::host& host() const noexcept {
    return *system_.home;
  }

  // -- lifecycle events -------------------------------------------------------

  bool watched() const noexcept {
    return watched_.load(std::memory_order_acquire);
  }

  void add_sink(std::shared_ptr<lifecycle_sink> sink);

  void remove_sink(const std::shared_ptr<lifecycle_sink>& sink);

  void publish(const task_lifecycle_event& event) noexcept;

  // -- tasks that may be given up ---------------------------------------------

  sheddable_list& sheddable() noexcept {
    return sheddable_;
  }

  // -- hooks for the coordinator ----------------------------------------------

  /// A task ended with an error that nobody will ever look at: a root task, or
  /// a child of a group that keeps no results.
  virtual void unobserved_failure(const task_reference& task,
                                  const failure& why) noexcept
    = 0;

  /// The root node has ended: no task of this domain is left, none will come.
  virtual void tree_ended() noexcept = 0;

private:
  using sink_list = std::vector<std::shared_ptr<lifecycle_sink>>;

  const runtime::system_info& system_;
  std::atomic<bool> watched_{false};
  std::mutex sinks_mutex_;
  std::shared_ptr<const sink_list> sinks_;
  sheddable_list sheddable_;
};

using task_domain_ptr = boost::intrusive_ptr<task_domain>;

} // namespace axiom::detail
