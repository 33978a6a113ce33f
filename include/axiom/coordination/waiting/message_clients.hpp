#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include <caf/actor.hpp>
#include <caf/actor_addr.hpp>
#include <caf/actor_cast.hpp>
#include <caf/local_actor.hpp>
#include <caf/result.hpp>
#include <caf/send.hpp>
#include <caf/typed_response_promise.hpp>

#include "axiom/coordination/message_types.hpp"
#include "axiom/coordination/waiting/place_waiter.hpp"
#include "axiom/error/exception.hpp"
#include "axiom/runtime/host.hpp"
#include "axiom/runtime/later.hpp"
#include "axiom/runtime/timer_entry.hpp"

namespace axiom::detail {

/// The part of a place's actor that serves those who ask by message: what they
/// hold, under numbers, and who waits.
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
///
/// @tparam Place a place_of, with `who()`, `put_back(waiter)` and
///   `record(waiter, holder)`, of which a `Held` is made
/// @tparam Held RAII for what was granted
template <class Place, class Held>
class message_clients {
public:
  using number_type = std::uint64_t;
  using waiter_type = typename Place::waiter_type;

  /// What one sender holds.
  using holdings = std::unordered_map<number_type, Held>;

  message_clients(caf::local_actor& self, Place& place) noexcept
    : self_(self), place_(place) {
    // nop
  }

  /// Takes what is there by `take()`, an optional of Held, or else asks by
  /// `ask(waiter)`, which returns whether that settled it.
  /// @param args the waiter's
  template <class Take, class Ask, class... Args>
  caf::result<number_type> acquire(std::optional<caf::timespan> timeout,
                                   Take take, Ask ask, Args&&... args) {
    auto sender = self_.current_sender();
    if (!sender)
      return make_error(errc::invalid_argument,
                        "an anonymous sender asks for a share of "
                          + place_.who()
                          + ": nobody would give it back when it dies");
    const auto number = ++last_number_;
    try {
      auto& client = client_of(sender);
      if (std::optional<Held> there = take()) {
        client.emplace(number, std::move(*there));
        return number;
      }
      auto x =
        std::make_unique<wait>(*this, number, std::forward<Args>(args)...);
      x->sender = caf::actor_cast<caf::actor_addr>(sender);
      if (ask(*x)) {
        if (x->state() != place_waiter::phase::granted)
          return place_.refused(*x).error();
        keep(*x, number);
        return number;
      }
      x->response = self_.make_response_promise<number_type>();
      if (timeout)
        x->time_out_after(*timeout);
      auto result = x->response;
      waiting_.emplace(number, std::move(x));
      return result;
    } catch (const exception& ex) {
      return ex.error();
    }
  }

  /// Answers who waits under `number`: it was settled.
  void settled(number_type number) {
    auto i = waiting_.find(number);
    if (i == waiting_.end())
      return; // its sender has died
    auto x = std::move(i->second);
    waiting_.erase(i);
    if (x->state() == place_waiter::phase::granted) {
      keep(*x, number);
      x->response.deliver(number);
    } else {
      x->response.deliver(place_.refused(*x).error());
    }
  }

  caf::result<void> release(number_type number) {
    auto sender = self_.current_sender();
    auto i = sender ? clients_.find(caf::actor_cast<caf::actor_addr>(sender))
                    : clients_.end();
    if (i == clients_.end() || i->second.erase(number) == 0)
      return make_error(errc::invalid_argument,
                        "the sender holds nothing under number "
                          + std::to_string(number) + " of " + place_.who()
                          + "; what was granted is given back once, by the "
                            "actor that asked for it");
    return caf::unit;
  }

  /// What a sender held that has died; whatever it waited for is forgotten.
  holdings client_died(const caf::actor_addr& who) {
    std::erase_if(waiting_,
                  [&who](auto& x) { return x.second->sender == who; });
    auto client = clients_.extract(who);
    return client.empty() ? holdings{} : std::move(client.mapped());
  }

  /// Answers all who wait.
  /// @pre the place is closed
  void answer_all() {
    while (!waiting_.empty())
      settled(waiting_.begin()->first);
  }

  /// Gives everything back, without a word.
  void clear() {
    clients_.clear();
    waiting_.clear();
  }

private:
  /// A sender in the queue of the place.
  class wait final : public waiter_type {
  public:
    template <class... Args>
    wait(message_clients& owner, number_type number, Args&&... args)
      : waiter_type(std::forward<Args>(args)...),
        owner_(owner),
        number_(number) {
      // nop
    }

    ~wait() override {
      if (timer_)
        owner_.timers().cancel(*timer_);
      // Out of the queue, or granted and not looked at any more.
      if (!owner_.place_.withdraw(*this)
          && this->state() == place_waiter::phase::granted && !taken)
        owner_.place_.put_back(*this);
    }

    void time_out_after(runtime::duration span) {
      auto& timers = owner_.timers();
      timers.arm(timer_.emplace(*this), runtime::later(timers.now(), span));
    }

    bool settled(woken_tasks&) noexcept override {
      caf::anon_send(caf::actor_cast<caf::actor>(&owner_.self_), settled_atom_v,
                     number_);
      return true;
    }

    caf::actor_addr sender;
    caf::typed_response_promise<number_type> response;
    bool taken = false;

  private:
    struct timer final : runtime::timer_entry {
      explicit timer(wait& x) noexcept : waiter(x) {
        // nop
      }

      void fire() noexcept override {
        waiter.owner_.place_.time_out(waiter, due());
      }

      wait& waiter;
    };

    message_clients& owner_;
    const number_type number_;
    std::optional<timer> timer_;
  };

  /// @pre called before the place has lost its host
  runtime::timer_service& timers() const {
    return place_.host()->timers();
  }

  /// Writes down what a waiter was granted.
  void keep(wait& x, number_type number) {
    x.taken = true;
    clients_[x.sender].emplace(number, Held{place_.record(x, nullptr)});
  }

  /// What a sender holds, which is watched from its first request on.
  holdings& client_of(const caf::strong_actor_ptr& sender) {
    auto [i, fresh] =
      clients_.try_emplace(caf::actor_cast<caf::actor_addr>(sender));
    if (fresh)
      self_.monitor(caf::actor_cast<caf::abstract_actor*>(sender));
    return i->second;
  }

  caf::local_actor& self_;
  Place& place_;
  number_type last_number_ = 0;
  std::unordered_map<caf::actor_addr, holdings> clients_;
  std::unordered_map<number_type, std::unique_ptr<wait>> waiting_;
};

} // namespace axiom::detail
