#include "axiom/error/circuit_breaker.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <string>

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include "axiom/error/enum_names.hpp"
#include "axiom/error/json_text.hpp"
#include "error/circuit/circuit_handle.hpp"

namespace axiom {

namespace {

constexpr enum_names<circuit_state, 3> state_names{
  {"closed", "open", "half_open"}};

std::string seconds_of(runtime::duration x) {
  std::array<char, 32> buf{};
  std::snprintf(buf.data(), buf.size(), "%.3g s",
                std::chrono::duration<double>(x).count());
  return buf.data();
}

std::string refusal(std::string_view name, const detail::circuit_standing& x,
                    runtime::duration left) {
  auto result = "circuit " + quoted(name);
  if (x.state == circuit_state::closed) // since a moment ago
    result += " has closed just now";
  else if (x.state == circuit_state::half_open)
    result += " is half-open since " + iso_8601(x.since)
            + ", and its probes are under way";
  else
    result += " is open since " + iso_8601(x.since) + ", until "
            + iso_8601(x.until) + " ("
            + seconds_of(std::max(left, runtime::duration::zero()))
            + " from now)";
  if (auto why = detail::why_not_closed(x); !why.empty())
    result += ": " + why;
  return result;
}

/// Whether the task that runs here is cancelled since its time, or that of one
/// above it, was over.
bool out_of_time() noexcept {
  const auto* task = detail::current_task();
  return task != nullptr && task->state().cancelled()
      && task->cause()->reason == cancel_reason::deadline;
}

} // namespace

std::string to_string(circuit_state state) {
  return state_names.print(state);
}

std::string to_string(const circuit_event& x) {
  auto result = "circuit " + quoted(x.name) + " was " + to_string(x.from)
              + ", is " + to_string(x.to);
  return x.why.empty() ? result : result + ": " + x.why;
}

std::string to_string(const circuit_stats& x) {
  auto result = x.name + ": " + to_string(x.state) + ", "
              + std::to_string(x.succeeded) + " succeeded, "
              + std::to_string(x.failed) + " failed, "
              + std::to_string(x.refused) + " refused";
  return x.why.empty() ? result : result + "; " + x.why;
}

circuit_open_error::circuit_open_error(std::string_view name,
                                       const detail::circuit_standing& x,
                                       runtime::time_point due,
                                       runtime::time_point now)
  : exception(errc::circuit_open, refusal(name, x, due - now)),
    since_(x.since) {
  if (x.state == circuit_state::open) {
    until_ = x.until;
    due_ = due;
  }
}

// -- circuit_pass -------------------------------------------------------------

circuit_pass::circuit_pass(detail::circuit_ptr circuit,
                           detail::circuit_ticket ticket)
  : circuit_(std::move(circuit)), ticket_(ticket) {
  if (circuit_->slow_call())
    start_ = circuit_->host().timers().now();
}

bool circuit_pass::succeeded() noexcept {
  if (circuit_ == nullptr)
    return true;
  const auto circuit = std::move(circuit_);
  auto& limit = circuit->slow_call();
  const auto took =
    limit ? circuit->host().timers().now() - start_ : runtime::duration::zero();
  if (!limit || took <= *limit) {
    circuit->leave(ticket_, detail::call_outcome::succeeded);
    return true;
  }
  const failure why{errc::deadline_exceeded, "it took " + seconds_of(took)
                                               + ", which is longer than "
                                               + seconds_of(*limit)};
  circuit->leave(ticket_, detail::call_outcome::failed, &why);
  return false;
}

bool circuit_pass::failed(const failure& why) noexcept {
  if (circuit_ == nullptr)
    return false;
  if (why.is(errc::cancelled) && out_of_time())
    return left_open();
  const auto circuit = std::move(circuit_);
  const auto counts = circuit->counts(why);
  circuit->leave(ticket_,
                 counts ? detail::call_outcome::failed
                        : detail::call_outcome::ignored,
                 counts ? &why : nullptr);
  return counts;
}

bool circuit_pass::left_open() noexcept {
  const auto circuit = std::move(circuit_);
  if (!out_of_time()) {
    circuit->leave(ticket_, detail::call_outcome::ignored);
    return false;
  }
  const failure why{errc::deadline_exceeded,
                    "the call was cancelled when its time was over"};
  circuit->leave(ticket_, detail::call_outcome::failed, &why);
  return true;
}

// -- circuit_breaker ----------------------------------------------------------

namespace detail {

circuit_handle::circuit_handle(circuit_ptr block, circuit_actor actor)
  : block_(std::move(block)), actor_(std::move(actor)) {
  // nop
}

circuit_handle::~circuit_handle() {
  caf::anon_send(actor_, ended_atom_v);
}

} // namespace detail

circuit_breaker::circuit_breaker(
  detail::circuit_ptr circuit,
  std::shared_ptr<const detail::circuit_handle> handle)
  : circuit_(std::move(circuit)), handle_(std::move(handle)) {
  // nop
}

circuit_breaker circuit_breaker::spawn(caf::actor_system& sys,
                                       circuit_options options) {
  using namespace detail;
  circuit_ptr block{
    new circuit_block(runtime::host::of(sys), std::move(options))};
  auto actor = spawn_circuit_actor(sys, block);
  block->begin(actor);
  auto handle = std::make_shared<const circuit_handle>(block, std::move(actor));
  return {std::move(block), std::move(handle)};
}

std::string_view circuit_breaker::name() const noexcept {
  return circuit_->name();
}

const circuit_actor& circuit_breaker::actor() const noexcept {
  return handle_->actor();
}

circuit_pass circuit_breaker::enter(const detail::circuit_ptr& circuit,
                                    permit& held) {
  if (auto ticket = circuit->enter())
    return {circuit, *ticket};
  held.ignored();
  circuit->refuse();
}

circuit_pass circuit_breaker::enter() const {
  permit none;
  return enter(circuit_, none);
}

circuit_pass circuit_breaker::try_enter() const noexcept {
  auto ticket = circuit_->enter();
  return ticket ? circuit_pass{circuit_, *ticket} : circuit_pass{};
}

void circuit_breaker::trip() const noexcept {
  circuit_->trip();
}

void circuit_breaker::reset() const noexcept {
  circuit_->reset();
}

circuit_state circuit_breaker::state() const noexcept {
  return circuit_->state();
}

circuit_stats circuit_breaker::stats() const {
  return circuit_->stats();
}

void circuit_breaker::subscribe(const caf::actor& x) const {
  caf::anon_send(actor(), subscribe_atom_v, x);
}

void circuit_breaker::unsubscribe(const caf::actor& x) const {
  caf::anon_send(actor(), unsubscribe_atom_v, x);
}

std::vector<circuit_stats> all_circuit_stats(caf::actor_system& sys) {
  // References first: the list's lock is held while it is walked, and figures
  // need locks of their own.
  std::vector<detail::circuit_ptr> all;
  if (auto* host = runtime::host::find(sys))
    host->residents().for_each<detail::circuit_block>(
      [&](auto& x) { all.emplace_back(&x); });
  std::vector<circuit_stats> result;
  for (auto& x : all)
    result.push_back(x->stats());
  return result;
}

} // namespace axiom
