#pragma once

// Jobs that are no actors, which count what becomes of them, for the stress
// tests of schedulers.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/intrusive_ptr.hpp>
#include <caf/ref_counted.hpp>
#include <caf/resumable.hpp>

#include "axiom/config.hpp"
#include "axiom/runtime/host.hpp"
#include "support/policies.hpp"
#include "support/watchdog.hpp"

#include "support.hpp"

namespace stress {

using resume_result = caf::resumable::resume_result;

/// Mixes all bits of `x` into all bits of the result.
inline std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdULL;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return x ^ (x >> 33);
}

class crowd;

/// Counts how often it is handed to the scheduler and how often it runs.
/// Thread-safe, and may run on several workers at once.
class job final : public caf::resumable, public caf::ref_counted {
public:
  job(crowd& owner, std::uint64_t dice) : owner_(&owner), dice_(dice) {
    // nop
  }

  void submit(caf::execution_unit* unit);

  resume_result resume(caf::execution_unit* unit, std::size_t) override;

  void intrusive_ptr_add_ref_impl() override {
    ref();
  }

  void intrusive_ptr_release_impl() override {
    deref();
  }

  /// Whether it ran as often as it was submitted.
  bool balanced() const noexcept {
    return runs_ == submitted_;
  }

private:
  void count_submission();

  crowd* owner_;
  std::uint64_t dice_;
  std::atomic<std::uint64_t> submitted_{0};
  std::atomic<std::uint64_t> runs_{0};
};

/// Jobs that do the same, and may submit each other.
class crowd {
public:
  /// What a run of `self` does; `dice` is drawn anew for each.
  using body = std::function<resume_result(
    crowd& all, job& self, caf::execution_unit* unit, std::uint64_t dice)>;

  crowd(std::size_t size, std::uint64_t stream, body run)
    : run_(std::move(run)) {
    for (std::size_t i = 0; i < size; ++i)
      jobs_.emplace_back(new job{*this, mixed(seed() + stream + i)}, false);
  }

  crowd(const crowd&) = delete;
  crowd& operator=(const crowd&) = delete;

  /// Who the jobs are handed to; before the first is.
  void join(caf::actor_system& sys) {
    host_ = &axiom::runtime::host::of(sys);
  }

  /// The job that `dice` falls on.
  job& any(std::uint64_t dice) {
    return *jobs_[dice % jobs_.size()];
  }

  /// Whether all that was submitted has run, and, if nobody outside submits
  /// any more, nothing will be. (A run submits before it counts as finished; so
  /// the numbers are equal only when none is on its way.)
  bool quiet() const noexcept {
    auto finished = finished_.load();
    return submitted_ == finished;
  }

  bool balanced() const {
    return std::all_of(jobs_.begin(), jobs_.end(),
                       [](auto& x) { return x->balanced(); });
  }

  /// Whether nobody else refers to any of the jobs.
  bool given_back() const {
    return std::all_of(jobs_.begin(), jobs_.end(),
                       [](auto& x) { return x->unique(); });
  }

private:
  friend class job;

  body run_;
  axiom::runtime::host* host_ = nullptr;
  std::atomic<std::uint64_t> submitted_{0};
  std::atomic<std::uint64_t> finished_{0};
  std::vector<caf::intrusive_ptr<job>> jobs_;
};

inline void job::submit(caf::execution_unit* unit) {
  count_submission();
  ref(); // for the scheduler
  owner_->host_->submit(this, unit);
}

inline resume_result job::resume(caf::execution_unit* unit, std::size_t) {
  auto run = runs_++;
  auto result = owner_->run_(*owner_, *this, unit, mixed(dice_ + run));
  if (result == resume_later) // which keeps the reference
    count_submission();
  ++owner_->finished_;
  return result;
}

inline void job::count_submission() {
  ++submitted_;
  ++owner_->submitted_;
}

/// An actor system that runs nothing but jobs.
class workers {
public:
  explicit workers(const test::placement& where)
    : watchdog_("stress_scheduler, " + to_string(where)) {
    config_.axiom.scheduler = where.policy.value;
    config_.axiom.threads = where.workers;
    system_.emplace(config_);
  }

  caf::actor_system& system() noexcept {
    return *system_;
  }

  void stop() {
    system_.reset();
  }

private:
  test::watchdog watchdog_;
  axiom::config config_;
  std::optional<caf::actor_system> system_;
};

} // namespace stress
