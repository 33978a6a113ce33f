#include "error/circuit/circuit_clients.hpp"

#include <string>
#include <utility>

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include "axiom/runtime/later.hpp"

namespace axiom::detail {

// -- held ---------------------------------------------------------------------

circuit_clients::held::~held() {
  if (timer_)
    owner_.circuit_->host().timers().cancel(*timer_);
}

void circuit_clients::held::end_after(caf::timespan span) {
  auto& timers = owner_.circuit_->host().timers();
  timeout_ = span;
  timers.arm(timer_.emplace(*this), runtime::later(timers.now(), span));
}

void circuit_clients::held::timer::fire() noexcept {
  caf::anon_send(caf::actor_cast<caf::actor>(&what.owner_.self_),
                 settled_atom_v, what.number_);
}

// -- requests -----------------------------------------------------------------

caf::result<circuit_clients::number_type> circuit_clients::acquire(
  std::optional<caf::timespan> timeout) {
  auto sender = self_.current_sender();
  const auto who = "circuit " + quoted(circuit_->name());
  if (!sender)
    return make_error(errc::invalid_argument,
                      "an anonymous sender asks for the permission of " + who
                        + ": nobody would answer for it when it dies");
  if (timeout && *timeout <= caf::timespan::zero())
    return make_error(errc::invalid_argument, "the timeout of a permission of "
                                                + who + " must be positive");
  try {
    auto ticket = circuit_->enter();
    if (!ticket)
      circuit_->refuse();
    // From here on the pass goes back by itself, whatever fails.
    circuit_pass pass{circuit_, *ticket};
    auto& client = client_of(sender);
    const auto number = ++last_number_;
    auto& x =
      client.try_emplace(number, *this, number, std::move(pass)).first->second;
    if (timeout) {
      owners_.emplace(number, caf::actor_cast<caf::actor_addr>(sender));
      x.end_after(*timeout);
    }
    return number;
  } catch (const exception& ex) {
    return ex.error();
  }
}

template <class F>
caf::result<void> circuit_clients::settle(number_type number, F verdict) {
  auto sender = self_.current_sender();
  auto client = sender ? clients_.find(caf::actor_cast<caf::actor_addr>(sender))
                       : clients_.end();
  if (client != clients_.end())
    if (auto i = client->second.find(number); i != client->second.end()) {
      verdict(i->second.pass());
      client->second.erase(i);
      owners_.erase(number);
      return caf::unit;
    }
  return make_error(errc::invalid_argument,
                    "the sender has no permission under number "
                      + std::to_string(number) + " of circuit "
                      + quoted(circuit_->name())
                      + "; how a call went is told once, in time, by the "
                        "actor that asked");
}

caf::result<void> circuit_clients::succeeded(number_type number) {
  return settle(number, [](circuit_pass& x) { x.succeeded(); });
}

caf::result<void> circuit_clients::failed(number_type number,
                                          const caf::error& why) {
  if (!why)
    return make_error(errc::invalid_argument,
                      "a call of circuit " + quoted(circuit_->name())
                        + " is told to have failed, but with no error; use "
                          "succeeded_atom for one that has not");
  return settle(number, [&why](circuit_pass& x) { x.failed(failure{why}); });
}

caf::result<void> circuit_clients::release(number_type number) {
  return settle(number, [](circuit_pass& x) { circuit_pass{std::move(x)}; });
}

// -- what happens to permissions ----------------------------------------------

void circuit_clients::overdue(number_type number) {
  auto owner = owners_.extract(number);
  if (owner.empty())
    return; // told, returned or orphaned meanwhile
  auto& client = clients_.at(owner.mapped());
  auto& x = client.at(number);
  x.pass().failed(
    {errc::deadline_exceeded,
     "nothing was heard of a call within "
       + std::to_string(std::chrono::duration<double>(*x.timeout()).count())
       + " s"});
  client.erase(number);
}

void circuit_clients::died(const caf::actor_addr& who) {
  auto client = clients_.extract(who);
  if (client.empty())
    return;
  for (auto& [number, x] : client.mapped())
    owners_.erase(number);
}

circuit_clients::holdings& circuit_clients::client_of(
  const caf::strong_actor_ptr& sender) {
  auto [i, fresh] =
    clients_.try_emplace(caf::actor_cast<caf::actor_addr>(sender));
  if (fresh)
    self_.monitor(caf::actor_cast<caf::abstract_actor*>(sender));
  return i->second;
}

} // namespace axiom::detail
