#pragma once

// The actor systems that workloads run in, as their users would have them. A
// workload makes one before it measures and keeps it for all its runs: starting
// one is no part of any question here.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>
#include <caf/scoped_actor.hpp>

#include "axiom/axiom.hpp"

#include "harness.hpp"

namespace bench {

/// Where an actor that drives a run leaves what came out.
using actor_result = std::promise<timed<std::int64_t>>;

/// Runs an actor of class `Driver`, made from `xs` and an `actor_result`, and
/// gives what it left there when it has ended.
template <class Driver, class... Ts>
timed<std::int64_t> drive_actor(caf::actor_system& sys, const Ts&... xs) {
  actor_result done;
  auto result = done.get_future();
  // Held, since CAF destroys an idle actor that nobody references.
  const auto driver = sys.spawn<Driver>(xs..., std::ref(done));
  caf::scoped_actor {
    sys
    } -> wait_for(driver);
  return result.get();
}

/// The framework with its defaults: scheduler, lifecycle counters, all of it.
class axiom_system {
public:
  /// @param threads number of workers; 0: as many as there are processors
  explicit axiom_system(std::size_t threads = 0)
    : sys_(with_threads(cfg_, threads)) {
    // nop
  }

  caf::actor_system& system() noexcept {
    return sys_;
  }

  const axiom::structured_task_coordinator& coordinator() const noexcept {
    return coordinator_;
  }

  /// Runs `body(task_context&)` as a root task and gives its value. Work that
  /// is measured is driven from there, so that waking this thread, which waits
  /// outside of the system, is in no figure.
  template <class F>
  auto drive(F body) const {
    return coordinator_.create_child_task("driver", std::move(body)).get();
  }

private:
  static axiom::config& with_threads(axiom::config& cfg, std::size_t threads) {
    cfg.axiom.threads = threads;
    return cfg;
  }

  axiom::config cfg_;
  caf::actor_system sys_;
  axiom::structured_task_coordinator coordinator_ =
    axiom::structured_task_coordinator::spawn(sys_, {.name = "bench"});
};

/// CAF on its own, with one of its own schedulers.
class caf_system {
public:
  /// @pre `who` is not `peer::axiom`
  explicit caf_system(peer who) : cfg_(who), sys_(cfg_) {
    // nop
  }

  caf::actor_system& system() noexcept {
    return sys_;
  }

  /// `drive_actor`, until the last actor is gone.
  template <class Driver, class... Ts>
  timed<std::int64_t> drive(const Ts&... xs) {
    const auto result = drive_actor<Driver>(sys_, xs...);
    sys_.await_all_actors_done();
    return result;
  }

private:
  struct config : caf::actor_system_config {
    explicit config(peer who) {
      set("scheduler.policy", who == peer::caf_stealing ? caf::atom("stealing")
                                                        : caf::atom("sharing"));
      // As many as Axiom would take; CAF's default is at least four.
      set("scheduler.max-threads", axiom::runtime::usable_processors());
    }
  };

  config cfg_;
  caf::actor_system sys_;
};

} // namespace bench
