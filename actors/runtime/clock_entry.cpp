#include "runtime/clock_entry.hpp"

#include <mutex>

#include <caf/abstract_actor.hpp>
#include <caf/sec.hpp>
#include <caf/system_messages.hpp>

#include "runtime/clock_table.hpp"

namespace axiom::runtime {

clock_entry::~clock_entry() = default;

void clock_entry::fire() noexcept {
  when_due_.push(*this);
}

// -- those that are due -------------------------------------------------------

void due_queue::push(clock_entry& x) noexcept {
  std::lock_guard guard{mutex_};
  entries_.push_back(x);
}

void due_queue::remove(clock_entry& x) noexcept {
  std::lock_guard guard{mutex_};
  entries_.erase(entries_.iterator_to(x));
}

clock_entry* due_queue::pop() noexcept {
  std::lock_guard guard{mutex_};
  if (entries_.empty())
    return nullptr;
  auto& result = entries_.front();
  entries_.pop_front();
  return &result;
}

// -- timeouts -----------------------------------------------------------------

timeout::timeout(due_queue& when_due, const key& k, std::uint64_t id,
                 caf::strong_actor_ptr self) noexcept
  : clock_entry(when_due), key_(k), id_(id), self_(std::move(self)) {
  // nop
}

void timeout::deliver() {
  auto* self = self_->get();
  if (key_.what == kind::request)
    self->eq_impl(caf::message_id{key_.number}, self_, nullptr,
                  caf::sec::request_timeout);
  else
    self->eq_impl(
      caf::make_message_id(), self_, nullptr,
      caf::timeout_msg{static_cast<caf::atom_value>(key_.number), id_});
}

void timeout::leave(clock_table& table) noexcept {
  table.erase(*this);
}

// -- delayed messages ---------------------------------------------------------

void delayed_message::leave(clock_table& table) noexcept {
  table.erase(*this);
}

delayed_actor_message::delayed_actor_message(
  due_queue& when_due, caf::strong_actor_ptr receiver,
  caf::mailbox_element_ptr content) noexcept
  : delayed_message(when_due),
    receiver_(std::move(receiver)),
    content_(std::move(content)) {
  // nop
}

void delayed_actor_message::deliver() {
  receiver_->enqueue(std::move(content_), nullptr);
}

delayed_group_message::delayed_group_message(due_queue& when_due,
                                             caf::group target,
                                             caf::strong_actor_ptr sender,
                                             caf::message content) noexcept
  : delayed_message(when_due),
    target_(std::move(target)),
    sender_(std::move(sender)),
    content_(std::move(content)) {
  // nop
}

void delayed_group_message::deliver() {
  target_.eq_impl(caf::make_message_id(), std::move(sender_), nullptr,
                  std::move(content_));
}

} // namespace axiom::runtime
