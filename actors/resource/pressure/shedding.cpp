#include "axiom/resource/pressure/shedding.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "axiom/task/detail/task_domain.hpp"

namespace axiom::detail {

shed_choice::shed_choice(std::size_t most) : most_(most) {
  kept_.reserve(most);
}

void shed_choice::offer(const shed_candidate& x) {
  if (kept_.size() == most_) {
    if (!goes_before(x, kept_.front()))
      return;
    std::pop_heap(kept_.begin(), kept_.end(), goes_before);
    kept_.pop_back();
  }
  kept_.push_back(x);
  std::push_heap(kept_.begin(), kept_.end(), goes_before);
}

std::vector<shed_candidate> shed_choice::take() {
  std::sort_heap(kept_.begin(), kept_.end(), goes_before);
  return std::exchange(kept_, {});
}

std::vector<task_ptr> choose_to_shed(runtime::host& where, std::size_t most) {
  if (most == 0)
    return {};
  // Of each coordinator by itself, since its tasks can be referred to only
  // while its list is locked. References that turn out not to be needed are
  // kept to the end: to release one may end a task's memory, which takes locks.
  std::vector<std::pair<shed_candidate, task_ptr>> found;
  where.residents().for_each<task_domain>([&](task_domain& domain) {
    shed_choice choice{most};
    auto look = [&choice](const sheddable_entry& x) {
      auto& task = x.task;
      if (!task.state().doomed())
        choice.offer({task.level(), x.number, &task});
    };
    auto refer = [&] {
      for (auto& x : choice.take())
        found.emplace_back(x, strong(*x.task));
    };
    domain.sheddable().for_each(look, refer);
  });
  std::sort(found.begin(), found.end(),
            [](auto& a, auto& b) { return goes_before(a.first, b.first); });
  std::vector<task_ptr> result;
  for (auto& [candidate, task] : found)
    if (result.size() < most)
      result.push_back(std::move(task));
  return result;
}

} // namespace axiom::detail
