#include "axiom/task/detail/work_list.hpp"

#include <utility>

namespace axiom::detail {

namespace {

/// A first-in first-out list through `next_work_`.
struct pending_list {
  task_actor* first = nullptr;
  task_actor* last = nullptr;
  bool draining = false;
};

thread_local constinit pending_list to_settle;
thread_local constinit pending_list to_destroy;

} // namespace

void work_list::settle(task_actor& task) noexcept {
  auto& list = to_settle;
  task.next_work_ = nullptr;
  (list.last != nullptr ? list.last->next_work_ : list.first) = &task;
  list.last = &task;
  if (std::exchange(list.draining, true))
    return;
  while (auto* next = list.first) {
    list.first = std::exchange(next->next_work_, nullptr);
    if (list.first == nullptr)
      list.last = nullptr;
    next->settle();
  }
  list.draining = false;
}

void work_list::destroy(task_actor& task) noexcept {
  auto destruct = [](task_actor& x) {
    x.on_destroy();
    x.~task_actor(); // virtual: of the whole object
  };
  auto& list = to_destroy;
  if (list.draining) {
    // The object waits; its memory stays because of this weak reference.
    intrusive_ptr_add_weak_ref(task.ctrl());
    task.next_work_ = list.first;
    list.first = &task;
    return;
  }
  list.draining = true;
  destruct(task);
  while (auto* next = list.first) {
    list.first = std::exchange(next->next_work_, nullptr);
    auto* block = next->ctrl();
    destruct(*next);
    intrusive_ptr_release_weak(block);
  }
  list.draining = false;
}

} // namespace axiom::detail
