#include "axiom/coordination/coordinator.hpp"

#include <utility>

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "axiom/coordination/detail/coordinator_state.hpp"

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
                   task_ptr root)
    : coordinator_actor::base(cfg),
      coordinator_(std::move(coordinator)),
      root_ptr_(std::move(root)),
      root_(*as_task(root_ptr_)) {
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
          return answer(coordinator_->cancel(
            target, reason, grace, "actor " + to_string(current_sender())));
        } catch (const exception& ex) {
          return ex.error();
        }
      },
      [this](snapshot_atom) { return coordinator_->snapshot(); },
      [this](stats_atom) { return coordinator_->stats(); },
      [this](shutdown_atom,
             caf::timespan grace) -> caf::result<cancellation_report> {
        return answer(coordinator_->shutdown(grace));
      },
      [this](ended_atom) { quit(); },
    };
  }

private:
  caf::typed_response_promise<cancellation_report> answer(
    cancel_request_ptr request) {
    auto promise = make_response_promise<cancellation_report>();
    cancellation{std::move(request)}.then(
      this, [promise](const cancellation_report& report) mutable {
        promise.deliver(report);
      });
    return promise;
  }

  const boost::intrusive_ptr<coordinator_state> coordinator_;
  const task_ptr root_ptr_;
  task_actor& root_;
};

} // namespace

} // namespace detail

struct structured_task_coordinator::block {
  boost::intrusive_ptr<detail::coordinator_state> state;
  detail::task_ptr root;
  coordinator_actor actor;

  block(boost::intrusive_ptr<detail::coordinator_state> x, detail::task_ptr y,
        coordinator_actor z)
    : state(std::move(x)), root(std::move(y)), actor(std::move(z)) {
    // nop
  }

  ~block() {
    state->close();
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
  boost::intrusive_ptr<coordinator_state> state{
    new coordinator_state(sys, std::move(options))};
  auto root = state->grow_tree();
  auto actor = sys.spawn<coordinator_impl>(state, root);
  state->actor(actor);
  return structured_task_coordinator{
    std::make_shared<const block>(state, root, actor)};
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
