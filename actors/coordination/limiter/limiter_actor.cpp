#include "axiom/coordination/limiter_actor.hpp"

#include <optional>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "axiom/coordination/permit.hpp"
#include "axiom/coordination/waiting/message_clients.hpp"
#include "coordination/limiter/limiter_handle.hpp"

namespace axiom::detail {

namespace {

class limiter_impl final : public limiter_actor::base {
public:
  limiter_impl(caf::actor_config& cfg, limiter_ptr state)
    : limiter_actor::base(cfg), state_(std::move(state)) {
    // nop
  }

  const char* name() const override {
    return "axiom.limiter";
  }

  // On `kill` CAF runs no handler: all is given back from here.
  void on_exit() override {
    clients_.clear();
    state_->actor_ended();
  }

protected:
  behavior_type make_behavior() override {
    set_exit_handler([this](caf::exit_msg& msg) {
      if (msg.reason)
        end(std::move(msg.reason));
    });
    set_down_handler([this](caf::down_msg& msg) { client_died(msg.source); });
    return {
      [this](acquire_atom, std::uint32_t weight, task_priority priority) {
        return acquire(weight, priority, std::nullopt);
      },
      [this](acquire_atom, std::uint32_t weight, task_priority priority,
             caf::timespan timeout) {
        return acquire(weight, priority, timeout);
      },
      [this](release_atom, std::uint64_t number) -> caf::result<void> {
        return clients_.release(number);
      },
      [this](set_limit_atom, std::uint32_t limit) -> caf::result<void> {
        try {
          state_->set_limit(limit);
          return caf::unit;
        } catch (const exception& ex) {
          return ex.error();
        }
      },
      [this](stats_atom) { return state_->stats(); },
      [this](close_atom) { state_->close(permit_refusal::closed); },
      [this](tick_atom) { state_->tick(); },
      [this](settled_atom, std::uint64_t number) { clients_.settled(number); },
      [this](ended_atom) { end({}); },
    };
  }

private:
  caf::result<std::uint64_t> acquire(std::uint32_t weight,
                                     task_priority priority,
                                     std::optional<caf::timespan> timeout) {
    auto take = [&]() -> std::optional<permit> {
      state_->check_weight(weight);
      auto* slot = state_->try_take(weight, nullptr);
      return slot != nullptr ? std::optional{permit{*slot}} : std::nullopt;
    };
    auto ask = [&](auto& waiter) { return state_->request(waiter, {}); };
    return clients_.acquire(timeout, take, ask, weight, priority);
  }

  void client_died(const caf::actor_addr& who) {
    std::uint32_t n = 0;
    const auto held = clients_.client_died(who);
    for (auto& [number, permits] : held)
      n += permits.weight();
    if (n > 0)
      state_->count_reclaimed(n);
  }

  /// Ends with an answer to everybody. (Killed, it cannot give one: to send
  /// from a dying actor is undefined.)
  void end(caf::error reason) {
    state_->close(permit_refusal::closed);
    clients_.answer_all();
    quit(std::move(reason));
  }

  const limiter_ptr state_;
  message_clients<limiter_state, permit> clients_{*this, *state_};
};

} // namespace

limiter_actor spawn_limiter_actor(caf::actor_system& sys, limiter_ptr state) {
  return sys.spawn<limiter_impl>(std::move(state));
}

} // namespace axiom::detail
