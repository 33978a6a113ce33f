#include "axiom/coordination/detail/coordinator_state.hpp"

#include <algorithm>
#include <utility>

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include "axiom/coordination/detail/live_tree.hpp"
#include "axiom/runtime/later.hpp"
#include "axiom/task/detail/extras.hpp"
#include "axiom/task/detail/make_task.hpp"
#include "axiom/task/detail/typed_task.hpp"

namespace axiom::detail {

namespace {

/// The node above a coordinator's root tasks.
class root_node final : public typed_task<void> {
public:
  using typed_task<void>::typed_task;

private:
  step start_body() noexcept override {
    return step::done; // never run: see task_kind::root
  }

  void harvest() noexcept override {
    // nop
  }

  void release_body() noexcept override {
    // nop
  }
};

task_ptr find_task(const task_actor& root, const task_reference& target) {
  if (auto local = target.local.lock())
    if (static_cast<task_actor*>(local->get())->identity() == target.id)
      return local;
  task_ptr result;
  for_each_task(root, [&](task_actor& task, std::uint32_t) {
    if (task.identity() == target.id)
      result = strong(task);
    return !result;
  });
  return result;
}

} // namespace

coordinator_state::coordinator_state(caf::actor_system& sys,
                                     coordinator_options options)
  : task_domain(sys),
    options_(std::move(options)),
    shutdown_grace_(options_.shutdown_grace ? *options_.shutdown_grace
                                            : host().shutdown_grace()) {
  // nop
}

task_ptr coordinator_state::grow_tree() {
  const task_seed seed{this, nullptr, name(), task_priority::medium,
                       task_kind::root};
  auto result = task_storage<root_node>::make(seed);
  intrusive_ptr_add_ref(result.get()); // its own; released when it settles
  root_ = as_task(result);
  host().residents().add(*this);
  return result;
}

// -- the actor ----------------------------------------------------------------

void coordinator_state::actor(coordinator_actor value) {
  std::lock_guard guard{mutex_};
  actor_ = std::move(value);
}

void coordinator_state::forget_actor() noexcept {
  coordinator_actor gone; // released without the lock
  std::lock_guard guard{mutex_};
  std::swap(gone, actor_);
}

std::optional<caf::actor_id> coordinator_state::actor_id() const {
  std::lock_guard guard{mutex_};
  if (!actor_)
    return std::nullopt;
  return actor_.id();
}

// -- ending -------------------------------------------------------------------

void coordinator_state::close(runtime::duration before_grace) {
  if (closed_.exchange(true))
    return;
  root_->state().close();
  auto due = host().timers().now();
  for (auto span : {before_grace, shutdown_grace_}) // there may be no end to it
    due = runtime::later(due, span);
  if (root_->state().children() > 0)
    root_->extras().deadline.set(due, cancel_reason::shutdown);
  root_->end_root();
}

cancel_request_ptr coordinator_state::shutdown(
  std::optional<runtime::duration> grace) {
  cancel_options options;
  options.reason = cancel_reason::shutdown;
  options.grace = grace;
  options.unit = current_unit();
  auto result = cancel_tree(*root_, options);
  close();
  return result;
}

cancel_request_ptr coordinator_state::cancel(
  const task_reference& target, cancel_reason reason,
  std::optional<runtime::duration> grace, std::string origin) {
  auto task = find_task(*root_, target);
  if (!task)
    throw exception{errc::no_such_task,
                    "no task '" + to_string(target) + "' is alive here"};
  cancel_options options;
  options.reason = reason;
  options.grace = grace;
  options.origin = std::move(origin);
  options.unit = current_unit();
  return cancel_tree(*as_task(task), options);
}

void coordinator_state::tree_ended() noexcept {
  host().residents().remove(*this);
  coordinator_actor actor;
  {
    std::lock_guard guard{mutex_};
    std::swap(actor, actor_);
  }
  if (actor)
    caf::anon_send(actor, ended_atom_v);
}

// -- observing ----------------------------------------------------------------

tree_snapshot coordinator_state::snapshot(std::size_t most) const {
  tree_snapshot result;
  result.coordinator = name();
  for_each_task(*root_, [&](task_actor& task, std::uint32_t depth) {
    if (result.tasks.size() == most)
      return false;
    result.tasks.push_back(snapshot_of(task, depth));
    return true;
  });
  return result;
}

coordinator_stats coordinator_state::stats() const {
  auto all = host().metrics().snapshot();
  coordinator_stats result;
  result.created = all.created;
  result.completed = all.completed;
  result.failed = all.failed;
  result.cancelled = all.cancelled;
  result.overdue = all.overdue;
  result.roots = root_->state().children();
  std::lock_guard guard{mutex_};
  result.unobserved_errors = unobserved_;
  result.recent_errors.assign(errors_.begin(), errors_.end());
  return result;
}

void coordinator_state::unobserved_failure(const task_reference& task,
                                           const failure& why) noexcept {
  std::lock_guard guard{mutex_};
  ++unobserved_;
  errors_.push_back({task, why.error(), timestamp::clock::now()});
  if (errors_.size() > options_.error_history)
    errors_.pop_front();
}

std::vector<live_coordinator> live_coordinators(runtime::host& where) {
  std::vector<live_coordinator> result;
  // Its root has not settled, so it has a reference to itself, and to this.
  where.residents().for_each<const coordinator_state>([&](auto& x) {
    result.push_back({&x, strong(x.root())});
  });
  return result;
}

} // namespace axiom::detail
