#include "axiom/error/circuit_actor.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "error/circuit/circuit_clients.hpp"

namespace axiom::detail {

namespace {

/// A circuit breaker as an actor: announces changes, and wakes an open circuit
/// when it is due.
///
///     open --exit message, end of the last handle--> ended
class circuit_impl final : public circuit_actor::base {
public:
  circuit_impl(caf::actor_config& cfg, circuit_ptr block)
    : circuit_actor::base(cfg), block_(std::move(block)), timer_(*block_) {
    // nop
  }

  const char* name() const override {
    return "axiom.circuit_breaker";
  }

  // On `kill` CAF runs no handler.
  void on_exit() override {
    timers().cancel(timer_);
    clients_.clear();
    for (auto& x : subscribers_)
      demonitor(x);
    subscribers_.clear();
    count_subscribers();
    block_->actor_ended();
  }

protected:
  behavior_type make_behavior() override {
    set_exit_handler([this](caf::exit_msg& msg) {
      if (msg.reason)
        end(std::move(msg.reason));
    });
    set_down_handler([this](caf::down_msg& msg) {
      std::erase(subscribers_, msg.source);
      count_subscribers();
      clients_.died(msg.source);
    });
    return {
      [this](acquire_atom) { return clients_.acquire(std::nullopt); },
      [this](acquire_atom, caf::timespan timeout) {
        return clients_.acquire(timeout);
      },
      [this](succeeded_atom, std::uint64_t number) {
        return clients_.succeeded(number);
      },
      [this](failed_atom, std::uint64_t number, const caf::error& why) {
        return clients_.failed(number, why);
      },
      [this](release_atom, std::uint64_t number) {
        return clients_.release(number);
      },
      [this](state_atom) { return block_->state(); },
      [this](stats_atom) { return block_->stats(); },
      [this](subscribe_atom, const caf::actor& x) { subscribe(x); },
      [this](unsubscribe_atom, const caf::actor& x) { unsubscribe(x); },
      [this](trip_atom) { block_->trip(); },
      [this](reset_atom) { block_->reset(); },
      [this](tick_atom) {
        // Too early, if it has opened again since: the timer was armed anew.
        block_->advance();
      },
      [this](changed_atom) { announce(); },
      [this](settled_atom, std::uint64_t number) { clients_.overdue(number); },
      [this](ended_atom) { end({}); },
    };
  }

private:
  /// An open circuit is due.
  struct due_timer final : runtime::timer_entry {
    explicit due_timer(circuit_block& x) noexcept : block(x) {
      // nop
    }

    void fire() noexcept override {
      caf::anon_send(block.actor(), tick_atom_v);
    }

    circuit_block& block;
  };

  runtime::timer_service& timers() const {
    return block_->host().timers();
  }

  void announce() {
    const auto changes = block_->take_changes();
    if (changes.empty())
      return;
    for (auto& x : changes) {
      if (subscribers_.empty())
        break;
      const circuit_event event{block_->name(), x.from,
                                x.now.state,    x.now.since,
                                x.now.until,    why_not_closed(x.now)};
      for (auto& who : subscribers_)
        if (auto alive = caf::actor_cast<caf::actor>(who))
          caf::anon_send(alive, event);
    }
    timers().cancel(timer_);
    auto& last = changes.back();
    if (last.now.state == circuit_state::open)
      timers().arm(timer_, last.due);
  }

  void subscribe(const caf::actor& x) {
    auto who = caf::actor_cast<caf::actor_addr>(x);
    if (!who
        || std::find(subscribers_.begin(), subscribers_.end(), who)
             != subscribers_.end())
      return;
    subscribers_.push_back(std::move(who));
    monitor(x);
    count_subscribers();
  }

  void unsubscribe(const caf::actor& x) {
    const auto who = caf::actor_cast<caf::actor_addr>(x);
    if (!clients_.knows(who)) // else it is watched for that
      demonitor(who);
    std::erase(subscribers_, who);
    count_subscribers();
  }

  void count_subscribers() noexcept {
    block_->subscribers(subscribers_.size());
  }

  void end(caf::error reason) {
    announce();
    quit(std::move(reason));
  }

  const circuit_ptr block_;
  std::vector<caf::actor_addr> subscribers_;
  due_timer timer_;
  circuit_clients clients_{*this, block_};
};

} // namespace

circuit_actor spawn_circuit_actor(caf::actor_system& sys, circuit_ptr block) {
  return sys.spawn<circuit_impl>(std::move(block));
}

} // namespace axiom::detail
