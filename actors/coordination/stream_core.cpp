#include "axiom/coordination/detail/stream_core.hpp"

#include <mutex>
#include <utility>

#include "axiom/error/exception.hpp"

namespace axiom::detail {

// -- lanes --------------------------------------------------------------------

bool stream_core::enter(stream_waiter& lane, task_actor& task) noexcept {
  std::lock_guard guard{lock_};
  lane.task = &task;
  if (over_)
    return true;
  if (!has_room()) {
    lanes_.push(lane, task);
    return false;
  }
  take_room(lane);
  return true;
}

stream_core::entry stream_core::arrive(stream_waiter& lane) noexcept {
  std::lock_guard guard{lock_};
  if (lane.granted) {
    lane_woken_ = false;
    if (!over_ && has_room())
      take_room(lane);
  }
  if (lane.has_room)
    return entry::room;
  return over_ ? entry::over : entry::again;
}

void stream_core::abandon(stream_waiter& lane) noexcept {
  std::lock_guard guard{lock_};
  if (lane.queued) {
    lanes_.remove(lane);
  } else if (lane.granted) {
    lane_woken_ = false;
    wake_lane();
  }
}

void stream_core::give_back_room() noexcept {
  std::lock_guard guard{lock_};
  source_used_ = false;
  free_place();
}

void stream_core::end_source() noexcept {
  std::lock_guard guard{lock_};
  over_ = true;
  --out_;
  while (lanes_.grant_first()) {
    // all of them: invariant 3
  }
  wake_reader();
}

bool stream_core::took(stream_node& item) noexcept {
  std::lock_guard guard{lock_};
  source_used_ = false;
  ++at_work_;
  item.done = false;
  if (order_ == stream_order::items)
    append(item);
  wake_lane();
  return wants_lane();
}

void stream_core::done(stream_node& item, bool has_value) noexcept {
  std::lock_guard guard{lock_};
  --at_work_;
  item.done = true;
  item.has_value = has_value;
  if (order_ == stream_order::items) {
    skip_without_value();
  } else if (has_value) {
    append(item);
  } else {
    item.next = std::exchange(unused_, &item);
    free_place();
  }
  wake_reader();
}

// -- the reader ---------------------------------------------------------------

bool stream_core::await_result(group_waiter& reader, task_actor& task) {
  if (&task != &scope_)
    throw exception{errc::not_in_scope,
                    quoted(task.task_name())
                      + " cannot read from a stream: only the body of "
                      + quoted(scope_.task_name()) + " can"};
  std::lock_guard guard{lock_};
  if (readable())
    return true;
  reader.task = &task;
  reader.epoch = task.state().epoch();
  reader_ = &reader;
  return false;
}

void stream_core::abandon_result(group_waiter& reader) noexcept {
  std::lock_guard guard{lock_};
  if (reader_ == &reader)
    reader_ = nullptr;
}

stream_core::popped stream_core::pop() noexcept {
  std::lock_guard guard{lock_};
  auto* result = first_;
  if (result == nullptr)
    return {nullptr, false};
  first_ = result->next;
  if (first_ == nullptr)
    last_ = nullptr;
  free_place();
  skip_without_value();
  return {result, wants_lane()};
}

bool stream_core::readable() const noexcept {
  return first_ != nullptr ? first_->done : over_ && at_work_ == 0;
}

void stream_core::wake_reader() noexcept {
  if (reader_ != nullptr && readable()) {
    auto* reader = std::exchange(reader_, nullptr);
    reader->task->wake(reader->epoch); // else it is being cancelled
  }
}

// -- places -------------------------------------------------------------------

stream_node* stream_core::reuse() noexcept {
  std::lock_guard guard{lock_};
  if (unused_ == nullptr)
    return nullptr;
  return std::exchange(unused_, unused_->next);
}

void stream_core::recycle(stream_node& unused) noexcept {
  std::lock_guard guard{lock_};
  unused.next = std::exchange(unused_, &unused);
}

bool stream_core::has_room() const noexcept {
  return out_ < limit_ && !source_used_;
}

bool stream_core::wants_lane() const noexcept {
  return !over_ && has_room() && lanes_.empty() && !lane_woken_;
}

void stream_core::take_room(stream_waiter& lane) noexcept {
  lane.has_room = true;
  source_used_ = exclusive_;
  ++out_;
}

void stream_core::free_place() noexcept {
  --out_;
  wake_lane();
}

void stream_core::wake_lane() noexcept {
  if (!lane_woken_ && !over_ && has_room())
    lane_woken_ = lanes_.grant_first();
}

void stream_core::append(stream_node& item) noexcept {
  item.next = nullptr;
  (last_ != nullptr ? last_->next : first_) = &item;
  last_ = &item;
}

void stream_core::skip_without_value() noexcept {
  while (first_ != nullptr && first_->done && !first_->has_value) {
    auto* item = std::exchange(first_, first_->next);
    item->next = std::exchange(unused_, item);
    free_place();
  }
  if (first_ == nullptr)
    last_ = nullptr;
}

} // namespace axiom::detail
