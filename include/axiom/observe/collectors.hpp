#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "axiom/coordination/limiter_stats.hpp"
#include "axiom/error/circuit_state.hpp"
#include "axiom/error/supervisor_stats.hpp"
#include "axiom/resource/memory_pressure_stats.hpp"
#include "axiom/resource/pool_stats.hpp"
#include "axiom/resource/resource_stats.hpp"
#include "axiom/runtime/metrics.hpp"
#include "axiom/runtime/scheduler_stats.hpp"

namespace prometheus {

class Collectable;

} // namespace prometheus

namespace axiom::observe {

/// Where the numbers of a scrape come from, such as
/// `[&sys] { return runtime::snapshot_metrics(sys); }`. Called on the thread
/// that scrapes; has to stay valid as long as the collector.
using metrics_provider = std::function<runtime::metrics_snapshot()>;

/// Makes the families of the framework from one snapshot a scrape:
///
/// - `axiom_tasks_created_total`
/// - `axiom_tasks_finished_total{outcome="completed|failed|cancelled"}`
/// - `axiom_errors_total{code}`: of the failed ones, by the name of their
///   `errc`, whose number is bounded; "foreign" for errors of another category.
///   (An exception that is not of Axiom has the code `unhandled_exception`.)
///   One that a parent fails with in turn counts for both.
/// - `axiom_retries_total`
/// - `axiom_retries_refused_total`: those that a budget did not pay for
/// - `axiom_tasks_active`
/// - `axiom_cancellation_seconds` (histogram: request to last acknowledgement)
/// - `axiom_cancellations_overdue_total`
/// - `axiom_build_info{version,caf}`
///
/// Thread-safe as far as the provider is.
std::shared_ptr<prometheus::Collectable> make_task_collector(
  metrics_provider provider);

/// Where the scheduler's figures come from, such as
/// `[&sys] { return runtime::host::of(sys).stats(); }`; see metrics_provider.
using scheduler_provider = std::function<runtime::scheduler_stats()>;

/// Makes the families of the scheduler from one look at it a scrape:
///
/// - `axiom_scheduler_workers{state="running|searching|parked|retired"}`
/// - `axiom_scheduler_jobs_total`
/// - `axiom_scheduler_steals_total`
/// - `axiom_scheduler_parks_total`
/// - `axiom_scheduler_busy_seconds_total`
/// - `axiom_scheduler_queued_jobs{level="background|low|medium|high"}`
///
/// CAF's own policies count nothing of this: under them there are no such
/// families, rather than zeros that look like an idle scheduler.
///
/// Thread-safe as far as the provider is.
std::shared_ptr<prometheus::Collectable> make_scheduler_collector(
  scheduler_provider provider);

/// Where the limiters' figures come from, such as
/// `[&sys] { return all_limiter_stats(sys); }`; see metrics_provider.
using limiter_provider = std::function<std::vector<limiter_stats>()>;

/// Makes the families of the limiters from one look at each a scrape:
///
/// - `axiom_limiter_permits{limiter,state="in_use|limit"}`
/// - `axiom_limiter_waiting{limiter}`
/// - `axiom_limiter_wait_seconds{limiter}` (histogram: of granted requests;
/// those
///   that did not have to wait count as 0)
/// - `axiom_limiter_timeouts_total{limiter}`
/// - `axiom_limiter_deadlocks_refused_total{limiter}`
///
/// Limiters of one name are summed. Thread-safe as far as the provider is.
std::shared_ptr<prometheus::Collectable> make_limiter_collector(
  limiter_provider provider);

/// Where the resource monitors' figures come from, such as
/// `[&sys] { return all_resource_stats(sys); }`; see metrics_provider.
using resource_provider = std::function<std::vector<resource_stats>()>;

/// Makes the families of the resource monitors from one look at each a scrape:
///
/// - `axiom_resource_units{resource,state="in_use|capacity"}`: bytes of memory,
///   cores, pieces of whatever else
/// - `axiom_resource_waiting{resource}`
/// - `axiom_resource_wait_seconds` (histogram: of granted requests; those that
///   did not have to wait count as 0)
/// - `axiom_resource_timeouts_total`
/// - `axiom_resource_deadlocks_refused_total`
///
/// The monitors are summed. Thread-safe as far as the provider is.
std::shared_ptr<prometheus::Collectable> make_resource_collector(
  resource_provider provider);
/// Where the figures about memory pressure come from, such as
/// `[&sys] { return all_memory_pressure_stats(sys); }`; see metrics_provider.
using memory_pressure_provider =
  std::function<std::vector<memory_pressure_stats>()>;

/// Makes the families of memory pressure from one look at it a scrape:
///
/// - `axiom_memory_pressure_level` (gauge: 0 normal, 1 warning, 2 critical)
/// - `axiom_memory_pressure_stage` (gauge: 0 none, 1 shrink, 2 serialise)
/// - `axiom_memory_pressure_headroom_bytes` (only where a limit is known)
/// - `axiom_memory_pressure_entered_total{level="normal|warning|critical"}`
/// - `axiom_memory_pressure_steps_total{step="level|shrink|serialise|shed|
///   unserialise|regrow|source_lost|source_back"}`
/// - `axiom_memory_pressure_readings_total`
/// - `axiom_memory_pressure_shed_tasks_total` (sheddable tasks)
/// - `axiom_memory_pressure_cancelled_tasks_total` (with all below them)
/// - `axiom_memory_pressure_sources_unreadable` (gauge)
/// - `axiom_memory_pressure_relief_failures_total`
///
/// Of several, which one system has no use for, the highest level and stage
/// count, the least headroom, and the sums of the rest. None of the families
/// where nobody measures. Thread-safe as far as the provider is.
std::shared_ptr<prometheus::Collectable> make_memory_pressure_collector(
  memory_pressure_provider provider);
/// Where the pools' figures come from, such as
/// `[&sys] { return all_pool_stats(sys); }`; see metrics_provider.
using pool_provider = std::function<std::vector<pool_stats>()>;

/// Makes the families of the pools from one look at each a scrape:
///
/// - `axiom_pool_objects{pool,state="idle|in_use|creating|limit"}`
/// - `axiom_pool_waiting{pool}`
/// - `axiom_pool_wait_seconds{pool}` (histogram: of requests that were let in;
///   those that did not have to wait count as 0)
/// - `axiom_pool_created_total{pool}`
/// - `axiom_pool_destroyed_total{pool}`
/// - `axiom_pool_failed_creations_total{pool}`
/// - `axiom_pool_unhealthy_total{pool}`
///
/// Pools of one name are summed. Thread-safe as far as the provider is.
std::shared_ptr<prometheus::Collectable> make_pool_collector(
  pool_provider provider);

/// Where the supervisors' figures come from, such as
/// `[&sys] { return all_supervisor_stats(sys); }`; see metrics_provider.
using supervisor_provider = std::function<std::vector<supervisor_stats>()>;

/// Makes the families of the supervisors from one look at each a scrape:
///
/// - `axiom_supervisor_children{supervisor,state="active|inactive"}`
/// - `axiom_supervisor_starts_total{supervisor}`
/// - `axiom_supervisor_restarts_total{supervisor}`
/// - `axiom_supervisor_child_errors_total{supervisor}`
///
/// Supervisors of one name are summed. One that was restarted itself counts
/// from 0. Thread-safe as far as the provider is.
std::shared_ptr<prometheus::Collectable> make_supervisor_collector(
  supervisor_provider provider);

/// Where the circuit breakers' figures come from, such as
/// `[&sys] { return all_circuit_stats(sys); }`; see metrics_provider.
using circuit_provider = std::function<std::vector<circuit_stats>()>;

/// So many names of circuit breakers have lines of their own; the others share
/// those of this name.
inline constexpr std::size_t max_circuit_labels = 100;
inline constexpr std::string_view other_circuits = "(others)";

/// Makes the families of the circuit breakers from one look at each a scrape:
///
/// - `axiom_circuit_state{circuit,state="closed|open|half_open"}` (gauge: how
///   many of this name are in the state, so 0 or 1 where names are unique)
/// - `axiom_circuit_calls_total{circuit,outcome="succeeded|failed|ignored|
///   refused"}`: a refused one did not take place
/// - `axiom_circuit_opened_total{circuit}`
///
/// Breakers of one name are summed. Of the provider's, the first are those with
/// lines of their own: `all_circuit_stats` has the oldest first. Thread-safe as
/// far as the provider is.
std::shared_ptr<prometheus::Collectable> make_circuit_collector(
  circuit_provider provider);

/// Makes the usual `process_*` families of this process: CPU time, resident
/// and virtual memory, open and allowed descriptors, threads, start time. A
/// number that the system does not give is left out rather than made up.
std::shared_ptr<prometheus::Collectable> make_process_collector();

} // namespace axiom::observe
