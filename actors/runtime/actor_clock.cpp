#include "axiom/runtime/actor_clock.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

#include <caf/abstract_actor.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message_id.hpp>

#include "runtime/clock_entry.hpp"
#include "runtime/clock_table.hpp"

namespace axiom::runtime {

/// Locks, in the order in which they are taken: `mutex_`, the timer service's,
/// the due queue's. The table owns what is in it; whoever takes an entry out
/// owns it then, and lets it go without a lock.
class actor_clock::state final : public timer_listener {
public:
  explicit state(timer_service& timers) : timers_(timers) {
    timers_.listen(this);
  }

  // -- properties -------------------------------------------------------------

  time_point now() const noexcept {
    return timers_.now();
  }

  std::size_t pending() const {
    std::lock_guard guard{mutex_};
    return table_.size();
  }

  // -- modifiers --------------------------------------------------------------

  /// Makes an `Entry` and arms it, unless stopped.
  template <class Entry, class... Ts>
  void add(time_point t, Ts&&... xs) {
    auto entry = std::make_unique<Entry>(due_, std::forward<Ts>(xs)...);
    std::lock_guard guard{mutex_};
    if (!stopped_)
      insert(t, entry);
  }

  /// The same for a timeout that replaces the one with its key.
  void replace(time_point t, const timeout::key& key, std::uint64_t id,
               caf::abstract_actor* self) {
    std::unique_ptr<timeout> entry;
    std::lock_guard guard{mutex_};
    if (stopped_)
      return;
    if (auto* old = table_.find(key)) {
      disarm(*old);
      old->renumber(id);
      timers_.arm(*old, t);
    } else {
      entry = std::make_unique<timeout>(due_, key, id, self->ctrl());
      insert(t, entry);
    }
  }

  void cancel(const timeout::key& key) noexcept {
    std::unique_ptr<timeout> cancelled;
    std::lock_guard guard{mutex_};
    if (auto* x = table_.find(key)) {
      remove(*x);
      cancelled.reset(x);
    }
  }

  void cancel_all_of(caf::actor_id actor) noexcept {
    // Every actor comes by when it ends, and most have nothing here. Relaxed
    // will do: what an actor has here was counted before, in its own order of
    // events.
    if (timeouts_.load(std::memory_order_relaxed) == 0)
      return;
    clock_entry_list cancelled;
    {
      std::lock_guard guard{mutex_};
      while (auto* x = table_.any_of(actor)) {
        remove(*x);
        cancelled.push_back(*x);
      }
    }
    release(cancelled);
  }

  void cancel_all() noexcept {
    clock_entry_list cancelled;
    {
      std::lock_guard guard{mutex_};
      table_.drain([&](clock_entry* x) {
        disarm(*x);
        cancelled.push_back(*x);
      });
      count_timeouts();
    }
    release(cancelled);
  }

  void stop() noexcept {
    {
      std::lock_guard guard{mutex_};
      if (std::exchange(stopped_, true))
        return;
    }
    cancel_all();
    timers_.listen(nullptr); // waits for a delivery that has begun
  }

  // -- implementation of timer_listener ---------------------------------------

  void after_batch() noexcept override {
    while (auto x = take_due())
      x->deliver();
  }

private:
  template <class Entry>
  void insert(time_point t, std::unique_ptr<Entry>& entry) {
    timers_.arm(*entry, t); // may throw; if it fires at once, it waits for us
    table_.insert(*entry.release());
    count_timeouts();
  }

  /// Takes out `x`, which is then the caller's.
  void remove(timeout& x) noexcept {
    disarm(x);
    table_.erase(x);
    count_timeouts();
  }

  /// After this `x` will not fire and is not due.
  void disarm(clock_entry& x) noexcept {
    if (!timers_.cancel(x))
      due_.remove(x);
  }

  std::unique_ptr<clock_entry> take_due() noexcept {
    std::lock_guard guard{mutex_};
    std::unique_ptr<clock_entry> result{due_.pop()};
    if (result != nullptr) {
      result->leave(table_);
      count_timeouts();
    }
    return result;
  }

  void count_timeouts() noexcept {
    timeouts_.store(table_.timeouts(), std::memory_order_relaxed);
  }

  static void release(clock_entry_list& xs) noexcept {
    xs.clear_and_dispose(std::default_delete<clock_entry>{});
  }

  timer_service& timers_;
  mutable std::mutex mutex_;
  clock_table table_; // guarded by mutex_
  bool stopped_ = false; // guarded by mutex_
  due_queue due_;
  std::atomic<std::size_t> timeouts_{0};
};

namespace {

timeout::key key_of(caf::abstract_actor* self, timeout::kind what,
                    caf::atom_value type) noexcept {
  return {self->id(), what, static_cast<std::uint64_t>(type)};
}

timeout::key key_of(caf::abstract_actor* self, caf::message_id id) noexcept {
  return {self->id(), timeout::kind::request, id.integer_value()};
}

} // namespace

// -- construction and end -----------------------------------------------------

actor_clock::actor_clock(timer_service& timers)
  : state_(std::make_unique<state>(timers)) {
  // nop
}

actor_clock::~actor_clock() {
  stop();
}

void actor_clock::stop() {
  state_->stop();
}

// -- properties ---------------------------------------------------------------

time_point actor_clock::now() const noexcept {
  return state_->now();
}

std::size_t actor_clock::pending() const {
  return state_->pending();
}

// -- timeouts -----------------------------------------------------------------

void actor_clock::set_ordinary_timeout(time_point t, caf::abstract_actor* self,
                                       caf::atom_value type, std::uint64_t id) {
  state_->replace(t, key_of(self, timeout::kind::ordinary, type), id, self);
}

void actor_clock::set_multi_timeout(time_point t, caf::abstract_actor* self,
                                    caf::atom_value type, std::uint64_t id) {
  state_->add<timeout>(t, key_of(self, timeout::kind::multi, type), id,
                       self->ctrl());
}

void actor_clock::set_request_timeout(time_point t, caf::abstract_actor* self,
                                      caf::message_id id) {
  state_->add<timeout>(t, key_of(self, id), std::uint64_t{0}, self->ctrl());
}

void actor_clock::cancel_ordinary_timeout(caf::abstract_actor* self,
                                          caf::atom_value type) {
  state_->cancel(key_of(self, timeout::kind::ordinary, type));
}

void actor_clock::cancel_request_timeout(caf::abstract_actor* self,
                                         caf::message_id id) {
  state_->cancel(key_of(self, id));
}

void actor_clock::cancel_timeouts(caf::abstract_actor* self) {
  state_->cancel_all_of(self->id());
}

// -- messages -----------------------------------------------------------------

void actor_clock::schedule_message(time_point t, caf::strong_actor_ptr receiver,
                                   caf::mailbox_element_ptr content) {
  state_->add<delayed_actor_message>(t, std::move(receiver),
                                     std::move(content));
}

void actor_clock::schedule_message(time_point t, caf::group target,
                                   caf::strong_actor_ptr sender,
                                   caf::message content) {
  state_->add<delayed_group_message>(t, std::move(target), std::move(sender),
                                     std::move(content));
}

void actor_clock::cancel_all() {
  state_->cancel_all();
}

} // namespace axiom::runtime
