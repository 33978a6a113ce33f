#include "axiom/coordination/concurrency_limiter.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include "coordination/limiter/limiter_handle.hpp"

namespace axiom {

namespace detail {

limiter_handle::limiter_handle(limiter_ptr state, limiter_actor actor)
  : state_(std::move(state)), actor_(std::move(actor)) {
  // nop
}

limiter_handle::~limiter_handle() {
  state_->close(permit_refusal::closed);
  caf::anon_send(actor_, ended_atom_v);
}

} // namespace detail

// -- permit_source ------------------------------------------------------------

permit_source::permit_source(
  std::shared_ptr<const detail::limiter_handle> handle, std::string key)
  : handle_(std::move(handle)),
    state_(&handle_->state()),
    key_(std::move(key)) {
  // nop
}

permit permit_source::try_acquire(std::uint32_t weight) const {
  state_->check_weight(weight);
  auto* task = detail::current_task();
  auto* slot = state_->try_take(weight, task);
  if (slot == nullptr)
    slot = state_->try_take_in_turn(weight, key_, task);
  return slot != nullptr ? permit{*slot} : permit{};
}

// -- concurrency_limiter ------------------------------------------------------

concurrency_limiter concurrency_limiter::spawn(caf::actor_system& sys,
                                               limiter_options options) {
  using namespace detail;
  limiter_ptr state{
    new limiter_state(runtime::host::of(sys), std::move(options))};
  auto actor = spawn_limiter_actor(sys, state);
  state->begin(caf::actor_cast<caf::actor>(actor));
  return concurrency_limiter{
    std::make_shared<const limiter_handle>(std::move(state), std::move(actor))};
}

std::string_view concurrency_limiter::name() const noexcept {
  return state().name();
}

const limiter_actor& concurrency_limiter::actor() const noexcept {
  return handle()->actor();
}

limiter_partition concurrency_limiter::partition(std::string_view key) const {
  if (!state().keyed())
    throw exception{errc::invalid_argument,
                    "limiter " + quoted(name())
                      + " has no partitions; make it with "
                        "limiter_sharing::by_key"};
  return limiter_partition{handle(), std::string{key}};
}

void concurrency_limiter::set_share(std::string_view key,
                                    key_share share) const {
  state().set_share(key, share);
}

void concurrency_limiter::set_limit(std::uint32_t limit) const {
  state().set_limit(limit);
}

std::uint32_t concurrency_limiter::limit() const noexcept {
  return state().balance().limit;
}

std::uint32_t concurrency_limiter::in_use() const noexcept {
  return state().balance().in_use;
}

void concurrency_limiter::close() const noexcept {
  state().close(detail::permit_refusal::closed);
}

limiter_stats concurrency_limiter::stats() const {
  return state().stats();
}

std::vector<limiter_stats> all_limiter_stats(caf::actor_system& sys) {
  std::vector<limiter_stats> result;
  if (auto* host = runtime::host::find(sys))
    host->residents().for_each<detail::limiter_state>(
      [&](auto& x) { result.push_back(x.stats()); });
  return result;
}

std::vector<permit_holding> all_permit_holdings(caf::actor_system& sys) {
  std::vector<permit_holding> result;
  if (auto* host = runtime::host::find(sys))
    host->residents().for_each<detail::limiter_state>(
      [&](auto& x) { x.add_holdings(result); });
  return result;
}

std::string to_string(const limiter_stats& x) {
  return x.name + ": " + std::to_string(x.in_use) + " of "
       + std::to_string(x.limit) + " in use, " + std::to_string(x.waiting)
       + " waiting";
}

} // namespace axiom
