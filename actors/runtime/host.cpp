#include "axiom/runtime/host.hpp"

#include <deque>
#include <limits>
#include <mutex>
#include <random>

#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include "axiom/error/exception.hpp"
#include "axiom/runtime/install.hpp"
#include "axiom/runtime/seen_actors.hpp"
#include "axiom/runtime/steady_timer.hpp"
#include "axiom/runtime/virtual_timer.hpp"

namespace axiom::runtime {

namespace {

std::uint64_t random_prefix() {
  std::random_device source;
  return (std::uint64_t{source()} << 32) | source();
}

/// Keeps `x` for the rest of the process.
const system_info& record(const system_info& x) {
  static std::mutex mutex;
  // Never destroyed either: threads may look at it while the process exits.
  static auto& all = *new std::deque<system_info>;
  std::lock_guard guard{mutex};
  return all.emplace_back(x);
}

std::unique_ptr<timer_service> make_timers(bool virtual_time) {
  if (virtual_time)
    return std::make_unique<virtual_timer>();
  return std::make_unique<steady_timer>();
}

} // namespace

host::host(caf::actor_system& sys, const runtime_options& options)
  : shutdown_grace_(options.shutdown_grace),
    timers_(make_timers(options.virtual_time)),
    info_(record({random_prefix(), timers_->now(),
                  std::chrono::system_clock::now(), this, &sys})),
    blocking_({.max_threads = options.max_blocking_threads,
               .processors = options.affinity != affinity::none
                               ? allowed_processors()
                               : std::vector<processor_id>{}}) {
  // nop
}

host::~host() = default;

host* host::find(caf::actor_system& sys) noexcept {
  return dynamic_cast<host*>(&sys.scheduler());
}

host& host::of(caf::actor_system& sys) {
  if (auto* result = find(sys))
    return *result;
  throw exception{
    errc::not_installed,
    "this actor system was configured without Axiom: create it from an "
    "axiom::config, or call axiom::runtime::install on its configuration"};
}

std::size_t host::counted_actors() const {
  return info_.system->registry().running();
}

std::optional<running_actors>
host::seen_actors(std::size_t most,
                  std::span<const caf::actor_id> left_out) const {
  std::lock_guard guard{looking_};
  actor_sightings found{most, left_out};
  if (stopping() || !look_at_actors(found))
    return std::nullopt;
  return found.describe();
}

bool host::look_at_actors(actor_sightings&) const {
  return false;
}

shutdown_watch& host::add_watch(shutdown_watch::pace how,
                                shutdown_watch::reporter report) {
  std::lock_guard guard{watches_mutex_};
  return watches_.emplace_back(how, std::move(report));
}

void host::submit_batch(std::span<caf::resumable* const> jobs,
                        caf::execution_unit* unit, job_level level) {
  for (auto* job : jobs)
    submit(job, unit, level, placement::fresh);
}

host::new_identity host::identify() noexcept {
  return {reserve_numbers(1), info_.system->node()};
}

bool host::crowded() const noexcept {
  return false;
}

std::size_t host::max_workers() const noexcept {
  return workers();
}

void host::set_workers(std::size_t n) {
  if (n != workers())
    throw exception{errc::invalid_argument,
                    "the number of workers is fixed under this scheduler: use "
                    "runtime::scheduler_policy::axiom to change it"};
}

scheduler_stats host::stats() const {
  return {};
}

bool host::stepwise() const noexcept {
  return false;
}

bool host::run_one() {
  return false;
}

void host::submit_blocking(caf::resumable* job) {
  blocking_.submit(job);
}

std::size_t host::finite_throughput(std::size_t configured) noexcept {
  // CAF lets an actor process its whole mailbox in one go unless told otherwise;
  // a finite number keeps one busy actor from holding a worker.
  constexpr std::size_t otherwise = 300;
  return configured == std::numeric_limits<std::size_t>::max() ? otherwise
                                                               : configured;
}

void host::stop_services() {
  {
    std::lock_guard guard{looking_};
    stopping_.store(true, std::memory_order_release);
  }
  blocking_.stop();
  timers_->stop();
}

} // namespace axiom::runtime
