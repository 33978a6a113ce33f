#include "axiom/coordination/detail/item_failures.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "axiom/task/detail/cancel_request.hpp"

namespace axiom::detail {

void item_failures::note(std::size_t index, task_error why) noexcept {
  auto ends_scope = false;
  {
    std::lock_guard guard{lock_};
    ends_scope = mode_ == failure_mode::throw_on_first && items_.empty();
    items_.push_back({index, why});
  }
  if (ends_scope)
    end_scope(why);
}

void item_failures::note_lane(task_error why) noexcept {
  {
    std::lock_guard guard{lock_};
    items_.push_back({static_cast<std::size_t>(-1), why}); // after all items
  }
  end_scope(why);
}

void item_failures::note_source(failure why) noexcept {
  std::lock_guard guard{lock_};
  source_.emplace(std::move(why));
}

bool item_failures::any() const noexcept {
  std::lock_guard guard{lock_};
  return source_.has_value() || !items_.empty();
}

bool item_failures::in_source() const noexcept {
  std::lock_guard guard{lock_};
  return source_.has_value();
}

std::optional<failure> item_failures::take_source() {
  std::lock_guard guard{lock_};
  return std::exchange(source_, std::nullopt);
}

std::vector<item_failures::of_item> item_failures::take_items() {
  std::vector<of_item> result;
  {
    std::lock_guard guard{lock_};
    result.swap(items_);
  }
  std::stable_sort(result.begin(), result.end(),
                   [](auto& a, auto& b) { return a.index < b.index; });
  return result;
}

std::vector<task_error> item_failures::take() {
  std::vector<of_item> items;
  {
    std::lock_guard guard{lock_};
    items.swap(items_);
  }
  std::vector<task_error> result;
  for (auto& x : items) {
    auto suppressed = mode_ == failure_mode::throw_on_first && !result.empty();
    auto& where = suppressed ? result.front().suppressed : result;
    where.push_back(std::move(x.error));
  }
  return result;
}

void item_failures::end_scope(const task_error& why) noexcept {
  closed_.store(true, std::memory_order_relaxed);
  cancel_options options;
  options.reason = cancel_reason::sibling_failed;
  options.origin = "the failure of " + quoted(why.task.name);
  options.error = why.error.error();
  options.unit = current_unit();
  cancel_tree(scope_, options);
}

} // namespace axiom::detail
