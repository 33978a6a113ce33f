#include "axiom/coordination/limiter_actor.hpp"

#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "axiom/coordination/permit.hpp"
#include "coordination/limiter/limiter_handle.hpp"

namespace axiom::detail {

namespace {

using permit_number = std::uint64_t;

/// The permits of those who asked by message, and those who wait so.
///
///     request --there--> held
///        |
///        +--not there--> waiting --granted--> held --release--> (gone)
///                           |                  |
///                           +--refused-> (told)+--death of the sender-->
///                           (gone)
///                           +--death of the sender--> (gone)
///
/// All of it is the actor's own. A waiter that is settled, on any thread, only
/// sends the actor its number.
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
    waiting_.clear();
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
      [this](release_atom, permit_number number) -> caf::result<void> {
        return release(number);
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
      [this](settled_atom, permit_number number) { settled(number); },
      [this](ended_atom) { end({}); },
    };
  }

private:
  using promise = caf::typed_response_promise<permit_number>;

  /// A sender in the queue of the limiter.
  class message_wait final : public limiter_waiter {
  public:
    message_wait(limiter_impl& owner, permit_number number, permit_count weight,
                 task_priority priority)
      : limiter_waiter(weight, priority), owner_(owner), number_(number) {
      // nop
    }

    ~message_wait() {
      if (timer_)
        owner_.timers().cancel(*timer_);
      // Out of the queue, or granted and not looked at any more.
      if (!owner_.state_->withdraw(*this) && state() == phase::granted
          && !taken)
        owner_.state_->give_back(weight(), part());
    }

    void time_out_after(runtime::duration span) {
      auto& timers = owner_.timers();
      timers.arm(timer_.emplace(*this), timers.now() + span);
    }

    bool settled(woken_tasks&) noexcept override {
      caf::anon_send(caf::actor_cast<limiter_actor>(&owner_), settled_atom_v,
                     number_);
      return true;
    }

    caf::actor_addr sender;
    promise response;
    bool taken = false;

  private:
    struct timer final : runtime::timer_entry {
      explicit timer(message_wait& x) noexcept : waiter(x) {
        // nop
      }

      void fire() noexcept override {
        waiter.owner_.state_->time_out(waiter, due());
      }

      message_wait& waiter;
    };

    limiter_impl& owner_;
    const permit_number number_;
    std::optional<timer> timer_;
  };

  using permits = std::unordered_map<permit_number, permit>;

  /// @pre called before `on_exit` has ended the limiter
  runtime::timer_service& timers() const {
    return state_->host()->timers();
  }

  caf::result<permit_number> acquire(std::uint32_t weight,
                                     task_priority priority,
                                     std::optional<caf::timespan> timeout) {
    if (!current_sender())
      return make_error(errc::invalid_argument,
                        "an anonymous sender asks for permits of limiter "
                          + quoted(state_->name())
                          + ": nobody would give them back when it dies");
    try {
      state_->check_weight(weight);
    } catch (const exception& ex) {
      return ex.error();
    }
    const auto number = ++last_number_;
    auto& client = client_of(current_sender());
    if (auto* slot = state_->try_take(weight, nullptr)) {
      client.emplace(number, permit{*slot});
      return number;
    }
    auto x = std::make_unique<message_wait>(*this, number, weight, priority);
    x->sender = caf::actor_cast<caf::actor_addr>(current_sender());
    if (state_->request(*x, {})) {
      if (x->state() != permit_waiter::phase::granted)
        return state_->refused(*x).error();
      keep(*x, number);
      return number;
    }
    x->response = make_response_promise<permit_number>();
    if (timeout)
      x->time_out_after(*timeout);
    auto result = x->response;
    waiting_.emplace(number, std::move(x));
    return result;
  }

  /// Writes down what a waiter was granted.
  void keep(message_wait& x, permit_number number) {
    x.taken = true;
    clients_[x.sender].emplace(
      number, permit{state_->record(x.weight(), x.part(), nullptr)});
  }

  void settled(permit_number number) {
    auto i = waiting_.find(number);
    if (i == waiting_.end())
      return; // its sender has died
    auto x = std::move(i->second);
    waiting_.erase(i);
    if (x->state() == permit_waiter::phase::granted) {
      keep(*x, number);
      x->response.deliver(number);
    } else {
      x->response.deliver(state_->refused(*x).error());
    }
  }

  caf::result<void> release(permit_number number) {
    auto i = current_sender()
             ? clients_.find(caf::actor_cast<caf::actor_addr>(current_sender()))
             : clients_.end();
    if (i == clients_.end() || i->second.erase(number) == 0)
      return make_error(errc::invalid_argument,
                        "the sender holds no permit number "
                          + std::to_string(number) + " of limiter "
                          + quoted(state_->name())
                          + "; each permit is given back once, by the actor "
                            "that asked for it");
    return caf::unit;
  }

  /// The permits of a sender, which is watched from its first request on.
  permits& client_of(const caf::strong_actor_ptr& sender) {
    auto [i, fresh] =
      clients_.try_emplace(caf::actor_cast<caf::actor_addr>(sender));
    if (fresh)
      monitor(caf::actor_cast<caf::abstract_actor*>(sender));
    return i->second;
  }

  void client_died(const caf::actor_addr& who) {
    std::erase_if(waiting_,
                  [&who](auto& x) { return x.second->sender == who; });
    auto client = clients_.extract(who);
    if (client.empty())
      return;
    std::uint32_t n = 0;
    for (auto& [number, held] : client.mapped())
      n += held.weight();
    if (n > 0)
      state_->count_reclaimed(n);
  }

  /// Ends with an answer to everybody. (Killed, it cannot give one: to send
  /// from a dying actor is undefined.)
  void end(caf::error reason) {
    state_->close(permit_refusal::closed);
    while (!waiting_.empty())
      settled(waiting_.begin()->first);
    quit(std::move(reason));
  }

  const limiter_ptr state_;
  permit_number last_number_ = 0;
  std::unordered_map<caf::actor_addr, permits> clients_;
  std::unordered_map<permit_number, std::unique_ptr<message_wait>> waiting_;
};

} // namespace

limiter_actor spawn_limiter_actor(caf::actor_system& sys, limiter_ptr state) {
  return sys.spawn<limiter_impl>(std::move(state));
}

} // namespace axiom::detail
