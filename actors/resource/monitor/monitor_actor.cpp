#include <optional>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "axiom/coordination/waiting/message_clients.hpp"
#include "axiom/resource/resource_lease.hpp"
#include "resource/monitor/monitor_handle.hpp"

namespace axiom::detail {

namespace {

using requirement_list = std::vector<resource_requirement>;

class monitor_impl final : public resource_monitor_actor::base {
public:
  monitor_impl(caf::actor_config& cfg, monitor_ptr state)
    : resource_monitor_actor::base(cfg), state_(std::move(state)) {
    // nop
  }

  const char* name() const override {
    return "axiom.resource_monitor";
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
      [this](acquire_atom, const requirement_list& wanted,
             task_priority priority) {
        return acquire(wanted, priority, std::nullopt);
      },
      [this](acquire_atom, const requirement_list& wanted,
             task_priority priority, caf::timespan timeout) {
        return acquire(wanted, priority, timeout);
      },
      [this](release_atom, std::uint64_t number) -> caf::result<void> {
        return clients_.release(number);
      },
      [this](set_capacity_atom,
             const resource_requirement& x) -> caf::result<void> {
        try {
          state_->set_capacity(x);
          return caf::unit;
        } catch (const exception& ex) {
          return ex.error();
        }
      },
      [this](stats_atom) { return state_->stats(); },
      [this](close_atom) { state_->close(resource_refusal::closed); },
      [this](tick_atom) { state_->tick(); },
      [this](settled_atom, std::uint64_t number) { clients_.settled(number); },
      [this](ended_atom) { end({}); },
    };
  }

private:
  caf::result<std::uint64_t> acquire(const requirement_list& wanted,
                                     task_priority priority,
                                     std::optional<caf::timespan> timeout) {
    resource_amounts amounts;
    try {
      amounts = state_->resolve(resource_requirements{wanted});
    } catch (const exception& ex) {
      return ex.error();
    }
    auto take = [&]() -> std::optional<resource_lease> {
      auto* record = state_->try_take(amounts, nullptr);
      return record != nullptr ? std::optional{resource_lease{*record}}
                               : std::nullopt;
    };
    auto ask = [&](auto& waiter) { return state_->request(waiter); };
    return clients_.acquire(timeout, take, ask, amounts, priority);
  }

  void client_died(const caf::actor_addr& who) {
    const auto held = clients_.client_died(who);
    for (auto& [number, lease] : held)
      state_->count_reclaimed(lease.held());
  }

  /// Ends with an answer to everybody. (Killed, it cannot give one: to send
  /// from a dying actor is undefined.)
  void end(caf::error reason) {
    state_->close(resource_refusal::closed);
    clients_.answer_all();
    quit(std::move(reason));
  }

  const monitor_ptr state_;
  message_clients<monitor_state, resource_lease> clients_{*this, *state_};
};

} // namespace

resource_monitor_actor spawn_monitor_actor(caf::actor_system& sys,
                                           monitor_ptr state) {
  return sys.spawn<monitor_impl>(std::move(state));
}

} // namespace axiom::detail
