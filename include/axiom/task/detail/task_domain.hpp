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
#include "axiom/task/lifecycle.hpp"

namespace axiom::detail {

class task_actor;

/// What the tasks of one coordinator share: the system they live in, who
/// watches them, and where errors go that nobody looked at.
///
/// Tasks keep it alive, so it may outlive the actor system (a `task<T>` handle
/// may): `system` and `host` are used only by tasks that have not ended.
class task_domain : public boost::intrusive_ref_counter<task_domain> {
public:
  explicit task_domain(caf::actor_system& sys);
  virtual ~task_domain();

  caf::actor_system& system() const noexcept {
    return *system_;
  }

  runtime::host& host() const noexcept {
    return *host_;
  }

  /// The identity that task number `actor` of this system has.
  task_id id_of(std::uint64_t actor) const noexcept {
    return {id_prefix_, actor};
  }

  /// The wall-clock time of a moment on the steady clock.
  timestamp wall_time(runtime::time_point at) const noexcept;

  // -- lifecycle events --------------------------------------------------------

  bool watched() const noexcept {
    return watched_.load(std::memory_order_acquire);
  }

  void add_sink(std::shared_ptr<lifecycle_sink> sink);

  void remove_sink(const std::shared_ptr<lifecycle_sink>& sink);

  void publish(const task_lifecycle_event& event) noexcept;

  // -- hooks for the coordinator -------------------------------------------------

  /// A root task ended with an error that nobody will ever look at.
  virtual void unobserved_failure(const task_reference& task,
                                  const failure& why) noexcept
    = 0;

  /// The root node has ended: no task of this domain is left, none will come.
  virtual void tree_ended() noexcept = 0;

private:
  using sink_list = std::vector<std::shared_ptr<lifecycle_sink>>;

  caf::actor_system* system_;
  runtime::host* host_;
  const std::uint64_t id_prefix_;
  const runtime::time_point steady_epoch_;
  const timestamp wall_epoch_;
  std::atomic<bool> watched_{false};
  std::mutex sinks_mutex_;
  std::shared_ptr<const sink_list> sinks_;
};

using task_domain_ptr = boost::intrusive_ptr<task_domain>;

} // namespace axiom::detail
