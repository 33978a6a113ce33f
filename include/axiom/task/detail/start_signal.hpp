#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>

#include <caf/resumable.hpp>

#include "axiom/runtime/small_mutex.hpp"
#include "axiom/runtime/timer_service.hpp"
#include "axiom/task/detail/task_actor.hpp"

namespace axiom::detail {

/// Who wants to hear that a task is started, without being a task that waits.
class start_listener {
public:
  /// Called once at most, by whoever says so, without a lock.
  virtual void child_started() noexcept = 0;

protected:
  ~start_listener() = default;
};

/// What passes between a task that waits until a child says `started`, and that
/// child; a part of the child.
///
///     silent --claim--> speaking --publish--> told
///        |                  |
///        +------------------+---ended--> over
///
/// Besides, the time may be up as long as nothing is told. Then a worker cancels
/// the child, and the starter goes on waiting, for its end.
///
/// Invariants, under `lock_`:
/// 1. The starter is woken once: by what is told, or by the end. Nothing is
///    told once the time is up: either the starter has the value, or the child
///    is cancelled.
/// 2. The outcome of a child that ends before it told anything belongs to the
///    starter if that accepts the wake-up (it then runs, cancelled or not), else
///    to the child's group. `ended` says which.
/// 3. An armed timer and a queued job hold a reference to the child each.
class start_signal : private runtime::timer_entry, private caf::resumable {
public:
  enum class stage : std::uint8_t { silent, speaking, told, over };

  /// @param listener told besides the starter; null if there is none
  start_signal(task_actor& child, const std::type_info& type,
               start_listener* listener) noexcept
    : child_(child), type_(type), listener_(listener) {
    // nop
  }

  // -- for the starter --------------------------------------------------------

  /// @pre the child is not launched
  void expect(task_actor& starter) noexcept;

  /// Begins to count the time.
  /// @pre the child is launched
  void limit(runtime::duration timeout);

  /// The starter is about to go. Returns whether it goes before it was told
  /// anything, or of the end.
  bool forget_starter() noexcept;

  /// Whether there is a value; for the starter once it was woken.
  bool told() const noexcept;

  bool timed_out() const noexcept;

  // -- for the child ----------------------------------------------------------

  /// Whether values are of this type.
  bool takes(const std::type_info& type) const noexcept {
    return type_ == type;
  }

  /// The child has ended. Returns whether its outcome is the starter's.
  bool ended() noexcept;

protected:
  ~start_signal() = default;

  /// Begins to tell a value. Throws `errc::invalid_argument` the second time.
  void claim();

  /// The value did not come.
  void unclaim() noexcept;

  /// The value is there.
  void publish() noexcept;

private:
  void fire() noexcept override;
  resume_result resume(caf::execution_unit* unit, std::size_t) override;
  void intrusive_ptr_add_ref_impl() override;
  void intrusive_ptr_release_impl() override;

  void stop_timer_locked() noexcept;

  /// Wakes the starter, if it is there and wants it.
  bool wake_starter_locked() noexcept;

  task_actor& child_;
  const std::type_info& type_;
  start_listener* const listener_;
  task_actor* starter_ = nullptr;
  std::uint16_t epoch_ = 0;
  stage stage_ = stage::silent;
  bool timed_out_ = false;
  mutable runtime::small_mutex lock_;
};

/// The same with a place for the value.
template <class V>
class typed_start_signal final : public start_signal {
public:
  using stored = std::conditional_t<std::is_void_v<V>, std::monostate, V>;

  explicit typed_start_signal(task_actor& child,
                              start_listener* listener = nullptr) noexcept
    : start_signal(child, typeid(V), listener) {
    // nop
  }

  /// Tells the starter. Moving the value is user code, and not under the lock.
  template <class U>
  void say(U&& value) {
    claim();
    try {
      value_.emplace(std::forward<U>(value));
    } catch (...) {
      unclaim();
      throw;
    }
    publish();
  }

  /// @pre told()
  stored& value() noexcept {
    return *value_;
  }

private:
  std::optional<stored> value_;
};

/// The signal of a task for values of this type; throws
/// `errc::invalid_argument` if it has none.
start_signal& require_start_signal(task_actor& task,
                                   const std::type_info& type);

} // namespace axiom::detail
