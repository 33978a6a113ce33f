#include "axiom/deploy/deployment.hpp"

namespace axiom::deploy {

namespace {

void for_each_below(const supervisor_spec& x,
                    const std::function<void(const task_spec&)>& f) {
  for (const auto& child : x.children) {
    if (const auto* task = std::get_if<task_spec>(&child.what))
      f(*task);
    else if (const auto* nested =
               std::get_if<std::shared_ptr<const supervisor_spec>>(&child.what))
      for_each_below(**nested, f);
  }
}

} // namespace

void for_each_task(const deployment& value,
                   const std::function<void(const task_spec&)>& f) {
  for (const auto& x : value.supervisors)
    for_each_below(x, f);
  for (const auto& task : value.tasks)
    f(task);
}

} // namespace axiom::deploy
