#include "axiom/resource/resource_aware_executor.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace axiom {

// -- state --------------------------------------------------------------------

namespace detail {

void executor_state::check_open() const {
  if (closed_.load(std::memory_order_acquire))
    throw exception{errc::scope_closed,
                    "executor " + quoted(name_) + " is closed"};
}

executor_stats executor_state::stats() const {
  // What ended is read first and what came in last, so that no difference is
  // below zero.
  const auto left = left_.load();
  const auto left_waiting = left_waiting_.load();
  const auto granted = granted_.load();
  const auto accepted = accepted_.load();
  return {name_, accepted, accepted - granted - left_waiting, granted - left};
}

namespace {

class executor_impl final : public resource_executor_actor::base {
public:
  executor_impl(caf::actor_config& cfg, executor_ptr state)
    : resource_executor_actor::base(cfg), state_(std::move(state)) {
    // nop
  }

  const char* name() const override {
    return "axiom.resource_aware_executor";
  }

  // On `kill` CAF runs no handler.
  void on_exit() override {
    state_->close();
    state_.reset(); // with it maybe the monitor's last handle
  }

protected:
  behavior_type make_behavior() override {
    return {
      [this](stats_atom) { return state_->stats(); },
      [this](close_atom) { state_->close(); },
      [this](ended_atom) { quit(); },
    };
  }

private:
  executor_ptr state_;
};

} // namespace

} // namespace detail

// -- handle -------------------------------------------------------------------

struct resource_aware_executor::block {
  block(detail::executor_ptr x, resource_executor_actor y,
        structured_task_coordinator z)
    : state(std::move(x)), actor(std::move(y)), coordinator(std::move(z)) {
    // nop
  }

  block(const block&) = delete;
  block& operator=(const block&) = delete;

  ~block() {
    state->close();
    caf::anon_send(actor, ended_atom_v);
  }

  detail::executor_ptr state;
  resource_executor_actor actor;
  structured_task_coordinator coordinator;
};

resource_aware_executor::resource_aware_executor(std::shared_ptr<const block> x)
  : block_(std::move(x)) {
  // nop
}

resource_aware_executor resource_aware_executor::spawn(
  caf::actor_system& sys, std::string name, resource_monitor monitor) {
  // First, since it looks at the name.
  auto coordinator = structured_task_coordinator::spawn(sys, {.name = name});
  detail::executor_ptr state{
    new detail::executor_state(std::move(name), std::move(monitor))};
  auto actor = sys.spawn<detail::executor_impl>(state);
  return resource_aware_executor{std::make_shared<const block>(
    std::move(state), std::move(actor), std::move(coordinator))};
}

std::string_view resource_aware_executor::name() const noexcept {
  return block_->state->name();
}

const resource_executor_actor& resource_aware_executor::actor() const noexcept {
  return block_->actor;
}

const resource_monitor& resource_aware_executor::monitor() const noexcept {
  return block_->state->monitor();
}

const detail::executor_ptr& resource_aware_executor::state() const noexcept {
  return block_->state;
}

const structured_task_coordinator& resource_aware_executor::coordinator()
  const noexcept {
  return block_->coordinator;
}

void resource_aware_executor::check(const resource_requirements& wanted) const {
  block_->state->check_open();
  monitor().check(wanted);
}

void resource_aware_executor::close() const noexcept {
  block_->state->close();
}

executor_stats resource_aware_executor::stats() const {
  return block_->state->stats();
}

std::string to_string(const executor_stats& x) {
  return x.name + ": " + std::to_string(x.running) + " running, "
       + std::to_string(x.waiting) + " waiting, of "
       + std::to_string(x.accepted) + " accepted";
}

} // namespace axiom
