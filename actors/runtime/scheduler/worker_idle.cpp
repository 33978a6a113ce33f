// A worker without a job: how it searches, sleeps, and looks after the slots of
// those that work. When it does which is said in idle_set and slot_watch.

#include <algorithm>
#include <chrono>
#include <optional>

#include "axiom/runtime/scheduler/level_order.hpp"
#include "axiom/runtime/scheduler/scheduler_module.hpp"
#include "axiom/runtime/scheduler/worker.hpp"
#include "axiom/runtime/spin.hpp"

namespace axiom::runtime {

namespace {

/// How often an idle worker looks everywhere before it parks, pausing a little
/// longer each time: some microseconds in all, the time that a wake-up takes.
constexpr int search_rounds = 12;

/// How often the watch looks at the slots.
constexpr std::chrono::milliseconds watch_period{1};

} // namespace

/// The steps of idle_set::find_job and slot_watch::keep.
class worker::idler {
public:
  explicit idler(worker& self) noexcept : self_(self), parent_(self.parent_) {
    // nop
  }

  // -- of find_job ------------------------------------------------------------

  caf::resumable* search() {
    look_at_slots();
    for (int round = 0; round < search_rounds && !dismissed(); ++round) {
      for (auto ready = parent_.shared().levels(); ready != 0;) {
        const auto level = level_to_serve(ready, 1);
        if (auto* job = self_.take_shared(level))
          return job;
        ready &= ~(1U << level);
      }
      if (auto* job = self_.raid())
        return job;
      spin(round < 6 ? 1 << round : 64);
    }
    return take_stuck_slot();
  }

  bool any_job() const noexcept {
    return parent_.any_job();
  }

  bool dismissed() const noexcept {
    return self_.dismissed();
  }

  caf::resumable* sleep() {
    self_.state_.store(worker_state::parked, std::memory_order_relaxed);
    bump(self_.parks_);
    std::optional<caf::resumable*> woken;
    if (parent_.active() > 1)
      woken = parent_.watch().keep(*this);
    if (!woken)
      self_.parker_.wait();
    self_.state_.store(worker_state::searching, std::memory_order_relaxed);
    return woken.value_or(nullptr);
  }

  bool any_left() const noexcept {
    return parent_.any_job() || (parent_.watch().vacant() && any_slot());
  }

  void announce() {
    parent_.announce();
  }

  // -- of keep ----------------------------------------------------------------

  static constexpr int patience = 8;

  std::optional<caf::resumable*> nap() {
    look_at_slots();
    if (self_.parker_.wait(watch_period))
      return nullptr;
    if (auto* job = take_stuck_slot())
      return job;
    return std::nullopt;
  }

  bool at_rest() const noexcept {
    return parent_.idle().parked() >= parent_.active();
  }

  bool any_slot() const noexcept {
    auto all = parent_.started();
    return std::any_of(all.begin(), all.end(), [](auto& x) {
      return x->slot_.load(std::memory_order_seq_cst) != nullptr;
    });
  }

private:
  void look_at_slots() {
    auto& seen = self_.seen_;
    seen.clear();
    for (auto& x : parent_.started())
      seen.push_back({x->slot_.load(std::memory_order_relaxed),
                      x->picks_.load(std::memory_order_relaxed)});
  }

  /// Takes a job that has been in its slot since `look_at_slots`, behind the
  /// same running job.
  caf::resumable* take_stuck_slot() {
    auto all = parent_.started();
    for (std::size_t i = 0; i < self_.seen_.size(); ++i) {
      auto [job, picks] = self_.seen_[i];
      auto& victim = *all[i];
      // Another job of the same address would be as good. Acquire: for the job.
      if (job != nullptr && &victim != &self_
          && victim.picks_.load(std::memory_order_relaxed) == picks
          && victim.slot_.compare_exchange_strong(job, nullptr,
                                                  std::memory_order_acquire,
                                                  std::memory_order_relaxed)) {
        bump(self_.stolen_);
        return job;
      }
    }
    return nullptr;
  }

  worker& self_;
  scheduler_module& parent_;
};

caf::resumable* worker::idle() {
  rest(worker_state::searching);
  idler steps{*this};
  auto* job = parent_.idle().find_job(id_, parent_.active(), steps);
  work();
  return job;
}

} // namespace axiom::runtime
