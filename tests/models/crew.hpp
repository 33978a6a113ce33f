#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "axiom/runtime/scheduler/idle_set.hpp"
#include "axiom/runtime/scheduler/parker.hpp"
#include "models/checker.hpp"
#include "models/job.hpp"

namespace models {

/// What workers share in a model: who is idle, where they sleep, the jobs, and
/// how many have still to run. Who runs the last one dismisses all, as the
/// scheduler does when it stops; so when a wake-up is lost, somebody sleeps for
/// ever, and the model checker reports a deadlock.
template <std::size_t Workers, std::size_t Jobs, class Orders>
class crew {
public:
  using id = std::uint32_t;
  using parker = axiom::runtime::basic_parker<atomics<Orders>, futex>;

  // -- jobs -------------------------------------------------------------------

  /// Job `i`, ready to be queued.
  job* make(std::size_t i) {
    jobs_[i].fill();
    return &jobs_[i];
  }

  const job* at(std::size_t i) const {
    return &jobs_[i];
  }

  void run(job& x) {
    x.run();
    if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      dismiss();
  }

  /// Runs one of two jobs that wait for each other: somebody else has to run
  /// the other one meanwhile.
  void run_and_meet(job& x) {
    const auto first = &x == &jobs_[0];
    meeting_[first ? 1 : 0].notify();
    meeting_[first ? 0 : 1].wait();
    run(x);
  }

  bool all_ran() const {
    for (auto& x : jobs_)
      if (!x.ran())
        return false;
    return true;
  }

  // -- workers ----------------------------------------------------------------

  /// To be called after a job was queued.
  void announce() {
    if (auto x = idle_.claim())
      parkers_[*x].notify();
  }

  /// Looks for a job until it finds one, or all are dismissed.
  template <class Steps>
  job* find_job(id self, Steps& steps) {
    return dismissed() ? nullptr : idle_.find_job(self, searchers, steps);
  }

  bool dismissed() const {
    return dismissed_.load(std::memory_order_acquire);
  }

  std::size_t parked() const {
    return idle_.parked();
  }

  parker& parker_of(id x) {
    return parkers_[x];
  }

private:
  /// Two may search at a time, however few the model has.
  static constexpr std::size_t searchers = 4;

  void dismiss() {
    dismissed_.store(true, std::memory_order_seq_cst);
    while (auto x = idle_.claim_any())
      parkers_[*x].notify();
  }

  axiom::runtime::idle_set<atomics<Orders>, mutex> idle_;
  std::array<parker, Workers> parkers_;
  std::array<job, Jobs> jobs_;
  std::array<parker, 2> meeting_;
  models::atomic<std::size_t, as_written> left_{Jobs};
  models::atomic<bool, as_written> dismissed_{false};
};

/// A place for one job that anybody may fill and empty; sequentially consistent
/// as all queues are.
class pigeonhole {
public:
  void put(job* x) {
    place_.exchange(x, std::memory_order_seq_cst);
  }

  job* take() {
    return empty() ? nullptr
                   : place_.exchange(nullptr, std::memory_order_acquire);
  }

  bool empty() const {
    return place_.load(std::memory_order_seq_cst) == nullptr;
  }

private:
  models::atomic<job*, as_written> place_{nullptr};
};

} // namespace models
