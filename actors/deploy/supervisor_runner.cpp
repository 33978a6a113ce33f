#include "axiom/deploy/supervisor_runner.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <unordered_set>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/message_builder.hpp>

#include "axiom/deploy/progress.hpp"
#include "axiom/task/context.hpp"
#include "axiom/task/defaults.hpp"
#include "deploy/shutdown_budget.hpp"

namespace axiom::deploy {

using namespace std::chrono_literals;

namespace {

/// How often a wait looks whether it is to go on.
constexpr auto look_interval = 50ms;

/// How long what was killed has to be dead, beyond what it had to end.
constexpr std::chrono::nanoseconds time_to_die = defaults::grace;

/// How long a supervisor may take to say what it waits for.
constexpr auto time_to_answer = 1s;

/// The names of all supervisors of a tree.
void add_names(const supervisor_spec& x,
               std::unordered_set<std::string>& into) {
  into.insert(x.options.name);
  for (const auto& child : x.children)
    if (const auto* nested =
          std::get_if<std::shared_ptr<const supervisor_spec>>(&child.what))
      add_names(**nested, into);
}

/// What `f`, a request to a supervisor, returns; nothing if that has ended
/// already.
template <class F>
auto if_there(F f) -> std::optional<decltype(f())> {
  try {
    return f();
  } catch (const exception& err) {
    if (!err.is(errc::scope_closed))
      throw;
    return std::nullopt;
  }
}

/// Spawns an actor of a type of the application's.
caf::actor make_actor(caf::actor_system& sys, const actor_spec& spec) {
  caf::message_builder arguments;
  for (const auto& x : spec.arguments)
    arguments.append(x);
  auto made = sys.spawn<caf::actor>(spec.type, arguments.to_message(), nullptr,
                                    false);
  if (made)
    return std::move(*made);
  throw exception{errc::invalid_argument,
                  "an actor of type " + axiom::quoted(spec.type)
                    + " cannot be made with "
                    + std::to_string(spec.arguments.size())
                    + " std::string: " + describe(made.error())};
}

} // namespace

/// What is shared with the children and with what is attached to supervisors.
class supervisor_runner::state {
public:
  state(structured_task_coordinator tasks_of,
        const std::vector<supervisor_spec>& specs, body work_of)
    : tasks(std::move(tasks_of)), work(std::move(work_of)) {
    for (const auto& x : specs)
      add_names(x, names);
  }

  /// The body of a child begins; throws once no other may.
  void enter() {
    const std::lock_guard guard{mutex};
    if (closed_)
      throw exception{errc::scope_closed, "the deployment has ended"};
    ++running_;
  }

  void leave() noexcept {
    const std::lock_guard guard{mutex};
    --running_;
    changed.notify_all();
  }

  /// Lets no other body begin, and waits for those that run.
  void close() {
    std::unique_lock lock{mutex};
    closed_ = true;
    changed.wait(lock, [this] { return running_ == 0; });
  }

  void look_again() noexcept {
    const std::lock_guard guard{mutex};
    changed.notify_all();
  }

  const structured_task_coordinator tasks;
  const body work;
  std::unordered_set<std::string> names; // immutable once it is made
  std::mutex mutex;
  std::condition_variable changed;

private:
  std::size_t running_ = 0; // bodies
  bool closed_ = false;
};

struct supervisor_runner::one {
  const supervisor_spec& spec;
  std::optional<supervisor> handle{}; // none before its start
};

namespace {

/// A child that is a task, for all its starts.
template <class State>
struct worker {
  std::shared_ptr<State> home;
  const task_spec& spec;
  std::atomic<std::uint64_t> starts{0};
};

/// Is in a body while it runs.
template <class State>
class presence {
public:
  explicit presence(State& where) : where_(where) {
    where_.enter();
  }

  presence(const presence&) = delete;
  presence& operator=(const presence&) = delete;

  ~presence() {
    where_.leave();
  }

private:
  State& where_;
};

template <class State>
async<void> run_worker(task_context& self, std::shared_ptr<worker<State>> who) {
  const presence here{*who->home};
  auto body = who->home->work(self, who->spec, ++who->starts);
  co_await std::move(body);
}

template <class State>
supervisor_options options_of(const supervisor_spec& spec,
                              const std::shared_ptr<State>& home);

/// Makes what one child of a supervisor is made from.
template <class State>
class child_maker {
public:
  child_maker(const child_options& how, const std::shared_ptr<State>& home)
    : how_(how), home_(home) {
    // nop
  }

  child_spec operator()(const task_spec& spec) const {
    std::shared_ptr<worker<State>> who{new worker<State>{home_, spec}};
    auto op = [who](task_context& self) { return run_worker<State>(self, who); };
    return task_child(how_, std::move(op),
                      {.priority = spec.priority, .sheddable = spec.sheddable});
  }

  child_spec operator()(const actor_spec& spec) const {
    return actor_child(how_, [&spec](child_start& start) {
      return make_actor(start.system(), spec);
    });
  }

  child_spec operator()(
    const std::shared_ptr<const supervisor_spec>& nested) const {
    return supervisor_child(how_, options_of(*nested, home_));
  }

private:
  const child_options& how_;
  const std::shared_ptr<State>& home_;
};

template <class State>
supervisor_options options_of(const supervisor_spec& spec,
                              const std::shared_ptr<State>& home) {
  auto result = spec.options;
  result.coordinator = home->tasks;
  for (const auto& child : spec.children)
    result.children.push_back(
      std::visit(child_maker<State>{child.how, home}, child.what));
  return result;
}

} // namespace

supervisor_runner::supervisor_runner(structured_task_coordinator tasks,
                                     const std::vector<supervisor_spec>& specs,
                                     body work)
  : tasks_(std::move(tasks)),
    state_(std::make_shared<state>(tasks_, specs, std::move(work))) {
  for (const auto& spec : specs)
    all_.push_back(std::make_unique<one>(one{spec}));
}

supervisor_runner::~supervisor_runner() {
  for (auto i = all_.rbegin(); i != all_.rend(); ++i) {
    auto& x = **i;
    if (!x.handle)
      continue;
    if (const auto stopped = if_there([&x] { return x.handle->stop(); }))
      stopped->wait();
  }
  state_->close();
}

bool supervisor_runner::start(const std::function<bool()>& enough) {
  auto& sys = tasks_.actor()->home_system();
  for (const auto& x : all_) {
    if (enough() || one_failed())
      return false;
    x->handle = supervisor::spawn(sys, options_of(x->spec, state_));
    x->handle->actor()->attach_functor([state = state_] {
      state->look_again();
    });
    const auto ready = if_there([&x] { return x->handle->ready(); });
    // An earlier one may give up meanwhile.
    while (ready && !ready->wait_for(look_interval))
      if (enough() || one_failed()) {
        ready->cancel();
        return false;
      }
    // What went wrong is what it ended with; else it has ended well already.
    if (ready)
      static_cast<void>(ready->get_expected());
  }
  return !one_failed();
}

void supervisor_runner::wait(const std::function<bool()>& enough) {
  auto over = [&] {
    return enough() || one_failed()
        || std::all_of(all_.begin(), all_.end(), [](auto& x) {
             return !x->handle || x->handle->ended();
           });
  };
  std::unique_lock lock{state_->mutex};
  state_->changed.wait(lock, over);
}

void supervisor_runner::look_again() {
  state_->look_again();
}

bool supervisor_runner::one_failed() const {
  return std::any_of(all_.begin(), all_.end(), [](auto& x) {
    return x->handle && x->handle->ended() && x->handle->outcome();
  });
}

void supervisor_runner::stop(bool cancelled) {
  results_.resize(all_.size());
  for (auto i = all_.size(); i > 0; --i)
    finish(*all_[i - 1], cancelled, results_[i - 1]);
}

supervisor_stats supervisor_runner::stats_below(const one& x) const {
  std::unordered_set<std::string> names;
  add_names(x.spec, names);
  names.erase(x.spec.options.name);
  supervisor_stats result;
  for (const auto& y : all_supervisor_stats(tasks_.actor()->home_system())) {
    if (names.count(y.name) == 0)
      continue;
    result.children += y.children;
    result.starts += y.starts;
    result.restarts += y.restarts;
    result.errors += y.errors;
  }
  return result;
}

void supervisor_runner::finish(one& x, bool cancelled, result& into) {
  into.name = x.spec.options.name;
  if (!x.handle) {
    into.outcome = result::kind::cancelled;
    return;
  }
  const auto below = stats_below(x);
  const auto ended = x.handle->ended();
  if (const auto stopped = if_there([&x] { return x.handle->stop(); })) {
    if (cancelled && !ended)
      into.outcome = result::kind::cancelled;
    const auto budget = time_to_stop(x.spec);
    if (budget >= shutdown_infinity - time_to_die)
      stopped->wait();
    else
      into.stuck = !stopped->wait_for(budget + time_to_die);
  }
  into.stats = x.handle->stats();
  into.stats.children += below.children;
  into.stats.starts += below.starts;
  into.stats.restarts += below.restarts;
  into.stats.errors += below.errors;
  if (auto why = x.handle->outcome()) {
    into.outcome = result::kind::failed;
    into.error = std::move(why);
  }
  if (!into.stuck)
    return;
  const auto children =
    if_there([&x] { return x.handle->which_children(); });
  if (!children || !children->wait_for(time_to_answer))
    return;
  if (auto list = children->get_expected())
    for (const auto& child : *list)
      if (child.actor)
        into.overdue.push_back(child.name);
}

supervisor_runner::figures supervisor_runner::now() const {
  figures result;
  for (const auto& x : all_supervisor_stats(tasks_.actor()->home_system())) {
    if (state_->names.count(x.name) == 0)
      continue; // the application's own
    ++result.supervisors;
    result.children += x.children;
    result.active += x.active;
    result.restarts += x.restarts;
  }
  return result;
}

std::string to_string(const supervisor_runner::figures& x) {
  return grouped(x.active) + " of " + grouped(x.children)
       + " children active, " + grouped(x.restarts)
       + (x.restarts == 1 ? " restart" : " restarts");
}

} // namespace axiom::deploy
