#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "axiom/runtime/scheduler/atomics.hpp"

namespace axiom::runtime {

/// One worker's ready jobs of one level: the owner pushes and pops at the
/// bottom, last in first out; thieves take the oldest from the top.
///
/// The problem: nearly all pushes and pops are the owner's and should cost what
/// an array costs, and yet every idle worker must be able to help itself. This
/// is the dynamic circular deque of D. Chase and Y. Lev (SPAA 2005) with the
/// memory orders proved by N. M. Lê, A. Pop, A. Cohen and F. Zappa Nardelli
/// (PPoPP 2013), but for one thing: where they put sequentially consistent
/// fences, the accesses next to the fence are sequentially consistent here.
/// On x86 that is the same instruction, and ThreadSanitizer, which does not see
/// fences, sees these.
///
/// Invariants:
/// 1. `top_` only grows. A job belongs to whoever moved `top_` past it, or, if
///    there are others above it, to the owner that moved `bottom_` below it.
/// 2. The jobs are at the indexes `top_ <= i < bottom_`, each in place
///    `i mod capacity` of the newest ring.
/// 3. A ring that was outgrown is never written again and lives as long as the
///    deque: a thief may still read a job there, which it then gets only if
///    `top_` has not moved, so only if the copy in the new ring is the same.
///
/// Thread safety: `push` and `pop` are for the owner, the rest for anybody.
/// All operations are O(1), `push` amortised. The deque owns no jobs: empty it
/// before its end.
///
/// @tparam Atomics see std_atomics
template <class T, class Atomics = std_atomics>
class work_deque {
public:
  /// @param capacity of the first ring, a power of two
  explicit work_deque(std::size_t capacity = 256) {
    ring_.store(add_ring(capacity), std::memory_order_relaxed);
  }

  work_deque(const work_deque&) = delete;
  work_deque& operator=(const work_deque&) = delete;

  /// Adds `job` at the bottom. When this returns, a thread whose later
  /// sequentially consistent operation precedes the push in their single order
  /// (as "I go to sleep" does) is either seen by the owner's next sequentially
  /// consistent load, or finds the job: see idle_set.
  void push(T* job) {
    const auto bottom = bottom_.load(std::memory_order_relaxed); // ours
    // Acquire: the thief that moved top_ has read its job before we overwrite
    // its place.
    const auto top = top_.load(std::memory_order_acquire);
    auto* ring = ring_.load(std::memory_order_relaxed); // ours
    if (bottom - top >= ring->capacity())
      ring = grow(*ring, top, bottom);
    ring->put(bottom, job);
    // Release, for the job; sequentially consistent, for idle_set.
    bottom_.store(bottom + 1, std::memory_order_seq_cst);
  }

  /// Takes the job pushed last; null if there is none.
  T* pop() noexcept {
    const auto bottom = bottom_.load(std::memory_order_relaxed) - 1; // ours
    // What is empty for this load stays empty, since only we push: the common
    // case needs no barrier.
    if (top_.load(std::memory_order_relaxed) > bottom)
      return nullptr;
    auto* ring = ring_.load(std::memory_order_relaxed); // ours
    // The store must not pass the load, else a thief and we could both take
    // the last job, each having seen the other's old index.
    bottom_.store(bottom, std::memory_order_seq_cst);
    auto top = top_.load(std::memory_order_seq_cst);
    if (top < bottom)
      return ring->get(bottom); // invariant 1: nobody comes down to here
    T* result = nullptr;
    if (top == bottom) {
      // The last one: the thieves' rules decide. A failure needs no order, for
      // nothing is read after it.
      result = ring->get(bottom);
      if (!top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                        std::memory_order_relaxed))
        result = nullptr;
    }
    bottom_.store(bottom + 1, std::memory_order_release);
    return result;
  }

  /// Takes the oldest job. Null if there is none, or if somebody else took it
  /// at the same moment: ask `empty` whether to try again.
  T* steal() noexcept {
    auto top = top_.load(std::memory_order_seq_cst);
    // After top_ (both are in the single order): see pop. Acquire: for the job.
    const auto bottom = bottom_.load(std::memory_order_seq_cst);
    if (top >= bottom)
      return nullptr;
    auto* ring = ring_.load(std::memory_order_acquire); // for its contents
    // To be read before the exchange: afterwards the place may be overwritten.
    auto* result = ring->get(top);
    if (!top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                      std::memory_order_relaxed))
      return nullptr;
    return result;
  }

  /// How many jobs there are; exact for the owner while nobody steals.
  std::size_t size() const noexcept {
    const auto top = top_.load(std::memory_order_seq_cst);
    const auto bottom = bottom_.load(std::memory_order_seq_cst);
    return bottom > top ? static_cast<std::size_t>(bottom - top) : 0;
  }

  bool empty() const noexcept {
    return size() == 0;
  }

private:
  template <class U>
  using atomic = typename Atomics::template atomic<U>;

  /// Signed, since pop moves below zero for a moment.
  using index = std::int64_t;

  class ring {
  public:
    explicit ring(std::size_t capacity)
      : mask_(static_cast<index>(capacity) - 1),
        places_(new atomic<T*>[capacity]) {
      // nop
    }

    index capacity() const noexcept {
      return mask_ + 1;
    }

    // Relaxed: the indexes order everything.
    T* get(index i) const noexcept {
      return place(i).load(std::memory_order_relaxed);
    }

    void put(index i, T* job) noexcept {
      place(i).store(job, std::memory_order_relaxed);
    }

  private:
    atomic<T*>& place(index i) const noexcept {
      return places_[static_cast<std::size_t>(i & mask_)];
    }

    const index mask_;
    const std::unique_ptr<atomic<T*>[]> places_;
  };

  ring* add_ring(std::size_t capacity) {
    rings_.push_back(std::make_unique<ring>(capacity));
    return rings_.back().get();
  }

  ring* grow(const ring& from, index top, index bottom) {
    auto* result = add_ring(2 * static_cast<std::size_t>(from.capacity()));
    for (auto i = top; i < bottom; ++i)
      result->put(i, from.get(i));
    ring_.store(result, std::memory_order_release); // with its contents
    return result;
  }

  // Apart, since thieves write the one and the owner the other.
  alignas(64) atomic<index> top_{0};
  alignas(64) atomic<index> bottom_{0};
  atomic<ring*> ring_{nullptr};
  std::vector<std::unique_ptr<ring>> rings_; ///< the owner's; the last is in use
};

} // namespace axiom::runtime
