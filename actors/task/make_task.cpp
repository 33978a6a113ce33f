#include "axiom/task/detail/make_task.hpp"

#include <algorithm>

#include "axiom/runtime/later.hpp"

namespace axiom::detail {

namespace {

/// Sets what a child inherits, with its own options on top.
void inherit(task_seed& seed, const task_options& options) {
  auto& parent = *seed.parent;
  auto from = parent.environment_snapshot();
  if (seed.kind == task_kind::shield && from
      && from->deadline != runtime::time_point::max()) {
    // Its budget is its only limit: a deadline that has passed would keep the
    // timeouts inside it from ever being armed.
    boost::intrusive_ptr<task_environment> unlimited{
      new task_environment(*from)};
    unlimited->deadline = runtime::time_point::max();
    from = std::move(unlimited);
  }
  if (!options.timeout && !options.grace) {
    seed.environment = std::move(from);
    return;
  }
  if (options.timeout && *options.timeout <= runtime::duration::zero())
    throw exception{errc::invalid_argument,
                    "the timeout of a task must be positive"};
  if (options.grace && *options.grace < runtime::duration::zero())
    throw exception{errc::invalid_argument,
                    "the grace of a task must not be negative"};
  boost::intrusive_ptr<task_environment> result{
    from ? new task_environment(*from) : new task_environment};
  if (options.timeout) {
    auto due = runtime::later(parent.host().timers().now(), *options.timeout);
    seed.own_deadline = due < result->deadline;
    result->deadline = std::min(result->deadline, due);
  }
  if (options.grace)
    result->grace = std::min(result->grace.value_or(*options.grace),
                             *options.grace);
  seed.environment = std::move(result);
}

void refuse_in_cancel_handler() {
  if (in_cancel_handler())
    throw exception{errc::scope_closed,
                    "an on_cancel handler cannot create tasks: hand the work "
                    "to self.shielded in the body instead"};
}

} // namespace

task_seed make_seed(task_actor& parent, const task_options& options,
                    task_kind kind) {
  if (options.name.size() > max_task_name)
    throw exception{errc::name_too_long,
                    quoted(std::string{options.name.substr(0, 24)} + "...")
                      + " has " + std::to_string(options.name.size())
                      + " bytes; a task's name has at most "
                      + std::to_string(max_task_name)};
  refuse_in_cancel_handler();
  task_seed result{&parent.domain(), &parent, options.name, options.priority,
                   kind};
  result.sheddable = options.sheddable;
  inherit(result, options);
  return result;
}

task_actor& parent_here(task_actor& root) {
  refuse_in_cancel_handler(); // which has no current task
  auto* current = current_task();
  return current != nullptr && &current->domain() == &root.domain() ? *current
                                                                    : root;
}

} // namespace axiom::detail
