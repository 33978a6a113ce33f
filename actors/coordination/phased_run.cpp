#include "axiom/coordination/detail/phased_run.hpp"

#include <utility>

#include "axiom/coordination/detail/coordinator_state.hpp"
#include "axiom/error/exception.hpp"

namespace axiom::detail {

namespace {

/// The operation of the run's task. Whether that runs to its end, is unwound,
/// or never begins: this is destroyed.
class run_operation {
public:
  explicit run_operation(phased_run& run) : run_(&run) {
    // nop
  }

  run_operation(run_operation&&) noexcept = default;

  ~run_operation() {
    if (!run_)
      return;
    auto cause = run_->target().cause();
    run_->interrupt(cause ? to_string(*cause)
                          : "the coordinator admits no more tasks");
  }

  async<void> operator()(task_context& self) {
    return run_phases(self, *run_);
  }

private:
  phased_run_ptr run_;
};

} // namespace

void note_end(phased_run& run, std::size_t phase, task_actor& task) noexcept {
  run.note_end(phase, task);
}

phased_run::phased_run(boost::intrusive_ptr<coordinator_state> coordinator,
                       task_ptr root, phase_plan plan)
  : coordinator_(std::move(coordinator)),
    root_(std::move(root)),
    plan_(std::move(plan)),
    operations_(plan_.size()) {
  report_.coordinator = coordinator_->name();
  report_.phases.resize(plan_.size());
  for (std::size_t i = 0; i < plan_.size(); ++i)
    report_.phases[i].name = plan_[i].name;
}

phased_run::~phased_run() = default;

void phased_run::add(std::string_view phase, shutdown_operation_ptr what) {
  auto index = plan_.find(phase);
  if (!index)
    throw exception{errc::invalid_argument,
                    "the shutdown of " + quoted(coordinator_->name())
                      + " has no phase " + quoted(phase)};
  std::lock_guard guard{mutex_};
  if (stage_ == stage::published
      || report_.phases[*index].state != phase_state::waiting)
    throw exception{errc::scope_closed,
                    "phase " + quoted(phase) + " of the shutdown of "
                      + quoted(coordinator_->name())
                      + " takes no more operations: it has begun or is over"};
  operations_[*index].push_back(std::move(what));
}

void phased_run::start() {
  if (in_cancel_handler())
    throw exception{errc::scope_closed,
                    "an on_cancel handler cannot begin a shutdown, which is "
                    "a task"};
  {
    std::lock_guard guard{mutex_};
    if (stage_ != stage::open)
      return;
    stage_ = stage::started;
  }
  run_operation op{*this};
  if (target().state().terminal())
    return; // maybe with the actor system
  using run_task = operation_task<typed_task<void>, run_operation>;
  try {
    spawn_unowned_task<run_task>(target(), {.name = "shutdown"},
                                 task_kind::plain, std::move(op));
  } catch (const exception& ex) {
    if (!is(ex.error(), errc::scope_closed))
      throw;
    // The report says so.
  }
}

void phased_run::close() {
  auto running = false;
  {
    std::lock_guard guard{mutex_};
    running = stage_ == stage::started;
  }
  coordinator_->close(running ? plan_.critical_path() : runtime::duration{});
}

// -- for the run --------------------------------------------------------------

std::vector<shutdown_operation_ptr> phased_run::take(std::size_t phase) {
  std::lock_guard guard{mutex_};
  if (stage_ == stage::published)
    return {}; // cut short just now: invariant 2
  return std::exchange(operations_[phase], {});
}

void phased_run::note_end(std::size_t phase, task_actor& task) noexcept {
  if (task.outcome() == outcome_kind::value)
    return;
  // Cancelled by whoever else, not together with what is above it, which the
  // report tells otherwise. (One that was never admitted knows no parent.)
  auto* parent = task.parent();
  auto alone = parent != nullptr && !parent->state().announced();
  update([&](auto& report) {
    auto& x = report.phases[phase];
    if (task.outcome() == outcome_kind::cancelled
        && !(alone && x.state == phase_state::running))
      return;
    x.failures.push_back({task.reference(), task.exit_error()});
    task.mark_observed();
  });
}

void phased_run::publish() noexcept {
  std::vector<operations> unused; // destroyed without the lock
  std::unique_lock guard{mutex_};
  if (stage_ == stage::published)
    return;
  stage_ = stage::published;
  unused.swap(operations_);
  waiters_.fire_all(guard, target());
  guard.unlock();
}

void phased_run::interrupt(std::string why) noexcept {
  update([&why](auto& report) {
    report.interrupted_by = std::move(why);
    for (auto& phase : report.phases)
      if (phase.state == phase_state::waiting)
        phase.state = phase_state::skipped;
  });
  publish();
}

// -- as the source of a report ------------------------------------------------

bool phased_run::add_waiter(waiter& x) noexcept {
  std::lock_guard guard{mutex_};
  if (stage_ == stage::published)
    return false;
  waiters_.push(x);
  return true;
}

void phased_run::remove_waiter(waiter& x) noexcept {
  std::lock_guard guard{mutex_};
  if (x.linked())
    waiter_list::remove(x);
}

bool phased_run::published() noexcept {
  std::lock_guard guard{mutex_};
  return stage_ == stage::published;
}

} // namespace axiom::detail
