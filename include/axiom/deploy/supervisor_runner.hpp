#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "axiom/coordination/coordinator.hpp"
#include "axiom/deploy/deployment.hpp"
#include "axiom/error/supervisor.hpp"
#include "axiom/task/async.hpp"

namespace axiom::deploy {

/// Runs the supervisors of a deployment: starts them in order, each when the one
/// before it is ready, and stops them in the reverse order.
///
///     made --start--> starting --all ready--> running --stop--> stopped
///                        |                                        ^
///                        +--one failed, or it is not to go on ----+
///
/// Invariants:
/// 1. Children that are tasks are root tasks of the coordinator, whatever is
///    above them; each runs `work` for its specification.
/// 2. The destructor returns when no `work` runs any more, also of a child that
///    was killed and that its supervisor did not wait for. So `work` may use
///    what outlives this.
///
/// `start`, `wait`, `stop` and the destructor from one thread, which may block;
/// the others from any.
class supervisor_runner {
public:
  /// The body of a child that is a task.
  /// @param number which start of it this is, from 1
  using body = std::function<async<void>(
    task_context& self, const task_spec& spec, std::uint64_t number)>;

  /// What became of one supervisor.
  struct result {
    enum class kind {
      completed, ///< ended by itself, or was stopped when all was done
      cancelled, ///< stopped, or not started, since the run was
      failed, ///< gave up, or was ended by somebody else
    };

    std::string name;
    kind outcome = kind::completed;
    std::optional<failure> error; ///< why it failed
    supervisor_stats stats; ///< with those of supervisors below it that were
                            ///< there at its end
    std::vector<std::string> overdue; ///< children that do not die of a kill
    bool stuck = false; ///< it has outlived what its children are given
  };

  /// All supervisors together, those below others too.
  struct figures {
    std::size_t supervisors = 0; ///< that are there
    std::uint64_t children = 0; ///< of them, supervisors among them
    std::uint64_t active = 0;
    std::uint64_t restarts = 0;
  };

  /// @param specs have to outlive this
  supervisor_runner(structured_task_coordinator tasks,
                    const std::vector<supervisor_spec>& specs, body work);

  supervisor_runner(const supervisor_runner&) = delete;
  supervisor_runner& operator=(const supervisor_runner&) = delete;

  /// Stops them, and waits for as long as that takes.
  ~supervisor_runner();

  /// Starts them, and returns whether all are ready. Once one has failed, or
  /// `enough` says so, no other is started.
  bool start(const std::function<bool()>& enough);

  /// Waits until all have ended, or one has failed, or `enough` says so: it is
  /// asked again after each `look_again`.
  void wait(const std::function<bool()>& enough);

  void look_again();

  bool one_failed() const;

  /// Stops those that have not ended, the last one first, each within what its
  /// children are given.
  /// @param cancelled whether that is a cancellation, for the results
  void stop(bool cancelled);

  /// After `stop`, in the order of the file.
  std::vector<result> results() const {
    return results_;
  }

  /// What they do at this moment.
  figures now() const;

private:
  class state;
  struct one;

  supervisor_stats stats_below(const one& x) const;
  void finish(one& x, bool cancelled, result& into);

  structured_task_coordinator tasks_;
  std::shared_ptr<state> state_; // also of functions attached to supervisors
  std::vector<std::unique_ptr<one>> all_;
  std::vector<result> results_;
};

/// One line for people, such as "5 of 6 children active, 3 restarts".
std::string to_string(const supervisor_runner::figures& x);

} // namespace axiom::deploy
