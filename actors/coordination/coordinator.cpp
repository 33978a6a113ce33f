#include "axiom/coordination/coordinator.hpp"

#include <algorithm>
#include <deque>
#include <mutex>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "axiom/task/detail/extras.hpp"

namespace axiom {

namespace detail {

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

} // namespace

/// A coordinator without its tree. The tree's tasks hold it, the handles and
/// the actor hold the tree; it holds the actor only until the tree has ended.
class coordinator_state final : public task_domain {
public:
  coordinator_state(caf::actor_system& sys, coordinator_options options)
    : task_domain(sys),
      options_(std::move(options)),
      shutdown_grace_(options_.shutdown_grace ? *options_.shutdown_grace
                                              : host().shutdown_grace()) {
    // nop
  }

  const std::string& name() const noexcept {
    return options_.name;
  }

  /// Closes admission; once. The tree ends with its last task.
  void close(task_actor& root) {
    if (closed_.exchange(true))
      return;
    root.state().close();
    auto due = host().timers().now() + shutdown_grace_;
    if (root.state().children() > 0)
      root.extras().deadline.set(due, cancel_reason::shutdown);
    root.end_root();
  }

  cancel_request_ptr shutdown(task_actor& root,
                              std::optional<runtime::duration> grace) {
    cancel_options options;
    options.reason = cancel_reason::shutdown;
    options.grace = grace;
    options.unit = current_unit();
    auto result = cancel_tree(root, options);
    close(root);
    return result;
  }

  void actor(coordinator_actor value) {
    std::lock_guard guard{mutex_};
    actor_ = std::move(value);
  }

  void unobserved_failure(const task_reference& task,
                          const failure& why) noexcept override {
    std::lock_guard guard{mutex_};
    ++unobserved_;
    errors_.push_back({task, why.error(), timestamp::clock::now()});
    if (errors_.size() > options_.error_history)
      errors_.pop_front();
  }

  void tree_ended() noexcept override {
    coordinator_actor actor;
    {
      std::lock_guard guard{mutex_};
      std::swap(actor, actor_);
    }
    if (actor)
      caf::anon_send(actor, ended_atom_v);
  }

  coordinator_stats stats(const task_actor& root) {
    auto all = host().metrics().snapshot();
    coordinator_stats result;
    result.created = all.created;
    result.completed = all.completed;
    result.failed = all.failed;
    result.cancelled = all.cancelled;
    result.overdue = all.overdue;
    result.roots = root.state().children();
    std::lock_guard guard{mutex_};
    result.unobserved_errors = unobserved_;
    result.recent_errors.assign(errors_.begin(), errors_.end());
    return result;
  }

private:
  const coordinator_options options_;
  const runtime::duration shutdown_grace_;
  std::atomic<bool> closed_{false};
  std::mutex mutex_;
  coordinator_actor actor_;
  std::uint64_t unobserved_ = 0;
  std::deque<unobserved_error> errors_;
};

namespace {

const char* name_of(task_state::phase phase) noexcept {
  switch (phase) {
    case task_state::phase::idle:
      return "external";
    case task_state::phase::queued:
      return "queued";
    case task_state::phase::running:
      return "running";
    case task_state::phase::suspended:
      return "suspended";
    default:
      return "ending";
  }
}

/// Visits the live tasks below `root`, parents first, until `visit` returns
/// false. No recursion: the tree may be a million deep.
template <class F>
void for_each_task(const task_actor& root, F visit) {
  std::vector<std::pair<task_ptr, std::uint32_t>> stack;
  auto push = [&stack](const task_actor& parent, std::uint32_t depth) {
    auto children = parent.children();
    for (auto i = children.rbegin(); i != children.rend(); ++i)
      stack.emplace_back(std::move(*i), depth);
  };
  push(root, 0);
  while (!stack.empty()) {
    auto [ptr, depth] = std::move(stack.back());
    stack.pop_back();
    auto& task = *as_task(ptr);
    if (!visit(task, depth))
      return;
    push(task, depth + 1);
  }
}

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

cancel_request_ptr cancel_by_reference(const task_actor& root,
                                       const task_reference& target,
                                       cancel_reason reason,
                                       std::optional<runtime::duration> grace,
                                       std::string origin) {
  auto task = find_task(root, target);
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

tree_snapshot make_snapshot(const coordinator_state& state,
                            const task_actor& root) {
  tree_snapshot result;
  result.coordinator = state.name();
  for_each_task(root, [&result](task_actor& task, std::uint32_t depth) {
    task_snapshot x;
    x.task = task.reference();
    x.depth = depth;
    x.state = name_of(task.state().current_phase());
    x.effective_priority = static_cast<task_priority>(task.level());
    x.cancelled = task.state().cancelled();
    x.shielded = task.node_kind() == task_kind::shield;
    x.children = task.state().children();
    result.tasks.push_back(std::move(x));
    return true;
  });
  return result;
}

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
    if (!root_.state().terminal())
      coordinator_->shutdown(root_, runtime::duration::zero());
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
      coordinator_->close(root_);
    });
    return {
      [this](cancel_atom, const task_reference& target, cancel_reason reason,
             caf::timespan grace) -> caf::result<cancellation_report> {
        try {
          return answer(
            cancel_by_reference(root_, target, reason, grace,
                                "actor " + to_string(current_sender())));
        } catch (const exception& ex) {
          return ex.error();
        }
      },
      [this](snapshot_atom) { return make_snapshot(*coordinator_, root_); },
      [this](stats_atom) { return coordinator_->stats(root_); },
      [this](shutdown_atom,
             caf::timespan grace) -> caf::result<cancellation_report> {
        return answer(coordinator_->shutdown(root_, grace));
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
    state->close(*detail::as_task(root));
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
  task_seed seed{state.get(), nullptr, state->name(), task_priority::medium,
                 task_kind::root};
  auto root = task_storage<root_node>::make(seed);
  intrusive_ptr_add_ref(root.get()); // its own; released when it settles
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
  return cancellation{detail::cancel_by_reference(root(), target, reason, grace,
                                                  std::move(origin))};
}

cancellation structured_task_coordinator::shutdown(
  std::optional<runtime::duration> grace) const {
  return cancellation{block_->state->shutdown(root(), grace)};
}

tree_snapshot structured_task_coordinator::snapshot() const {
  return detail::make_snapshot(*block_->state, root());
}

coordinator_stats structured_task_coordinator::stats() const {
  return block_->state->stats(root());
}

void structured_task_coordinator::subscribe(
  std::shared_ptr<lifecycle_sink> sink) const {
  block_->state->add_sink(std::move(sink));
}

void structured_task_coordinator::unsubscribe(
  const std::shared_ptr<lifecycle_sink>& sink) const {
  block_->state->remove_sink(sink);
}

boost::intrusive_ptr<const detail::task_domain>
structured_task_coordinator::watch_domain() const {
  return block_->state;
}

detail::task_actor& structured_task_coordinator::root() const noexcept {
  return *detail::as_task(block_->root);
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
