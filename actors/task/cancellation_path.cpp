#include "axiom/task/cancellation_path.hpp"

#include <cstddef>
#include <vector>

#include "axiom/task/detail/task_actor.hpp"

namespace axiom {

std::string cancellation_path(const task_context& self) {
  constexpr std::size_t end = 8; // names
  const auto* task = &self.impl();
  const auto why = task->cause();
  if (!why)
    return {};
  std::vector<const detail::task_actor*> way; // upwards
  for (; task != nullptr; task = task->parent()) {
    way.push_back(task);
    if (task->identity() == why->target)
      break;
  }
  std::string result;
  for (auto i = way.size(); i > 0; --i) {
    if (i != way.size())
      result += '/';
    if (way.size() > 2 * end && i == way.size() - end) {
      result += "...";
      i = end + 1;
      continue;
    }
    result += way[i - 1]->task_name();
  }
  return result;
}

} // namespace axiom
