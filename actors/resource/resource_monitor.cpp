#include "axiom/resource/resource_monitor.hpp"

#include <utility>

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include "axiom/coordination/waiting/thread_wait.hpp"
#include "axiom/resource/machine_resources.hpp"
#include "resource/monitor/monitor_handle.hpp"

namespace axiom {

namespace detail {

monitor_handle::monitor_handle(monitor_ptr state, resource_monitor_actor actor)
  : state_(std::move(state)), actor_(std::move(actor)) {
  // nop
}

monitor_handle::~monitor_handle() {
  state_->close(resource_refusal::closed);
  caf::anon_send(actor_, ended_atom_v);
}

void monitor_handle::relieve(relief_stage stage) {
  switch (stage) {
    case relief_stage::none:
      // Nobody measures any more, or all is well: what was measured is void.
      state_->set_headroom(resource_kind::memory, resource_balance::unlimited);
      return state_->set_admission(resource_admission::open);
    case relief_stage::shrink:
      return state_->set_admission(resource_admission::reduced);
    case relief_stage::serialise:
      return state_->set_admission(resource_admission::serial);
  }
}

resource_lease acquire_blocking(monitor_state& monitor,
                                const resource_requirements& wanted,
                                std::optional<task_priority> priority,
                                std::optional<runtime::duration> timeout) {
  auto amounts = monitor.resolve(wanted);
  auto* task = current_task();
  if (auto* record = monitor.try_take(amounts, task))
    return resource_lease{*record};
  auto own = task != nullptr ? static_cast<task_priority>(task->level())
                             : task_priority::medium;
  thread_wait<monitor_state> x{monitor, std::move(amounts),
                               priority.value_or(own)};
  x.wait(task, timeout, [&](auto& waiter) { return monitor.request(waiter); });
  return resource_lease{monitor.record(x, task)};
}

} // namespace detail

// -- resource_lease -----------------------------------------------------------

detail::lease_record& resource_lease::record() const {
  if (record_ == nullptr)
    throw exception{errc::empty_handle, "the lease holds nothing"};
  return *record_;
}

resource_requirements resource_lease::held() const {
  return record_ != nullptr ? record_->monitor->held(*record_)
                            : resource_requirements{};
}

void resource_lease::release(const resource_requirements& part) {
  auto& x = record();
  x.monitor->give_back_part(x, x.monitor->resolve(part));
}

resource_lease resource_lease::share(const resource_requirements& part) const {
  auto& x = record();
  return resource_lease{
    x.monitor->share(x, x.monitor->resolve(part), detail::current_task())};
}

void resource_lease::absorb(resource_lease&& other) {
  auto& x = record();
  if (&other == this)
    return;
  x.monitor->absorb(x, other.record());
  other.record_ = nullptr;
}

// -- resource_monitor ---------------------------------------------------------

resource_monitor::resource_monitor(std::shared_ptr<detail::monitor_handle> x)
  : handle_(std::move(x)), state_(&handle_->state()) {
  // nop
}

resource_monitor resource_monitor::spawn(caf::actor_system& sys,
                                         resource_monitor_options options) {
  using namespace detail;
  if (options.capacities.empty())
    options.capacities = machine_resources();
  monitor_ptr state{
    new monitor_state(runtime::host::of(sys), std::move(options))};
  auto actor = spawn_monitor_actor(sys, state);
  state->begin(caf::actor_cast<caf::actor>(actor));
  return resource_monitor{
    std::make_shared<monitor_handle>(std::move(state), std::move(actor))};
}

std::string_view resource_monitor::name() const noexcept {
  return state_->name();
}

const resource_monitor_actor& resource_monitor::actor() const noexcept {
  return handle_->actor();
}

resource_lease resource_monitor::try_acquire(
  const resource_requirements& wanted) const {
  const auto amounts = state_->resolve(wanted);
  auto* task = detail::current_task();
  auto* record = state_->try_take(amounts, task);
  if (record == nullptr)
    record = state_->try_take_in_turn(amounts, task);
  return record != nullptr ? resource_lease{*record} : resource_lease{};
}

void resource_monitor::set_capacity(const resource_requirement& x) const {
  state_->set_capacity(x);
}

std::shared_ptr<memory_relief> resource_monitor::relief() const {
  return handle_;
}

void resource_monitor::close() const noexcept {
  state_->close(detail::resource_refusal::closed);
}

resource_stats resource_monitor::stats() const {
  return state_->stats();
}

// -- all of them --------------------------------------------------------------

std::vector<resource_stats> all_resource_stats(caf::actor_system& sys) {
  std::vector<resource_stats> result;
  if (auto* host = runtime::host::find(sys))
    host->residents().for_each<detail::monitor_state>(
      [&](auto& x) { result.push_back(x.stats()); });
  return result;
}

std::vector<resource_holding> all_resource_holdings(caf::actor_system& sys) {
  std::vector<resource_holding> result;
  if (auto* host = runtime::host::find(sys))
    host->residents().for_each<detail::monitor_state>(
      [&](auto& x) { x.add_holdings(result); });
  return result;
}

std::string to_string(const resource_stats& x) {
  std::string result = x.name + ": ";
  for (const auto& [capacity, in_use, waiting, reclaimed] : x.resources)
    result += std::to_string(in_use) + " of " + to_string(capacity) + ", ";
  return result + std::to_string(x.waiting) + " waiting";
}

} // namespace axiom
