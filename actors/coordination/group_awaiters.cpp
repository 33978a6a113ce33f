#include "axiom/coordination/detail/group_awaiters.hpp"

#include <string>

namespace axiom::detail {

void require_in_scope(const task_actor& task, const task_actor& group) {
  if (&task == &group || task.parent() == &group || task.is_below(group))
    return;
  throw exception{errc::not_in_scope,
                  quoted(task.task_name()) + " is not below the group "
                    + quoted(group.task_name()) + " and has no part in it"};
}

} // namespace axiom::detail
