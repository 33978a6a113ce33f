#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "axiom/coordination/detail/shutdown_operation.hpp"
#include "axiom/coordination/shutdown_phases.hpp"
#include "axiom/task/async.hpp"
#include "axiom/task/detail/waiter.hpp"

namespace axiom::detail {

class coordinator_state;

/// The phased shutdown of one coordinator: what it consists of, and the report
/// while it is being written.
///
/// The run itself is a task below the coordinator's root, `shutdown`, with a
/// child for each phase and below that one for each operation; see
/// `run_phases`. This is what others know of it.
///
/// States: open (operations are added), started, published. A run that cannot
/// take place, since the coordinator has ended or is being cancelled, is
/// published at once.
///
/// Invariants:
/// 1. The report is published exactly once, however the run ends, and immutable
///    from then on. The run cannot end without it: the operation of its task
///    publishes when it is destroyed.
/// 2. Nothing that was added is kept beyond that.
/// 3. An error is either in the report or surfaces like that of any task.
///
/// It holds the coordinator and its root; handles, the actor and the run hold
/// it. Thread-safe.
class phased_run final : public boost::intrusive_ref_counter<phased_run> {
public:
  phased_run(boost::intrusive_ptr<coordinator_state> coordinator, task_ptr root,
             phase_plan plan);

  ~phased_run();

  const phase_plan& plan() const noexcept {
    return plan_;
  }

  /// Throws `errc::invalid_argument` if there is no such phase, and
  /// `errc::scope_closed` if it has begun or never will.
  void add(std::string_view phase, shutdown_operation_ptr what);

  /// Begins; nothing the second time. Throws `errc::scope_closed` in an
  /// on_cancel handler.
  void start();

  /// Closes the coordinator's admission; a run under way keeps its budgets.
  void close();

  // -- for the run ------------------------------------------------------------

  /// What was added to a phase that begins now.
  std::vector<shutdown_operation_ptr> take(std::size_t phase);

  /// Changes the report, unless it is published.
  template <class F>
  void update(F f) {
    std::lock_guard guard{mutex_};
    if (stage_ != stage::published)
      f(report_);
  }

  /// See invariant 3.
  void note_end(std::size_t phase, task_actor& task) noexcept;

  void publish() noexcept;

  /// Publishes a run that was cut short, unless it is published. Phases that
  /// did not begin are skipped.
  void interrupt(std::string why) noexcept;

  // -- as the source of a report ----------------------------------------------

  bool add_waiter(waiter& x) noexcept;
  void remove_waiter(waiter& x) noexcept;
  bool published() noexcept;

  /// @pre it is published
  const shutdown_phases_report& report() const noexcept {
    return report_;
  }

  /// The coordinator's root.
  task_actor& target() const noexcept {
    return *as_task(root_);
  }

private:
  enum class stage { open, started, published };

  using operations = std::vector<shutdown_operation_ptr>;

  const boost::intrusive_ptr<coordinator_state> coordinator_;
  const task_ptr root_;
  const phase_plan plan_;
  std::mutex mutex_; ///< guards the rest
  stage stage_ = stage::open;
  std::vector<operations> operations_; ///< by phase
  shutdown_phases_report report_;
  waiter_list waiters_;
};

using phased_run_ptr = boost::intrusive_ptr<phased_run>;

/// The body of the run's task.
async<void> run_phases(task_context& self, phased_run& run);

} // namespace axiom::detail
