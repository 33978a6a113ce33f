#include "axiom/resource/memory_pressure.hpp"

#include <utility>

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include "axiom/error/exception.hpp"
#include "axiom/resource/pressure/pressure_state.hpp"

namespace axiom {

memory_relief::~memory_relief() = default;

namespace detail {

/// What the handles to one memory_pressure share. Their end is the end of it.
class pressure_handle {
public:
  pressure_handle(pressure_state_ptr x, memory_pressure_actor y)
    : state(std::move(x)), actor(std::move(y)) {
    // nop
  }

  pressure_handle(const pressure_handle&) = delete;
  pressure_handle& operator=(const pressure_handle&) = delete;

  ~pressure_handle() {
    caf::anon_send(actor, ended_atom_v);
  }

  const pressure_state_ptr state;
  const memory_pressure_actor actor;
};

} // namespace detail

memory_pressure::memory_pressure(
  std::shared_ptr<const detail::pressure_handle> x)
  : handle_(std::move(x)) {
  // nop
}

memory_pressure memory_pressure::spawn(caf::actor_system& sys,
                                       memory_pressure_options options) {
  using namespace detail;
  std::string problems;
  for (auto& text : problems_of(options))
    problems += (problems.empty() ? "" : "; ") + text;
  if (!problems.empty())
    throw exception{errc::invalid_argument, "memory pressure: " + problems};
  pressure_state_ptr state{new pressure_state(runtime::host::of(sys))};
  auto actor = spawn_pressure_actor(sys, state, std::move(options));
  state->begin(actor);
  caf::anon_send(actor, tick_atom_v);
  return memory_pressure{std::make_shared<const pressure_handle>(
    std::move(state), std::move(actor))};
}

const memory_pressure_actor& memory_pressure::actor() const noexcept {
  return handle_->actor;
}

memory_pressure_level memory_pressure::level() const noexcept {
  return handle_->state->level();
}

std::optional<std::uint64_t> memory_pressure::headroom() const noexcept {
  const auto bytes = handle_->state->headroom();
  return bytes != memory_reading::unlimited ? std::optional{bytes}
                                            : std::nullopt;
}

memory_pressure_stats memory_pressure::stats() const {
  return handle_->state->stats();
}

void memory_pressure::subscribe(const caf::actor& x) const {
  caf::anon_send(handle_->actor, subscribe_atom_v, x);
}

void memory_pressure::unsubscribe(const caf::actor& x) const {
  caf::anon_send(handle_->actor, unsubscribe_atom_v, x);
}

void memory_pressure::attach(const std::shared_ptr<memory_relief>& x) const {
  handle_->state->attach(x);
  caf::anon_send(handle_->actor, attach_atom_v);
}

void memory_pressure::close() const {
  caf::anon_send(handle_->actor, close_atom_v);
}

std::vector<memory_pressure_stats> all_memory_pressure_stats(
  caf::actor_system& sys) {
  std::vector<memory_pressure_stats> result;
  if (auto* host = runtime::host::find(sys))
    host->residents().for_each<detail::pressure_state>(
      [&](auto& x) { result.push_back(x.stats()); });
  return result;
}

std::string to_string(const memory_pressure_event& x) {
  auto result = to_string(x.step);
  if (x.step == pressure_step::level)
    result += ": from " + to_string(x.from) + " to " + to_string(x.to);
  if (!x.detail.empty())
    result += ": " + x.detail;
  return result + " (" + to_string(x.reading) + ")";
}

std::string to_string(const memory_pressure_stats& x) {
  auto result = to_string(x.level) + ", stage " + to_string(x.stage) + ", "
              + to_string(x.reading) + ", " + std::to_string(x.shed_tasks)
              + " tasks shed";
  for (auto& source : x.sources)
    if (!source.problem.empty())
      result += "; " + source.source + " " + source.problem;
  return result;
}

} // namespace axiom
