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

/// A lane that waits for room in a stream.
struct stream_waiter : group_waiter {
  bool has_room = false;
};

/// The part of a stream that does not know its types: how many items are out,
/// which result is the next, who waits.
///
/// An item's way: a lane gets *room*, which is a place and, where items have to
/// be awaited, the source for itself; it takes the item; the operation runs;
/// the result is kept until the reader takes it, which frees the place.
///
/// Invariants, all under `lock_`, where no user code runs:
/// 1. `out_` <= `limit_`: places of items being taken, at work, or kept.
/// 2. With an exclusive source one lane at most has room and no item yet.
/// 3. A lane waits only while there is no room, or another has been woken for
/// it
///    and has not come yet. None waits when the source is at its end.
/// 4. The reader waits only while the next result is not there and may still
///    come.
///
/// Room is not reserved for a lane that is woken: who comes first takes it.
/// Else every item would change the lane, and operations that do not wait would
/// pay for a wake-up each. For the same reason one lane is woken at a time; it
/// has the next one woken if there is more room.
class stream_core {
public:
  stream_core(task_actor& scope, std::size_t limit, stream_order order,
              bool exclusive) noexcept
    : scope_(scope), limit_(limit), order_(order), exclusive_(exclusive) {
    // nop
  }

  // -- for lanes --------------------------------------------------------------

  /// Gives `lane` room, or returns at once since there are no more items; else
  /// queues it and returns false.
  bool enter(stream_waiter& lane, task_actor& task) noexcept;

  enum class entry { room, over, again };

  /// What a lane has got that does not wait (any more); `again` if another one
  /// was faster.
  entry arrive(stream_waiter& lane) noexcept;

  /// Leaves the queue; if it was woken meanwhile, another is.
  void abandon(stream_waiter& lane) noexcept;

  /// A lane has room and has taken no item.
  void give_back_room() noexcept;

  /// A lane with room has found the end of the source.
  void end_source() noexcept;

  /// A lane with room has taken an item; in the order of items. Returns whether
  /// a lane is wanted: there is room, and nobody who comes for it.
  bool took(stream_node& item) noexcept;

  /// The item has its outcome; `item` may be gone after this. Without a value
  /// it is left out of the stream.
  void done(stream_node& item, bool has_value) noexcept;

  // -- for the reader ---------------------------------------------------------

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

  // -- for both ---------------------------------------------------------------

  /// A node to use again; null if there is none.
  stream_node* reuse() noexcept;

  void recycle(stream_node& unused) noexcept;

private:
  bool has_room() const noexcept;
  bool wants_lane() const noexcept;
  void take_room(stream_waiter& lane) noexcept;
  void free_place() noexcept;
  void wake_lane() noexcept;
  void wake_reader() noexcept;
  void append(stream_node& item) noexcept;
  void skip_without_value() noexcept;
  bool readable() const noexcept;

  task_actor& scope_;
  const std::size_t limit_;
  const stream_order order_;
  const bool exclusive_; ///< the source is used by one lane at a time
  mutable runtime::small_mutex lock_;
  std::size_t out_ = 0; ///< see invariant 1
  std::size_t at_work_ = 0; ///< taken, without an outcome
  bool source_used_ = false; ///< by one with room, if it is exclusive
  bool lane_woken_ = false; ///< one has been, and has not come yet
  bool over_ = false; ///< the source is at its end
  group_queue lanes_;
  group_waiter* reader_ = nullptr;
  // By items: all that are out, oldest first; by completion: those with values.
  stream_node* first_ = nullptr;
  stream_node* last_ = nullptr;
  stream_node* unused_ = nullptr;
};

/// The room that a lane has, given back unless it was used.
class stream_room {
public:
  stream_room() = default;

  stream_room(stream_core& core, stream_core::entry what) noexcept
    : core_(what == stream_core::entry::room ? &core : nullptr),
      again_(what == stream_core::entry::again) {
    // nop
  }

  stream_room(stream_room&& other) noexcept
    : core_(std::exchange(other.core_, nullptr)), again_(other.again_) {
    // nop
  }

  stream_room& operator=(stream_room&& other) noexcept {
    std::swap(core_, other.core_);
    std::swap(again_, other.again_);
    return *this;
  }

  ~stream_room() {
    if (core_ != nullptr)
      core_->give_back_room();
  }

  /// Whether there is any.
  explicit operator bool() const noexcept {
    return core_ != nullptr;
  }

  /// Whether there is none yet: to be asked for again.
  bool again() const noexcept {
    return again_;
  }

  void used() noexcept {
    core_ = nullptr;
  }

private:
  stream_core* core_ = nullptr;
  bool again_ = false;
};

/// A lane's wait for room.
class room_awaiter final : public awaiter<room_awaiter> {
public:
  explicit room_awaiter(stream_core& core) noexcept : core_(core) {
    // nop
  }

  ~room_awaiter() {
    if (place_.task != nullptr)
      core_.abandon(place_);
  }

  bool arm(task_actor& task) noexcept {
    task.next(task_actor::step::suspend);
    return !core_.enter(place_, task);
  }

  stream_room await_resume() noexcept {
    place_.task = nullptr; // nothing to abandon
    return {core_, core_.arrive(place_)};
  }

private:
  stream_core& core_;
  stream_waiter place_;
};

/// What `stream_run::room` returns, to be awaited.
struct room_request : awaitable_tag {
  explicit room_request(stream_core& x) noexcept : core(x) {
    // nop
  }

  friend room_awaiter as_awaiter(const room_request& x) noexcept {
    return room_awaiter{x.core};
  }

  stream_core& core;
};

} // namespace axiom::detail
