#include "axiom/coordination/detail/stream_core.hpp"

#include <mutex>
#include <utility>

#include "axiom/error/exception.hpp"

namespace axiom::detail {

// -- lanes
// -----------------------------------------------------------------------

bool stream_core::enter(group_waiter& lane, task_actor& task) noexcept {
  std::lock_guard guard{lock_};
  lane.task = &task;
  if (over_)
    return true;
  if (turn_given_ || out_ == limit_) {
    lanes_.push(lane, task);
    return false;
  }
  turn_given_ = lane.granted = true;
  ++out_;
  return true;
}

void stream_core::abandon(group_waiter& lane) noexcept {
  {
    std::lock_guard guard{lock_};
    if (lane.queued)
      return lanes_.remove(lane);
    if (!lane.granted || over_) // woken for the end of the source
      return;
  }
  give_back_turn();
}

bool stream_core::has_turn() const noexcept {
  // Who does not wait any more was either given the turn, and nobody but him
  // can find the end of the source; or woken for that end.
  std::lock_guard guard{lock_};
  return !over_;
}

void stream_core::give_back_turn() noexcept {
  std::lock_guard guard{lock_};
  turn_given_ = false;
  --out_;
  offer_turn();
}

void stream_core::end_source() noexcept {
  std::lock_guard guard{lock_};
  turn_given_ = false;
  over_ = true;
  --out_;
  while (lanes_.grant_first()) {
    // all of them: invariant 3
  }
  wake_reader();
}

bool stream_core::took(stream_node& item) noexcept {
  std::lock_guard guard{lock_};
  turn_given_ = false;
  ++at_work_;
  item.done = false;
  if (order_ == stream_order::items)
    append(item);
  offer_turn();
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
    --out_;
    offer_turn();
  }
  wake_reader();
}

// -- the reader
// ------------------------------------------------------------------

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
  --out_;
  skip_without_value();
  offer_turn();
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

// -- places
// ----------------------------------------------------------------------

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

void stream_core::offer_turn() noexcept {
  if (turn_given_ || over_ || out_ == limit_ || lanes_.empty())
    return;
  turn_given_ = lanes_.grant_first();
  out_ += turn_given_ ? 1 : 0;
}

bool stream_core::wants_lane() const noexcept {
  return !turn_given_ && !over_ && out_ < limit_;
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
    --out_;
  }
  if (first_ == nullptr)
    last_ = nullptr;
  offer_turn();
}

} // namespace axiom::detail
