#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include <caf/actor_addr.hpp>
#include <caf/error.hpp>
#include <caf/local_actor.hpp>
#include <caf/result.hpp>
#include <caf/timespan.hpp>

#include "axiom/error/circuit_breaker.hpp"
#include "axiom/runtime/timer_entry.hpp"

namespace axiom::detail {

/// The part of a circuit breaker's actor that serves those who ask by message:
/// whose permissions are out, under numbers.
///
///     acquire --refused--> (told)
///        |
///        +--> held --succeeded, failed--> (gone; it has taught)
///              |
///              +--its time is over--> (gone; a failure)
///              +--release, death of the sender--> (gone; nothing learnt)
///
/// Invariants:
/// 1. A permission is told about once, by its sender, or not at all.
/// 2. A sender is watched from his first request on; who has died has none.
/// 3. A timer only sends the actor a number, so one that fires while its
///    permission goes finds nothing.
///
/// Used only by the actor.
class circuit_clients {
public:
  using number_type = std::uint64_t;

  circuit_clients(caf::local_actor& self, circuit_ptr circuit) noexcept
    : self_(self), circuit_(std::move(circuit)) {
    // nop
  }

  /// Permission for the current sender; for a call that may take so long.
  caf::result<number_type> acquire(std::optional<caf::timespan> timeout);

  // -- verdicts of the current sender -----------------------------------------

  caf::result<void> succeeded(number_type number);
  caf::result<void> failed(number_type number, const caf::error& why);
  caf::result<void> release(number_type number);

  // -- what happens to permissions --------------------------------------------

  /// The time of one is over.
  void overdue(number_type number);

  void died(const caf::actor_addr& who);

  /// Whether this one is watched, since it has asked.
  bool knows(const caf::actor_addr& who) const {
    return clients_.count(who) != 0;
  }

  /// Returns all, without a word.
  void clear() noexcept {
    clients_.clear();
    owners_.clear();
  }

private:
  /// A permission that is out.
  class held {
  public:
    held(circuit_clients& owner, number_type number, circuit_pass pass)
      : owner_(owner), number_(number), pass_(std::move(pass)) {
      // nop
    }

    held(const held&) = delete;
    held& operator=(const held&) = delete;
    ~held();

    void end_after(caf::timespan span);

    circuit_pass& pass() noexcept {
      return pass_;
    }

    const std::optional<caf::timespan>& timeout() const noexcept {
      return timeout_;
    }

  private:
    struct timer final : runtime::timer_entry {
      explicit timer(held& x) noexcept : what(x) {
        // nop
      }

      void fire() noexcept override;

      held& what;
    };

    circuit_clients& owner_;
    const number_type number_;
    circuit_pass pass_;
    std::optional<caf::timespan> timeout_;
    std::optional<timer> timer_;
  };

  using holdings = std::unordered_map<number_type, held>;

  /// Passes the permission to `verdict`, and forgets it.
  template <class F>
  caf::result<void> settle(number_type number, F verdict);

  holdings& client_of(const caf::strong_actor_ptr& sender);

  caf::local_actor& self_;
  const circuit_ptr circuit_;
  number_type last_number_ = 0;
  std::unordered_map<caf::actor_addr, holdings> clients_;

  /// Who has the permissions with a timeout.
  std::unordered_map<number_type, caf::actor_addr> owners_;
};

} // namespace axiom::detail
