#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <caf/error.hpp>

#include "axiom/error/exception.hpp"
#include "axiom/runtime/timer_service.hpp"
#include "axiom/task/reference.hpp"

namespace axiom {

/// Why a task was cancelled.
enum class cancel_reason : std::uint8_t {
  user,             ///< somebody asked for it
  parent_cancelled, ///< a task above it was cancelled
  sibling_failed,   ///< another child of its group failed
  linked_exit,      ///< an actor linked to it ended with an error, or sent one
  deadline,         ///< its deadline passed
  limit_shed,       ///< given up for the sake of others under pressure
  node_down,        ///< the node it depended on was lost
  shutdown,         ///< its coordinator or system is going down
};

/// The enumerator's name.
std::string to_string(cancel_reason reason);

/// Where a cancellation came from: one immutable block a request, shared by
/// every task it reached. Thread-safe to read.
struct cancel_cause : boost::intrusive_ref_counter<cancel_cause> {
  cancel_reason reason = cancel_reason::user;
  task_id target;          ///< the task it was asked for
  std::string target_name; ///< its name
  std::string origin;      ///< who asked, for people
  caf::error error;        ///< the error behind it, if there was one
  timestamp at;            ///< when
  runtime::time_point requested_at;
  runtime::duration grace{}; ///< how long the tasks have to end

  /// What led to this one: a sibling's failure that was itself a cancellation,
  /// for instance.
  boost::intrusive_ptr<const cancel_cause> before;
};

using cancel_cause_ptr = boost::intrusive_ptr<const cancel_cause>;

/// The cause as one line, newest link first.
std::string to_string(const cancel_cause& cause);

/// Thrown where synchronous code notices its cancellation, and where a
/// cancelled task is awaited by one that is not cancelled.
///
/// A cancelled *coroutine* does not see it: its frames are unwound without an
/// exception (see `async`), so that no handler can swallow a cancellation.
class cancelled_error : public exception {
public:
  explicit cancelled_error(cancel_cause_ptr cause);

  /// Who cancelled, why and when. Never null.
  const cancel_cause& cause() const noexcept {
    return *cause_;
  }

private:
  cancel_cause_ptr cause_;
};

/// The error that stands for a cancellation towards CAF actors.
caf::error make_cancelled_error(const cancel_cause& cause);

/// What became of a request to cancel a tree.
struct cancellation_report {
  /// A task that did not end within the grace.
  struct straggler {
    task_reference task;
    std::string path; ///< names from the target down, joined by '/'

    template <class Inspector>
    friend typename Inspector::result_type inspect(Inspector& f, straggler& x) {
      return f(caf::meta::type_name("axiom::straggler"), x.task, x.path);
    }
  };

  /// At most this many stragglers are listed; `overdue_count` counts all.
  static constexpr std::size_t max_listed = 100;

  task_reference target;
  std::uint64_t requested = 0;    ///< tasks that this request signalled
  std::uint64_t acknowledged = 0; ///< of these, ended within the grace
  std::uint64_t overdue_count = 0;
  std::vector<straggler> overdue;
  std::chrono::nanoseconds signalled{0}; ///< until every task could see it
  std::chrono::nanoseconds elapsed{0};   ///< until the last ended, or the grace

  bool all_acknowledged() const noexcept {
    return overdue_count == 0;
  }

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f,
                                                 cancellation_report& x) {
    return f(caf::meta::type_name("axiom::cancellation_report"), x.target,
             x.requested, x.acknowledged, x.overdue_count, x.overdue,
             x.signalled, x.elapsed);
  }
};

/// The report in a few lines for people.
std::string to_string(const cancellation_report& report);

} // namespace axiom
