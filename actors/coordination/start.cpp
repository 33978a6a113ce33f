#include "axiom/coordination/detail/start.hpp"

#include <chrono>
#include <string>
#include <vector>

#include "axiom/task/detail/cancel_request.hpp"

namespace axiom::detail {

namespace {

std::string in_seconds(runtime::duration span) {
  auto text = std::to_string(std::chrono::duration<double>{span}.count());
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.' || text.back() == ',')
    text.pop_back();
  return text + " s";
}

} // namespace

void require_start_timeout(runtime::duration timeout) {
  if (timeout <= runtime::duration::zero())
    throw exception{errc::invalid_argument,
                    "the timeout of a start must be positive"};
}

void throw_not_started(const task_actor& child, bool timed_out,
                       runtime::duration timeout) {
  auto who = "task " + quoted(child.task_name());
  if (timed_out) {
    failure late{errc::deadline_exceeded, who
                                            + " did not say that it is "
                                              "started within "
                                            + in_seconds(timeout)};
    if (child.outcome() != outcome_kind::failed)
      late.rethrow();
    std::vector<task_error> beside;
    beside.push_back(
      {child.reference(), child.why_failed(), child.wall_time(), {}});
    with_suppressed(late, child.reference(), std::move(beside),
                    child.wall_time())
      .rethrow();
  }
  child.throw_unless_value();
  throw exception{errc::never_started,
                  who + " has ended without saying that it is started"};
}

void cancel_with_starter(task_actor& child, const task_actor& starter) {
  cancel_options options;
  options.before = starter.cause();
  if (options.before)
    options.reason = options.before->reason;
  options.origin = "the end of " + quoted(starter.task_name())
                 + ", which waited for its start";
  options.unit = current_unit();
  cancel_tree(child, options);
}

} // namespace axiom::detail
