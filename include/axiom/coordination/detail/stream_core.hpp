#pragma once

#include <cstddef>
#include <utility>

#include "axiom/coordination/detail/group_core.hpp"
#include "axiom/coordination/stream_options.hpp"
#include "axiom/task/detail/awaiter.hpp"

namespace axiom::detail {

/// The place of one item of a stream, from its being taken to its being read.
struct stream_node {
  stream_node* next = nullptr;
  bool done = false;
  bool has_value = false;
};

/// The part of a stream that does not know its types: who may take the next
/// item, which result is the next, who waits.
///
/// An item's way: a lane gets the *turn*, which gives it the source and a
/// place; it takes the item, and passes the turn on; the operation runs; the
/// result is kept until the reader takes it, which frees the place.
///
/// Invariants, all under `lock_`, where no user code runs:
/// 1. One lane has the turn at most; so the source is used by one at a time,
/// with
///    no lock held.
/// 2. `out_` <= `limit_`: places of items being taken, at work, or kept.
/// 3. A lane waits only while there is no place or another has the turn; none
///    when the source is at its end.
/// 4. The reader waits only while the next result is not there and may still
///    come.
class stream_core {
public:
  stream_core(task_actor& scope, std::size_t limit, stream_order order) noexcept
    : scope_(scope), limit_(limit), order_(order) {
    // nop
  }

  // -- for lanes
  // ------------------------------------------------------------------

  /// Gives `lane` the turn, or returns at once since there are no more items;
  /// else queues it and returns false.
  bool enter(group_waiter& lane, task_actor& task) noexcept;

  /// Leaves the queue; a turn given meanwhile goes to the next.
  void abandon(group_waiter& lane) noexcept;

  /// Whether a lane that does not wait any more has the turn.
  bool has_turn() const noexcept;

  /// The lane with the turn has taken no item.
  void give_back_turn() noexcept;

  /// The lane with the turn has found the end of the source.
  void end_source() noexcept;

  /// The lane with the turn has taken an item. Returns whether a lane is
  /// wanted: there is a place for another item, and nobody who comes for it.
  bool took(stream_node& item) noexcept;

  /// The item has its outcome; `item` may be gone after this. Without a value
  /// it is left out of the stream.
  void done(stream_node& item, bool has_value) noexcept;

  // -- for the reader
  // -------------------------------------------------------------

  /// Returns true if the next result, or the end, is there already. Throws
  /// `errc::not_in_scope` if `task` is not the scope's own: there is one
  /// reader, and it does not outlive the stream.
  bool await_result(group_waiter& reader, task_actor& task);

  void abandon_result(group_waiter& reader) noexcept;

  struct popped {
    stream_node* item;
    bool wants_lane; ///< as for `took`
  };

  /// The next result, which frees its place; null at the end. It goes back by
  /// `recycle` when its value is taken out.
  popped pop() noexcept;

  // -- for both
  // -------------------------------------------------------------------

  /// A node to use again; null if there is none.
  stream_node* reuse() noexcept;

  void recycle(stream_node& unused) noexcept;

private:
  void offer_turn() noexcept;
  bool wants_lane() const noexcept;
  void append(stream_node& item) noexcept;
  void skip_without_value() noexcept;
  bool readable() const noexcept;
  void wake_reader() noexcept;

  task_actor& scope_;
  const std::size_t limit_;
  const stream_order order_;
  mutable runtime::small_mutex lock_;
  std::size_t out_ = 0; ///< see invariant 2
  std::size_t at_work_ = 0; ///< taken, without an outcome
  bool turn_given_ = false;
  bool over_ = false; ///< the source is at its end
  group_queue lanes_;
  group_waiter* reader_ = nullptr;
  // By items: all that are out, oldest first; by completion: those with values.
  stream_node* first_ = nullptr;
  stream_node* last_ = nullptr;
  stream_node* unused_ = nullptr;
};

/// The turn of one lane, given back unless it was used. Empty if there was
/// none.
class stream_turn {
public:
  stream_turn() = default;

  explicit stream_turn(stream_core& core) noexcept : core_(&core) {
    // nop
  }

  stream_turn(stream_turn&& other) noexcept
    : core_(std::exchange(other.core_, nullptr)) {
    // nop
  }

  stream_turn& operator=(stream_turn&& other) noexcept {
    std::swap(core_, other.core_);
    return *this;
  }

  ~stream_turn() {
    if (core_ != nullptr)
      core_->give_back_turn();
  }

  explicit operator bool() const noexcept {
    return core_ != nullptr;
  }

  void used() noexcept {
    core_ = nullptr;
  }

private:
  stream_core* core_ = nullptr;
};

/// A lane's wait for its turn.
class turn_awaiter final : public awaiter<turn_awaiter> {
public:
  explicit turn_awaiter(stream_core& core) noexcept : core_(core) {
    // nop
  }

  ~turn_awaiter() {
    if (place_.task != nullptr)
      core_.abandon(place_);
  }

  bool arm(task_actor& task) noexcept {
    task.next(task_actor::step::suspend);
    return !core_.enter(place_, task);
  }

  stream_turn await_resume() noexcept {
    place_.task = nullptr; // nothing to abandon
    return core_.has_turn() ? stream_turn{core_} : stream_turn{};
  }

private:
  stream_core& core_;
  group_waiter place_;
};

/// What `stream_run::turn` returns, to be awaited.
struct next_turn : awaitable_tag {
  explicit next_turn(stream_core& x) noexcept : core(x) {
    // nop
  }

  friend turn_awaiter as_awaiter(const next_turn& x) noexcept {
    return turn_awaiter{x.core};
  }

  stream_core& core;
};

} // namespace axiom::detail
