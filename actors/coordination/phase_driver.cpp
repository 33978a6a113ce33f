// The run of a phased shutdown: what its task does.

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "axiom/coordination/concurrency_limiter.hpp"
#include "axiom/coordination/detail/first_end.hpp"
#include "axiom/coordination/detail/live_tree.hpp"
#include "axiom/coordination/detail/phased_run.hpp"
#include "axiom/task/context_ops.hpp"
#include "axiom/task/detail/adopted_actor.hpp"
#include "axiom/task/detail/cancel_request.hpp"
#include "axiom/task/hierarchy.hpp"

namespace axiom::detail {

namespace {

/// Feeds a `phase_run` with what happens to the tasks of the phases, and does
/// what that wants.
///
/// It lives in the frame of the run's task, and so longer than the phases,
/// which are children of that. What changes is touched by that task alone:
/// the tasks of the phases, and whoever cancels, have the rest.
class phase_driver {
public:
  phase_driver(task_context& self, phased_run& run)
    : node_(self.impl()),
      run_(run),
      core_(run.plan()),
      timers_(node_.host().timers()),
      begun_(timers_.now()) {
    // nop
  }

  async<void> drive();

  /// The run's task is cancelled. Its phases are, too, and have their grace,
  /// but what they do then is nobody's plan any more: the run is over. (To wait
  /// for them would leave the report to an operation that ignores its
  /// cancellation.) For any thread.
  void interrupt() noexcept;

private:
  std::vector<std::size_t> ended_phases() const;
  void take(const phase_run::effects& effects);
  void begin(std::size_t phase);
  void ended(std::size_t phase);
  void overran(std::size_t phase);
  task_ptr forget(std::size_t phase);

  async<void> run_phase(task_context& self, std::size_t phase);
  async<void> await_others(std::optional<cancel_options> cancel_first);
  std::vector<task_ptr> others() const;
  phase_holders holders_of(std::size_t phase) const;

  runtime::duration elapsed() const {
    return timers_.now() - begun_;
  }

  task_actor& node_;
  phased_run& run_;
  phase_run core_;
  runtime::timer_service& timers_;
  const runtime::time_point begun_;
  std::vector<std::size_t> running_; // phases, with their
  std::vector<task_ptr> tasks_; // tasks at the same places
};

// -- the run ------------------------------------------------------------------

async<void> phase_driver::drive() {
  take(core_.start(begun_));
  while (!core_.finished()) {
    co_await first_end{tasks_, core_.next_deadline()};
    auto over = ended_phases();
    // A walk closes from above and signals from below: one on its way here may
    // have ended a phase already. That is none of the plan's ends. (To look for
    // the walk first would miss one that comes in between.)
    if (node_.state().announced())
      co_await first_end{{}};
    // Ends go first: work that is over has not overrun because nobody came to
    // see it in time.
    for (auto phase : over)
      ended(phase);
    take(core_.tick(timers_.now()));
  }
  if (!core_.aborted_by())
    run_.close();
  run_.update([this](auto& report) { report.elapsed = elapsed(); });
  run_.publish();
}

std::vector<std::size_t> phase_driver::ended_phases() const {
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < running_.size(); ++i)
    if (as_task(tasks_[i])->state().terminal())
      result.push_back(running_[i]);
  return result;
}

void phase_driver::take(const phase_run::effects& effects) {
  using kind = phase_effect::kind;
  for (const auto& effect : effects) {
    switch (effect.what) {
      case kind::start:
        begin(effect.phase);
        break;
      case kind::overran:
        overran(effect.phase);
        break;
      case kind::aborted:
        run_.update([&](auto& report) {
          report.aborted_by = run_.plan()[effect.phase].name;
          for (auto& phase : report.phases)
            if (phase.state == phase_state::waiting)
              phase.state = phase_state::skipped;
        });
        break;
      default:
        break; // the caller sees that it has finished
    }
  }
}

void phase_driver::begin(std::size_t phase) {
  run_.update([&](auto& report) {
    auto& x = report.phases[phase];
    x.state = phase_state::running;
    x.started = elapsed();
  });
  auto op = [this, phase](task_context& self) {
    return run_phase(self, phase);
  };
  using phase_task = operation_task<shutdown_task<void>, decltype(op)>;
  tasks_.push_back(
    spawn_task<phase_task>(node_, {.name = run_.plan()[phase].name},
                           task_kind::plain, std::move(op), run_, phase));
  running_.push_back(phase);
}

void phase_driver::ended(std::size_t phase) {
  forget(phase);
  run_.update([&](auto& report) {
    auto& x = report.phases[phase];
    x.state = phase_state::done;
    x.took = elapsed() - x.started;
  });
  take(core_.phase_done(run_.plan()[phase].name, timers_.now()));
}

void phase_driver::overran(std::size_t phase) {
  auto holders = holders_of(phase);
  run_.update([&](auto& report) {
    auto& x = report.phases[phase];
    x.state = phase_state::overrun;
    x.took = elapsed() - x.started;
    x.held_by = std::move(holders);
  });
  auto task = forget(phase);
  cancel_options options;
  options.reason = cancel_reason::deadline;
  options.origin = "its budget";
  options.unit = current_unit();
  cancel_tree(*as_task(task), options);
}

task_ptr phase_driver::forget(std::size_t phase) {
  auto i = std::find(running_.begin(), running_.end(), phase);
  auto j = tasks_.begin() + (i - running_.begin());
  auto result = std::move(*j);
  running_.erase(i);
  tasks_.erase(j);
  return result;
}

void phase_driver::interrupt() noexcept {
  // Not under the lock of the report: to let go of a task may destroy it.
  std::vector<phase_holders> holders;
  for (std::size_t i = 0; i < run_.plan().size(); ++i)
    holders.push_back(holders_of(i));
  run_.update([&](auto& report) {
    report.elapsed = elapsed();
    for (std::size_t i = 0; i < holders.size(); ++i) {
      auto& x = report.phases[i];
      if (x.state != phase_state::running)
        continue;
      x.took = elapsed() - x.started;
      x.held_by = std::move(holders[i]);
    }
  });
  run_.interrupt(to_string(*node_.cause()));
}

// -- what a phase does --------------------------------------------------------

async<void> phase_driver::run_phase(task_context& self, std::size_t phase) {
  for (auto& operation : run_.take(phase))
    operation->start(self.impl(), run_, phase);
  const auto& name = run_.plan()[phase].name;
  if (name == shutdown_phase::stop_admitting) {
    run_.close();
  } else if (name == shutdown_phase::drain) {
    co_await await_others(std::nullopt);
  } else if (name == shutdown_phase::cancel) {
    cancel_options options;
    options.reason = cancel_reason::shutdown;
    options.grace = run_.plan()[phase].budget;
    options.origin = "phase " + quoted(name) + " of the shutdown";
    co_await await_others(std::move(options));
  }
  co_await self.hierarchy().await_children();
}

async<void> phase_driver::await_others(
  std::optional<cancel_options> cancel_first) {
  // More than one round only where root tasks are still admitted.
  for (auto left = others(); !left.empty(); left = others()) {
    if (cancel_first) {
      cancel_first->unit = current_unit(); // another in each round
      for (auto& task : left)
        cancel_tree(*as_task(task), *cancel_first);
    }
    for (auto& task : left)
      co_await first_end{{&task, 1}};
  }
}

/// The root tasks that have not ended, without the run itself.
std::vector<task_ptr> phase_driver::others() const {
  auto result = run_.target().children();
  std::erase_if(result,
                [this](const auto& task) { return as_task(task) == &node_; });
  return result;
}

/// What holds a phase. (Other kinds of holders, permits and leases, belong here
/// and into phase_holders when tasks know which they have.)
phase_holders phase_driver::holders_of(std::size_t phase) const {
  phase_holders result;
  auto add = [&result](task_actor& task, std::uint32_t depth) {
    if (++result.task_count > phase_holders::max_listed)
      return true;
    result.tasks.push_back(snapshot_of(task, depth));
    if (task.node_kind() == task_kind::external)
      if (auto actor = static_cast<adopted_actor&>(task).actor())
        result.actors.push_back(actor->id());
    return true;
  };
  const auto& name = run_.plan()[phase].name;
  for (auto& child : node_.children())
    if (as_task(child)->task_name() == name)
      for_each_task(*as_task(child), add);
  if (name == shutdown_phase::drain || name == shutdown_phase::cancel) {
    for (auto& other : others()) {
      add(*as_task(other), 0);
      for_each_task(*as_task(other), [&add](auto& task, std::uint32_t depth) {
        return add(task, depth + 1);
      });
    }
  }
  for (auto& held : all_permit_holdings(*node_.system().system)) {
    auto holds = [&held](auto& x) { return x.task.id == held.task.id; };
    if (std::any_of(result.tasks.begin(), result.tasks.end(), holds))
      result.permits.push_back(std::move(held));
  }
  return result;
}

} // namespace

async<void> run_phases(task_context& self, phased_run& run) {
  phase_driver driver{self, run};
  auto registration = self.on_cancel([&driver] { driver.interrupt(); });
  co_await driver.drive();
}

} // namespace axiom::detail
