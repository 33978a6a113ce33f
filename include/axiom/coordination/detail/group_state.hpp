#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "axiom/coordination/detail/group_core.hpp"
#include "axiom/coordination/detail/group_slot.hpp"
#include "axiom/coordination/group_options.hpp"
#include "axiom/task/detail/typed_task.hpp"

namespace axiom::detail {

template <class T>
class group_child;

/// What children leave behind that nobody has looked at when their group ends.
struct group_remains {
  std::vector<task_error> errors;
  bool in_time = true; ///< no child was cancelled with the group
};

/// A group as far as its children know it: the core, and their outcomes in
/// order of submission and in order of completion.
///
/// A child writes its slot alone, then publishes it under the lock: to the
/// first who waits for a result, else to the list of those that are unread.
template <class T>
class group_state : public group_core {
public:
  using slot = group_slot<T>;
  using slots = group_slots<T>;
  using slot_ptr = slot*;

  /// The class of a child whose operation has results of type `R`.
  template <class R>
  using child = group_child<R>;

  /// A coroutine that waits for a result.
  struct reader : group_waiter {
    slot* given = nullptr; ///< its own from now on
  };

  group_state(task_actor& owner, const group_options& options) noexcept
    : group_core(owner, options.failure_mode, limits_of(options)) {
    // nop
  }

  static group_limits limits_of(const group_options& options) noexcept {
    return {options.max_concurrency, options.max_unread, options.limiter};
  }

  // -- for adders and children ------------------------------------------------

  /// Takes a place and a slot and returns true, or queues `adder`.
  bool enter(group_waiter& adder, task_actor& task, slot_ptr& result) {
    std::lock_guard guard{lock_};
    if (enter_locked(adder, task) == entry::queued)
      return false;
    try {
      result = &slots_.take();
    } catch (...) {
      adder.granted = false;
      leave_locked();
      throw;
    }
    return true;
  }

  /// The slot that belongs to a place granted later.
  slot_ptr add_slot() {
    std::lock_guard guard{lock_};
    return &slots_.take();
  }

  /// Gives a place and its slot back: nothing came of them.
  void give_up(slot_ptr x) noexcept {
    std::lock_guard guard{lock_};
    slots_.give_back(*x);
    leave_locked();
  }

  /// A child has ended and written its slot.
  void child_done(slot_ptr x) noexcept {
    std::lock_guard guard{lock_};
    if (auto* first = result_waiters_.grant_first())
      static_cast<reader*>(first)->given = x;
    else
      publish(*x);
    leave_locked();
  }

  // -- for who takes results --------------------------------------------------

  /// Gives `x` a result and returns true, or queues it. True too if none will
  /// come.
  bool await_result(reader& x, task_actor& task) noexcept {
    std::lock_guard guard{lock_};
    if (!done_.empty()) {
      x.given = &done_.pop();
      --unread_;
      admit_locked();
      return true;
    }
    if (over_locked())
      return true;
    result_waiters_.push(x, task);
    return false;
  }

  void abandon_result(reader& x) noexcept {
    std::lock_guard guard{lock_};
    if (x.queued)
      result_waiters_.remove(x);
  }

  /// Has `read` take what it wants out of the slot of the result that came
  /// first. Returns false if there is none.
  template <class F>
  bool read_done(F read) {
    slot* x = nullptr;
    {
      std::lock_guard guard{lock_};
      if (done_.empty())
        return false;
      x = &done_.pop();
      --unread_;
      admit_locked();
    }
    // Moving and destroying a value is user code: not under the lock.
    const emptying_scope scope{*this, *x};
    read(*x);
    return true;
  }

  /// Lets `x`, which only waits for a result, leave it for `read_done`.
  void return_result(reader& x) noexcept {
    std::lock_guard guard{lock_};
    if (x.given == nullptr)
      return;
    done_.push_front(*std::exchange(x.given, nullptr));
    ++unread_;
  }

  /// The result that `x` was given; none if it was not.
  std::optional<expected<T>> take_result(reader& x) {
    slot* given = nullptr;
    {
      std::lock_guard guard{lock_};
      given = std::exchange(x.given, nullptr);
    }
    if (given == nullptr)
      return std::nullopt;
    // Moving and destroying a value is user code: not under the lock.
    const emptying_scope scope{*this, *given};
    return given->take();
  }

  /// All outcomes that are left.
  /// @pre no child runs
  slots take_all() {
    std::lock_guard guard{lock_};
    done_.clear();
    unread_ = 0;
    admit_locked();
    return std::exchange(slots_, {});
  }

  /// The failures among the outcomes that nobody has taken, in order of
  /// completion.
  std::vector<task_error> take_errors() {
    std::vector<task_error> result;
    std::lock_guard guard{lock_};
    result.reserve(unread_);
    completion_list<T> kept;
    while (!done_.empty()) {
      auto& x = done_.pop();
      auto* error = x.error();
      if (error == nullptr) {
        kept.push(x);
        continue;
      }
      result.push_back(std::move(*error));
      x.what.template emplace<0>();
      slots_.give_back(x);
      --unread_;
    }
    done_ = kept;
    admit_locked();
    return result;
  }

  /// A failure that the body has not looked at goes back.
  void put_back(task_error error) {
    std::lock_guard guard{lock_};
    auto& x = slots_.take();
    x.what.template emplace<slot::is_error>(
      std::make_unique<task_error>(std::move(error)));
    publish(x);
  }

  /// What is left at the end.
  group_remains take_remains() {
    group_remains result{take_noted()};
    take_all().for_each([&](slot& x) {
      auto* error = x.error();
      if (error != nullptr && mode() == failure_mode::isolate)
        owner().domain().unobserved_failure(error->task, error->error);
      else if (error != nullptr && mode() != failure_mode::throw_on_first)
        result.errors.push_back(std::move(*error));
      // A body that returned before its time was over left children behind.
      auto* cause = x.cause();
      if (cause != nullptr && (*cause)->target == owner().identity())
        result.in_time = false;
    });
    return result;
  }

  /// From now on cancelled children are no error: somebody asked for it.
  void forgive_cancelled() noexcept {
    forgiven_ = true;
  }

  bool forgiven() const noexcept {
    return forgiven_;
  }

private:
  /// Frees a slot at its end.
  struct emptying_scope {
    ~emptying_scope() {
      what.what.template emplace<0>();
      std::lock_guard guard{group.lock_};
      group.slots_.give_back(what);
    }

    group_state& group;
    slot& what;
  };

  void publish(slot& x) noexcept {
    done_.push(x);
    ++unread_;
  }

  slots slots_;
  completion_list<T> done_;
  bool forgiven_ = false; // the body's own
};

/// A child of a group: hands its outcome to its slot.
template <class T>
class group_child : public typed_task<T> {
  using slot = group_slot<T>;

public:
  group_child(caf::actor_config& cfg, const task_seed& seed,
              group_state<T>& group, slot* where)
    : typed_task<T>(cfg, seed), group_(group), slot_(where) {
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
        slot_->what.template emplace<slot::is_cancelled>(this->cause());
        break;
      default:
        try {
          slot_->what.template emplace<slot::is_value>(
            std::move(*this->value_));
        } catch (...) { // the value does not move
          deliver_failure(failure::from(std::current_exception()));
        }
    }
    group_.child_done(slot_);
  }

  /// Somebody else has the outcome.
  void leave_group() noexcept {
    group_.give_up(slot_);
  }

private:
  void deliver_failure(const failure& why) {
    auto error = std::make_unique<task_error>(
      task_error{this->reference(), why, this->wall_time(), {}});
    group_.child_failed(*this, *error);
    slot_->what.template emplace<slot::is_error>(std::move(error));
  }

  group_state<T>& group_;
  slot* slot_;
};

} // namespace axiom::detail
