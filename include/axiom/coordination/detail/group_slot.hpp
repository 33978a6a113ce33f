#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "axiom/error/concurrent_errors.hpp"
#include "axiom/task/cancellation.hpp"

namespace axiom::detail {

/// The error of a child that has no value because it was cancelled.
task_error cancelled_child(const cancel_cause_ptr& cause);

/// The place for the outcome of one child of a group.
template <class T>
struct group_slot {
  using stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
  using error_ptr = std::unique_ptr<task_error>;

  // By index, since T may be any type, also one of the others.
  static constexpr std::size_t is_value = 1;
  static constexpr std::size_t is_error = 2;
  static constexpr std::size_t is_cancelled = 3;

  // nothing yet or taken; value; failure; cancelled
  std::variant<std::monostate, stored, error_ptr, cancel_cause_ptr> what;
  group_slot* next = nullptr; ///< in order of completion, or among free slots
  std::uint64_t number : 63 = 0; ///< in order of submission
  std::uint64_t taken : 1 = 0; ///< or given up: free for another child

  task_error* error() const noexcept {
    auto* ptr = std::get_if<is_error>(&what);
    return ptr != nullptr ? ptr->get() : nullptr;
  }

  const cancel_cause_ptr* cause() const noexcept {
    return std::get_if<is_cancelled>(&what);
  }

  stored& value() {
    return std::get<is_value>(what);
  }

  /// @pre it is not a value
  task_error take_error() {
    auto* x = error();
    return x != nullptr ? std::move(*x) : cancelled_child(*cause());
  }

  expected<T> take() {
    if (auto* x = error())
      return tl::unexpected<failure>{x->error};
    if (auto* x = cause())
      return tl::unexpected<failure>{
        failure::from(std::make_exception_ptr(cancelled_error{*x}))};
    if constexpr (std::is_void_v<T>)
      return {};
    else
      return std::move(value());
  }
};

/// The slots of a group. They do not move; one that is free again serves
/// another child, so there are never more than were in use at once. Guarded by
/// the group's lock, except for what is in a slot.
template <class T>
class group_slots {
public:
  using slot = group_slot<T>;

  slot& take() {
    slot* result = free_;
    if (result != nullptr) {
      free_ = result->next;
      result->next = nullptr;
      result->taken = 0;
      in_order_ = false;
    } else {
      result = &slots_.emplace_back();
    }
    result->number = ++last_number_;
    return *result;
  }

  /// @pre nothing is in it
  void give_back(slot& x) noexcept {
    x.taken = 1;
    x.next = free_;
    free_ = &x;
  }

  /// Calls `f(slot&)` for each that is in use, in order of submission.
  template <class F>
  void for_each(F f) {
    if (in_order_) {
      for (auto& x : slots_)
        if (!x.taken)
          f(x);
      return;
    }
    std::vector<slot*> all;
    for (auto& x : slots_)
      if (!x.taken)
        all.push_back(&x);
    std::sort(all.begin(), all.end(),
              [](auto* x, auto* y) { return x->number < y->number; });
    for (auto* x : all)
      f(*x);
  }

private:
  std::deque<slot> slots_;
  slot* free_ = nullptr;
  std::uint64_t last_number_ = 0;
  bool in_order_ = true; ///< no slot has been used twice
};

/// Slots in order of completion.
template <class T>
class completion_list {
public:
  using slot = group_slot<T>;

  bool empty() const noexcept {
    return first_ == nullptr;
  }

  void push(slot& x) noexcept {
    (last_ != nullptr ? last_->next : first_) = &x;
    last_ = &x;
  }

  void push_front(slot& x) noexcept {
    x.next = first_;
    first_ = &x;
    if (last_ == nullptr)
      last_ = &x;
  }

  /// @pre not empty
  slot& pop() noexcept {
    auto& result = *first_;
    first_ = std::exchange(result.next, nullptr);
    if (first_ == nullptr)
      last_ = nullptr;
    return result;
  }

  void clear() noexcept {
    first_ = last_ = nullptr;
  }

private:
  slot* first_ = nullptr;
  slot* last_ = nullptr;
};

} // namespace axiom::detail
