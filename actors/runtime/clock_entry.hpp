#pragma once

// What an actor_clock has pending. Private to it.

#include <cstdint>

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/unordered_set_hook.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/atom.hpp>
#include <caf/group.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message.hpp>
#include <caf/message_id.hpp>

#include "axiom/runtime/small_mutex.hpp"
#include "axiom/runtime/timer_entry.hpp"

namespace axiom::runtime {

class clock_table;
class due_queue;

/// One message that will be delivered at a given time.
class clock_entry : public timer_entry,
                    public boost::intrusive::list_base_hook<> {
public:
  explicit clock_entry(due_queue& when_due) noexcept : when_due_(when_due) {
    // nop
  }

  virtual ~clock_entry();

  /// Called once at most, when nobody else knows this entry any more.
  virtual void deliver() = 0;

  /// Takes this entry out of the table it is in.
  virtual void leave(clock_table& table) noexcept = 0;

  /// Goes to the queue of those that are due.
  void fire() noexcept final;

private:
  due_queue& when_due_;
};

using clock_entry_list =
  boost::intrusive::list<clock_entry,
                         boost::intrusive::constant_time_size<false>>;

/// The entries that have fired and wait to be delivered, first come first. Its
/// lock is a leaf: it is taken with the timer service's lock held.
class due_queue {
public:
  void push(clock_entry& x) noexcept;

  /// @pre `x` is in
  void remove(clock_entry& x) noexcept;

  /// Null if there is none.
  clock_entry* pop() noexcept;

private:
  small_mutex mutex_;
  clock_entry_list entries_;
};

/// A message from the clock to an actor that it may still cancel.
class timeout final : public clock_entry {
public:
  enum class kind : std::uint8_t { ordinary, multi, request };

  /// What a timeout is looked up by.
  struct key {
    caf::actor_id actor;
    kind what;
    std::uint64_t number; // the request's, else the type's

    friend bool operator==(const key&, const key&) = default;
  };

  using hook = boost::intrusive::unordered_set_member_hook<
    boost::intrusive::link_mode<boost::intrusive::normal_link>,
    boost::intrusive::store_hash<true>,
    boost::intrusive::optimize_multikey<true>>;

  timeout(due_queue& when_due, const key& k, std::uint64_t id,
          caf::strong_actor_ptr self) noexcept;

  void deliver() override;
  void leave(clock_table& table) noexcept override;

  const key& lookup_key() const noexcept {
    return key_;
  }

  /// Makes this the timeout number `id` of its type.
  void renumber(std::uint64_t id) noexcept {
    id_ = id;
  }

  hook by_key;
  hook by_actor;

private:
  const key key_;
  std::uint64_t id_;
  caf::strong_actor_ptr self_;
};

/// A message that somebody sent for later.
class delayed_message : public clock_entry {
public:
  using clock_entry::clock_entry;

  void leave(clock_table& table) noexcept final;

  boost::intrusive::list_member_hook<> in_all;
};

class delayed_actor_message final : public delayed_message {
public:
  delayed_actor_message(due_queue& when_due, caf::strong_actor_ptr receiver,
                        caf::mailbox_element_ptr content) noexcept;

  void deliver() override;

private:
  caf::strong_actor_ptr receiver_;
  caf::mailbox_element_ptr content_;
};

class delayed_group_message final : public delayed_message {
public:
  delayed_group_message(due_queue& when_due, caf::group target,
                        caf::strong_actor_ptr sender,
                        caf::message content) noexcept;

  void deliver() override;

private:
  caf::group target_;
  caf::strong_actor_ptr sender_;
  caf::message content_;
};

} // namespace axiom::runtime
