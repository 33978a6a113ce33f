#include "axiom/runtime/host.hpp"

#include <random>

#include <caf/actor_system.hpp>
#include <caf/execution_unit.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include "axiom/error/exception.hpp"
#include "axiom/runtime/steady_timer.hpp"
#include "axiom/runtime/virtual_timer.hpp"

namespace axiom::runtime {

namespace {

std::uint64_t random_prefix() {
  std::random_device source;
  return (std::uint64_t{source()} << 32) | source();
}

std::unique_ptr<timer_service> make_timers(bool virtual_time) {
  if (virtual_time)
    return std::make_unique<virtual_timer>();
  return std::make_unique<steady_timer>();
}

} // namespace

host::host(const settings& cfg)
  : id_prefix_(random_prefix()),
    shutdown_grace_(cfg.shutdown_grace),
    timers_(make_timers(cfg.virtual_time)),
    blocking_(cfg.blocking) {
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

bool host::stepwise() const noexcept {
  return false;
}

bool host::run_one() {
  return false;
}

void host::submit_blocking(caf::resumable* job) {
  blocking_.submit(job);
}

void host::stop_services() {
  blocking_.stop();
  timers_->stop();
}

void host::exec_later(caf::execution_unit* unit, caf::resumable* job) {
  unit->exec_later(job);
}

} // namespace axiom::runtime
