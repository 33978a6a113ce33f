#include "axiom/coordination/shutdown_guard.hpp"

#include <algorithm>
#include <iostream>
#include <utility>
#include <vector>

#include "axiom/coordination/detail/coordinator_state.hpp"
#include "axiom/error/exception.hpp"
#include "axiom/runtime/host.hpp"

namespace axiom {

namespace {

/// Longer than anybody waits, and no overflow of a clock.
constexpr std::chrono::hours ages{24 * 365};

shutdown_report make_report(runtime::host& host, std::size_t most,
                            runtime::duration waited) {
  shutdown_report result;
  result.waited = waited;
  result.at = host.info().wall_time(host.timers().now());
  result.stopping = host.stopping();
  std::vector<caf::actor_id> coordinators; // their actors
  auto room = most;
  for (auto& [state, root] : detail::live_coordinators(host)) {
    ++result.coordinator_count;
    const auto actor = state->actor_id();
    if (actor)
      coordinators.push_back(*actor);
    if (result.coordinators.size() < most) {
      result.coordinators.push_back(
        {actor, state->open(), state->snapshot(room)});
      room -= result.coordinators.back().tree.tasks.size();
    }
  }
  result.task_count = host.metrics().snapshot().active();
  std::sort(coordinators.begin(), coordinators.end());
  result.actors = host.seen_actors(most, coordinators);
  const auto named =
    coordinators.size() + (result.actors ? result.actors->count : 0);
  const auto counted = host.counted_actors();
  result.unnamed = counted > named ? counted - named : 0;
  return result;
}

void print(const shutdown_report& report) {
  std::clog << "axiom: " + to_string(report) << std::flush;
}

runtime::shutdown_watch& make_watch(runtime::host& host,
                                    shutdown_guard_options options) {
  constexpr auto zero = runtime::duration::zero();
  if (options.patience < zero || options.interval <= zero)
    throw exception{errc::invalid_argument,
                    "a shutdown_guard needs a patience that is not negative, "
                    "and a positive interval"};
  if (!options.sink)
    options.sink = print;
  const runtime::duration interval =
    std::min<runtime::duration>(options.interval, ages);
  const runtime::shutdown_watch::pace pace{
    std::min<runtime::duration>(options.patience, ages), interval,
    std::max<runtime::duration>(interval, defaults::shutdown_longest_interval)};
  return host.add_watch(pace, [&host, most = options.most_listed,
                               sink = std::move(options.sink)](auto waited) {
    sink(make_report(host, most, waited));
  });
}

} // namespace

shutdown_guard::shutdown_guard(caf::actor_system& sys,
                               shutdown_guard_options options)
  : watch_(make_watch(runtime::host::of(sys), std::move(options))) {
  // nop
}

shutdown_guard::~shutdown_guard() {
  watch_.begin();
}

} // namespace axiom
