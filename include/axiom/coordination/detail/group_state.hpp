#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "axiom/coordination/detail/group_core.hpp"
#include "axiom/task/detail/cancel_request.hpp"
#include "axiom/task/detail/typed_task.hpp"

namespace axiom::detail {

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
  group_slot* next_done = nullptr;
  bool taken = false;

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
    taken = true;
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

/// A group as far as its children know it: the core, and their outcomes in
/// order of submission and in order of completion.
///
/// A child writes its slot alone, then publishes it under the lock. Slots do
/// not move; those taken are dropped from the front.
template <class T>
class group_state : public group_core {
public:
  using slot = group_slot<T>;

  group_state(task_actor& owner, failure_mode mode, std::size_t limit) noexcept
    : group_core(mode, limit), owner_(owner) {
    // nop
  }

  /// The group's own task.
  task_actor& owner() const noexcept {
    return owner_;
  }

  // -- for adders and children ---------------------------------------------------

  /// Takes a place and a slot, or queues `adder` and returns null.
  slot* enter_with_slot(group_waiter& adder, task_actor& task) {
    std::lock_guard guard{lock_};
    auto& result = slots_.emplace_back(); // first, since it may throw
    if (enter_locked(adder, task))
      return &result;
    slots_.pop_back();
    return nullptr;
  }

  slot& add_slot() {
    std::lock_guard guard{lock_};
    return slots_.emplace_back();
  }

  /// The child of a place and a slot never came to be.
  void drop_slot(slot& x) noexcept {
    std::lock_guard guard{lock_};
    x.taken = true;
    leave_locked();
  }

  /// A child has ended and written its slot.
  void child_done(slot& x) noexcept {
    std::lock_guard guard{lock_};
    publish(x);
    result_waiters_.grant_first(); // one result is enough for one waiter
    leave_locked();
  }

  /// A child has failed: if that ends the group, all of it is cancelled.
  void child_failed(const task_actor& child, const task_error& error) {
    if (mode() != failure_mode::throw_on_first || !note_failure(error))
      return;
    cancel_options options;
    options.reason = cancel_reason::sibling_failed;
    options.origin = "the failure of " + quoted(child.task_name());
    options.error = error.error.error();
    options.unit = current_unit();
    cancel_tree(owner_, options);
  }

  // -- for the body ----------------------------------------------------------------

  /// Returns true if a result, or the end of all, is there already.
  bool await_result(group_waiter& x, task_actor& task) noexcept {
    std::lock_guard guard{lock_};
    if (first_done_ != nullptr || running_ == 0)
      return true;
    result_waiters_.push(x, task);
    return false;
  }

  void abandon_result(group_waiter& x) noexcept {
    std::lock_guard guard{lock_};
    if (x.queued)
      result_waiters_.remove(x);
  }

  /// How many outcomes there are or will be, as far as one can know: of
  /// children that run, and of those that ended and nobody took.
  std::size_t outstanding() const noexcept {
    std::lock_guard guard{lock_};
    return running_ + done_;
  }

  /// The result that came first; none if there is none.
  std::optional<expected<T>> pop_done() {
    std::optional<expected<T>> result;
    read_done([&result](slot& x) { result.emplace(x.take()); });
    return result;
  }

  /// Has `read` take what it wants out of the slot of the result that came
  /// first. Returns false if there is none.
  template <class F>
  bool read_done(F read) {
    slot* x;
    {
      std::lock_guard guard{lock_};
      if (first_done_ == nullptr)
        return false;
      --done_;
      x = std::exchange(first_done_, first_done_->next_done);
      if (first_done_ == nullptr)
        last_done_ = nullptr;
    }
    // Ours alone now. Moving and destroying a value is user code: not under
    // the lock.
    read(*x);
    x->taken = true;
    x->what.template emplace<0>();
    std::lock_guard guard{lock_};
    while (!slots_.empty() && slots_.front().taken)
      slots_.pop_front();
    return true;
  }

  /// All outcomes that are left, in order of submission.
  /// @pre no child runs
  std::deque<slot> take_all() {
    std::lock_guard guard{lock_};
    first_done_ = last_done_ = nullptr;
    done_ = 0;
    return std::exchange(slots_, {});
  }

  /// A failure that the body has not looked at goes back.
  void put_back(task_error error) {
    std::lock_guard guard{lock_};
    auto& x = slots_.emplace_back();
    x.what.template emplace<slot::is_error>(
      std::make_unique<task_error>(std::move(error)));
    publish(x);
  }

  /// From now on cancelled children are no error: somebody asked for it.
  void forgive_cancelled() noexcept {
    forgiven_ = true;
  }

  bool forgiven() const noexcept {
    return forgiven_;
  }

private:
  void publish(slot& x) noexcept {
    ++done_;
    (last_done_ != nullptr ? last_done_->next_done : first_done_) = &x;
    last_done_ = &x;
  }

  task_actor& owner_;
  std::deque<slot> slots_;
  slot* first_done_ = nullptr;
  slot* last_done_ = nullptr;
  std::size_t done_ = 0; // the length of that list
  bool forgiven_ = false; // the body's own
};

/// A child of a group: hands its outcome to its slot.
template <class T>
class group_child : public typed_task<T> {
  using slot = group_slot<T>;

public:
  group_child(caf::actor_config& cfg, const task_seed& seed,
              group_state<T>& group, group_slot<T>& slot)
    : typed_task<T>(cfg, seed), group_(group), slot_(slot) {
    // nop
  }

protected:
  void deliver() noexcept override {
    this->mark_observed(); // from now on the group answers for it
    switch (this->outcome()) {
      case outcome_kind::failed:
        deliver_failure(this->why_failed());
        break;
      case outcome_kind::cancelled:
        slot_.what.template emplace<slot::is_cancelled>(this->cause());
        break;
      default:
        try {
          slot_.what.template emplace<slot::is_value>(std::move(*this->value_));
        } catch (...) { // the value does not move
          deliver_failure(failure::from(std::current_exception()));
        }
    }
    group_.child_done(slot_);
  }

private:
  void deliver_failure(const failure& why) {
    auto error = std::make_unique<task_error>(
      task_error{this->reference(), why, timestamp::clock::now(), {}});
    group_.child_failed(*this, *error);
    slot_.what.template emplace<slot::is_error>(std::move(error));
  }

  group_state<T>& group_;
  group_slot<T>& slot_;
};

} // namespace axiom::detail
