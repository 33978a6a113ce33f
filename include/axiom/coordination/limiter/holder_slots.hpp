#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "axiom/coordination/limiter/permits.hpp"
#include "axiom/runtime/timer_entry.hpp"

namespace axiom::detail {

class key_part;
class limiter_state;
class task_actor;

/// Where it is written down that somebody holds permits, and what it takes to
/// give them back.
///
/// `taken`, `holder` and `weight` may be read by anybody. The rest belongs to
/// whoever has the permits.
struct holder_slot {
  std::atomic<bool> taken{false};

  /// How the holder would have a sample of an adaptive limit counted.
  enum class sample : std::uint8_t { counted, dropped, ignored };
  sample sampled_as = sample::counted;

  std::atomic<permit_count> weight{0};

  /// Null if no task is known to hold them.
  std::atomic<const task_actor*> holder{nullptr};

  limiter_state* limiter = nullptr;
  key_part* part = nullptr; ///< of a keyed limiter
  permit_count in_flight = 0; ///< permits in use when these were taken
  runtime::time_point taken_at{}; ///< for an adaptive limit only
};

/// The slots that one thread has written, of one limiter.
///
/// The problem: it has to be known who holds permits, for a deadlock to be
/// found and for a dead holder to be forgotten; and to take one that is there
/// must cost no locked instruction besides the one that takes it. So each
/// thread has slots of its own: it alone takes one into use, with plain stores,
/// and whoever gives the permits back, on any thread, says so in the slot, with
/// a store.
///
/// Invariants:
/// 1. Only the owning thread turns `taken` from false to true. Only whoever has
///    the permits turns it back.
/// 2. A slot is written after its permits were taken and cleared before they
/// are
///    given back. So a slot that is seen with the limiter's word frozen belongs
///    to somebody who cannot have given the permits back before the word thaws;
///    and the task in it, which cannot end with its slot written, is alive that
///    long. (Permits may be taken and not written down yet; their holder runs.)
///
/// Taking a slot goes round the ring of them from where it stopped last, so it
/// is one look where permits come and go in order, and O(1) on average, as
/// there are more slots than are in use. Slots are never given back before the
/// end: there are up to twice as many as were in use at a time.
class holder_slots {
public:
  holder_slots() = default;
  holder_slots(const holder_slots&) = delete;
  holder_slots& operator=(const holder_slots&) = delete;

  ~holder_slots() {
    for (auto* x = chunks_.load(std::memory_order_relaxed); x != nullptr;)
      delete std::exchange(x, x->next);
  }

  /// Takes a slot into use; for the owning thread. May throw `std::bad_alloc`.
  holder_slot& take(limiter_state& limiter, permit_count weight,
                    const task_actor* holder) {
    auto& result = next_free();
    result.limiter = &limiter;
    result.sampled_as = holder_slot::sample::counted;
    result.part = nullptr;
    result.weight.store(weight, std::memory_order_relaxed);
    result.taken.store(true, std::memory_order_relaxed);
    // Who sees the holder sees the weight too.
    result.holder.store(holder, std::memory_order_release);
    // Only this thread writes it: an addition would cost a locked instruction.
    count_.store(count_.load(std::memory_order_relaxed) + 1,
                 std::memory_order_relaxed);
    return result;
  }

  /// Clears a slot, of whatever thread.
  static void clear(holder_slot& x) noexcept {
    x.holder.store(nullptr, std::memory_order_relaxed);
    // Release: what was read from the slot was read before it is taken again.
    x.taken.store(false, std::memory_order_release);
  }

  /// How many were ever taken.
  std::uint64_t count() const noexcept {
    return count_.load(std::memory_order_relaxed);
  }

  /// Calls `f(slot)` for each in use whose holder is known, until it returns
  /// false. Returns whether it never did.
  template <class F>
  bool for_each_held(F f) {
    for (auto* x = chunks_.load(std::memory_order_acquire); x != nullptr;
         x = x->next)
      for (std::size_t i = 0; i < x->size; ++i)
        if (x->slots[i].holder.load(std::memory_order_acquire) != nullptr
            && !f(x->slots[i]))
          return false;
    return true;
  }

private:
  static constexpr std::size_t first_size = 8;

  /// So many are looked at before there is need for more, however many there
  /// are.
  static constexpr std::size_t most_looked_at = 64;

  struct chunk {
    chunk(std::size_t n, chunk* behind)
      : size(n), slots(new holder_slot[n]), next(behind) {
      // nop
    }

    const std::size_t size;
    const std::unique_ptr<holder_slot[]> slots;
    chunk* const next;
  };

  holder_slot& next_free() {
    for (std::size_t looked = 0; looked < most_looked_at && looked <= total_;
         ++looked) {
      if (here_ != nullptr) {
        auto& x = here_->slots[at_];
        // Acquire: see `clear`.
        if (!x.taken.load(std::memory_order_acquire))
          return x;
      }
      advance();
    }
    auto* first = chunks_.load(std::memory_order_relaxed);
    auto* fresh = new chunk(total_ == 0 ? first_size : total_, first);
    total_ += fresh->size;
    chunks_.store(fresh, std::memory_order_release);
    here_ = fresh;
    at_ = 0;
    return fresh->slots[0];
  }

  void advance() noexcept {
    if (here_ != nullptr && ++at_ < here_->size)
      return;
    here_ = here_ != nullptr ? here_->next : nullptr;
    if (here_ == nullptr)
      here_ = chunks_.load(std::memory_order_relaxed);
    at_ = 0;
  }

  std::atomic<chunk*> chunks_{nullptr};
  std::atomic<std::uint64_t> count_{0};
  // The owning thread's.
  chunk* here_ = nullptr;
  std::size_t at_ = 0;
  std::size_t total_ = 0;
};

} // namespace axiom::detail
