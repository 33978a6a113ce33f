#include "axiom/coordination/coordinator.hpp"

#include <utility>

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "axiom/coordination/detail/coordinator_state.hpp"
#include "axiom/coordination/detail/phased_run.hpp"

namespace axiom {

namespace detail {

namespace {

/// The coordinator as an actor. (Not a function with a state: where the
/// scheduler stops with a job of that actor in its queue, CAF cleans the actor
/// up without ever destroying the state.)
class coordinator_impl final : public coordinator_actor::base {
public:
  coordinator_impl(caf::actor_config& cfg,
                   boost::intrusive_ptr<coordinator_state> coordinator,
                   phased_run_ptr phases)
    : coordinator_actor::base(cfg),
      coordinator_(std::move(coordinator)),
      phases_(std::move(phases)),
      root_(phases_->target()) {
    // nop
  }

  const char* name() const override {
    return "axiom.coordinator";
  }

  // On `kill` CAF runs no handler: the tree is ended from here. Nothing is
  // sent, since sending from a dying actor is undefined; the walk only queues
  // jobs.
  void on_exit() override {
    coordinator_->forget_actor();
    if (!root_.state().terminal())
      coordinator_->shutdown(runtime::duration::zero());
  }

protected:
  behavior_type make_behavior() override {
    set_exit_handler([this](caf::exit_msg& msg) {
      if (!msg.reason)
        return;
      cancel_options options;
      options.reason = cancel_reason::linked_exit;
      options.origin = "actor " + to_string(msg.source);
      options.error = msg.reason;
      cancel_tree(root_, options);
      coordinator_->close();
    });
    return {
      [this](cancel_atom, const task_reference& target, cancel_reason reason,
             caf::timespan grace) -> caf::result<cancellation_report> {
        try {
          return answer<cancellation_report>(cancellation{coordinator_->cancel(
            target, reason, grace, "actor " + to_string(current_sender()))});
        } catch (const exception& ex) {
          return ex.error();
        }
      },
      [this](snapshot_atom) { return coordinator_->snapshot(); },
      [this](stats_atom) { return coordinator_->stats(); },
      [this](shutdown_atom,
             caf::timespan grace) -> caf::result<cancellation_report> {
        return answer<cancellation_report>(
          cancellation{coordinator_->shutdown(grace)});
      },
      [this](shutdown_phases_atom) -> caf::result<shutdown_phases_report> {
        phases_->start();
        return answer<shutdown_phases_report>(phased_shutdown{phases_});
      },
      [this](ended_atom) { quit(); },
    };
  }

private:
  /// Answers with the report when it is there.
  template <class Report, class Handle>
  caf::typed_response_promise<Report> answer(const Handle& handle) {
    auto promise = make_response_promise<Report>();
    handle.then(this, [promise](const Report& report) mutable {
      promise.deliver(report);
    });
    return promise;
  }

  const boost::intrusive_ptr<coordinator_state> coordinator_;
  const phased_run_ptr phases_; ///< holds the tree
  task_actor& root_;
};

} // namespace

} // namespace detail

struct structured_task_coordinator::block {
  boost::intrusive_ptr<detail::coordinator_state> state;
  detail::phased_run_ptr phases; ///< holds the tree
  coordinator_actor actor;

  block(boost::intrusive_ptr<detail::coordinator_state> x,
        detail::phased_run_ptr y, coordinator_actor z)
    : state(std::move(x)), phases(std::move(y)), actor(std::move(z)) {
    // nop
  }

  ~block() {
    phases->close();
  }
};

structured_task_coordinator::structured_task_coordinator(
  std::shared_ptr<const block> impl)
  : block_(std::move(impl)) {
  // nop
}

structured_task_coordinator structured_task_coordinator::spawn(
  caf::actor_system& sys, coordinator_options options) {
  using namespace detail;
  if (options.name.size() > max_task_name)
    throw exception{errc::name_too_long,
                    "the name of a coordinator has at most "
                      + std::to_string(max_task_name) + " bytes"};
  phase_plan plan{std::move(options.shutdown_phases)};
  boost::intrusive_ptr<coordinator_state> state{
    new coordinator_state(sys, std::move(options))};
  phased_run_ptr phases{
    new phased_run(state, state->grow_tree(), std::move(plan))};
  auto actor = sys.spawn<coordinator_impl>(state, phases);
  state->actor(actor);
  return structured_task_coordinator{
    std::make_shared<const block>(state, std::move(phases), actor)};
}

coordinator_actor structured_task_coordinator::actor() const {
  return block_->actor;
}

std::string_view structured_task_coordinator::name() const noexcept {
  return block_->state->name();
}

cancellation structured_task_coordinator::cancel_task_tree(
  const task_reference& target, cancel_reason reason,
  std::optional<runtime::duration> grace) const {
  std::string origin;
  if (auto* current = detail::current_task())
    origin = "task " + quoted(current->task_name());
  return cancellation{
    block_->state->cancel(target, reason, grace, std::move(origin))};
}

cancellation structured_task_coordinator::shutdown(
  std::optional<runtime::duration> grace) const {
  return cancellation{block_->state->shutdown(grace)};
}

void structured_task_coordinator::add_to_phase(
  std::string_view phase, std::string_view task_name,
  detail::shutdown_operation_ptr operation) const {
  if (task_name.size() > max_task_name)
    throw exception{errc::name_too_long,
                    "the name of an operation has at most "
                      + std::to_string(max_task_name) + " bytes"};
  block_->phases->add(phase, std::move(operation));
}

phased_shutdown structured_task_coordinator::run_shutdown() const {
  block_->phases->start();
  return phased_shutdown{block_->phases};
}

tree_snapshot structured_task_coordinator::snapshot() const {
  return block_->state->snapshot();
}

coordinator_stats structured_task_coordinator::stats() const {
  return block_->state->stats();
}

void structured_task_coordinator::subscribe(
  std::shared_ptr<lifecycle_sink> sink) const {
  block_->state->add_sink(std::move(sink));
}

void structured_task_coordinator::unsubscribe(
  const std::shared_ptr<lifecycle_sink>& sink) const {
  block_->state->remove_sink(sink);
}

detail::task_actor& structured_task_coordinator::root() const noexcept {
  return block_->state->root();
}

std::string to_string(const tree_snapshot& x) {
  std::string result = x.coordinator + "\n";
  for (auto& task : x.tasks) {
    result.append(2 * (std::size_t{task.depth} + 1), ' ');
    result += task.task.name + " [" + task.state;
    if (task.effective_priority != task.task.priority)
      result += ", raised to " + to_string(task.effective_priority);
    if (task.cancelled)
      result += ", cancelled";
    if (task.shielded)
      result += ", shield";
    result += "] " + to_string(task.task.id) + "\n";
  }
  return result;
}

} // namespace axiom
