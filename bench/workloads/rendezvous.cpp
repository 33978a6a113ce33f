// How fast do two CAF actors talk under the scheduler that Axiom brings?
//
// One actor sends a request, waits for the response, sends the next, 200,000
// times. Both are ordinary event-based actors, and no task is near: the
// question is what an application's actors gain or lose by moving to
// `axiom::config`. Either both stay on one worker, or each message crosses to
// the other one, as the scheduler has it. Nanoseconds a round trip.
//
// What matters: the peers beside each other. An Axiom that is slower than CAF's
// better scheduler is a price its users' actors pay.

#include <cstdint>
#include <utility>

#include <caf/event_based_actor.hpp>

#include "systems.hpp"
#include "workloads.hpp"

namespace bench {

namespace {

caf::behavior server() {
  return {[](std::int64_t x) { return x + 1; }};
}

/// Has the server count to `rounds`.
class client : public caf::event_based_actor {
public:
  client(caf::actor_config& cfg, caf::actor server, std::int64_t rounds,
         actor_result& done)
    : caf::event_based_actor(cfg),
      server_(std::move(server)),
      rounds_(rounds),
      done_(done) {
    // nop
  }

  caf::behavior make_behavior() override {
    start_ = clock_type::now();
    ask(0);
    return {};
  }

private:
  void ask(std::int64_t count) {
    ++asked_;
    request(server_, caf::infinite, count).then([this](std::int64_t next) {
      if (asked_ < rounds_)
        return ask(next);
      done_.set_value({clock_type::now() - start_, next});
    });
  }

  const caf::actor server_;
  const std::int64_t rounds_;
  actor_result& done_;
  clock_type::time_point start_;
  std::int64_t asked_ = 0;
};

void measure_in(const experiment& run, caf::actor_system& sys) {
  const auto n = run.scaled(200'000);
  const auto echo = sys.spawn(server);
  run.report(n, "ns_per_op", run.measure([&] {
    const auto got = drive_actor<client>(sys, echo, n);
    require(got.value == n, "count");
    return nanoseconds{got.time}.count() / static_cast<double>(n);
  }));
}

} // namespace

void rendezvous(const experiment& run) {
  if (run.who() == peer::axiom) {
    axiom_system env;
    measure_in(run, env.system());
  } else {
    caf_system env{run.who()};
    measure_in(run, env.system());
  }
}

} // namespace bench
