#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "axiom/coordination/snapshot.hpp"
#include "axiom/task/detail/task_actor.hpp"

namespace axiom::detail {

/// Visits the live tasks below `root` with their depth, parents first, until
/// `visit` returns false. No recursion: the tree may be a million deep.
template <class F>
void for_each_task(const task_actor& root, F visit) {
  std::vector<std::pair<task_ptr, std::uint32_t>> stack;
  auto push = [&stack](const task_actor& parent, std::uint32_t depth) {
    auto children = parent.children();
    for (auto i = children.rbegin(); i != children.rend(); ++i)
      stack.emplace_back(std::move(*i), depth);
  };
  push(root, 0);
  while (!stack.empty()) {
    auto [ptr, depth] = std::move(stack.back());
    stack.pop_back();
    auto& task = *as_task(ptr);
    if (!visit(task, depth))
      return;
    push(task, depth + 1);
  }
}

/// What a snapshot of the tree says about a task.
task_snapshot snapshot_of(const task_actor& task, std::uint32_t depth);

} // namespace axiom::detail
