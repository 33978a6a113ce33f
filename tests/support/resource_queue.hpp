#pragma once

// What the tests of the resource monitor's queue share: the queue with what
// there is and what time it is, waiters with a number, and what an event has
// settled.

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <ostream>
#include <span>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "axiom/resource/monitor/resource_queue.hpp"

namespace test {

using namespace std::chrono_literals;
using axiom::task_priority;
using axiom::detail::resource_admission;
using axiom::detail::resource_amounts;
using axiom::detail::resource_balance;
using axiom::detail::resource_balances;
using axiom::detail::resource_queue;
using axiom::detail::resource_refusal;
using axiom::detail::resource_turn;
using axiom::detail::resource_waiter;
using axiom::runtime::time_point;
using phase = resource_waiter::phase;

inline constexpr time_point start{1h};
inline constexpr std::chrono::milliseconds ageing{250};

/// Units of each resource, by number; 0 for none.
using units = std::vector<std::uint64_t>;

inline resource_amounts amounts_of(std::span<const std::uint64_t> x) {
  resource_amounts result;
  for (std::uint32_t i = 0; i < x.size(); ++i)
    if (x[i] > 0)
      result.add({i, x[i]});
  return result;
}

/// How the wait of a waiter ended.
struct verdict {
  std::size_t id;
  phase state;
  resource_refusal refusal;

  friend bool operator==(const verdict&, const verdict&) = default;
};

inline std::ostream& operator<<(std::ostream& out, const verdict& x) {
  constexpr std::array states{"idle", "waiting", "granted", "cancelled",
                              "failed"};
  return out << x.id << ' ' << states[static_cast<std::size_t>(x.state)] << ' '
             << static_cast<int>(x.refusal);
}

using verdicts = std::vector<verdict>;

inline verdict granted(std::size_t id) {
  return {id, phase::granted, resource_refusal::none};
}

inline verdict failed(std::size_t id, resource_refusal why) {
  return {id, phase::failed, why};
}

inline const verdicts nobody;

/// A queue with its surroundings, and waiters numbered from 0. Each event says
/// whom it has settled, in order.
struct market {
  struct waiter : resource_waiter {
    waiter(std::size_t number, const units& wanted, task_priority priority)
      : resource_waiter(amounts_of(wanted), priority), id(number) {
      // nop
    }

    const std::size_t id;
  };

  explicit market(const units& capacities,
                  std::chrono::milliseconds period = ageing)
    : queue(capacities.size(), period) {
    for (auto x : capacities)
      balances.push_back({x});
  }

  market(const market&) = delete;
  market& operator=(const market&) = delete;

  ~market() {
    close();
  }

  template <class Event>
  verdicts happens(Event event) {
    resource_turn turn{balances, now};
    event(queue, turn);
    next = queue.next_advance(turn);
    verdicts result;
    while (auto* settled = turn.settled.pop()) {
      auto& x = static_cast<waiter&>(*settled);
      result.push_back({x.id, x.state(), x.refusal()});
    }
    return result;
  }

  verdicts request(const units& wanted,
                   task_priority priority = task_priority::medium) {
    auto& x = waiters.emplace_back(waiters.size(), wanted, priority);
    return happens([&x](auto& q, auto& turn) { q.request(x, turn); });
  }

  verdicts cancel(std::size_t id) {
    return happens(
      [&](auto& q, auto& turn) { was_waiting = q.cancel(waiters[id], turn); });
  }

  verdicts release(const units& x) {
    return happens(
      [&x](auto& q, auto& turn) { q.release(amounts_of(x), turn); });
  }

  /// Gives back what waiter `id` was granted.
  verdicts release_of(std::size_t id) {
    return happens([this, id](auto& q, auto& turn) {
      q.release(waiters[id].amounts(), turn);
    });
  }

  verdicts set_capacity(std::size_t resource, std::uint64_t x) {
    return happens(
      [=](auto& q, auto& turn) { q.set_capacity(resource, x, turn); });
  }

  verdicts set_headroom(std::size_t resource, std::uint64_t x) {
    return happens(
      [=](auto& q, auto& turn) { q.set_headroom(resource, x, turn); });
  }

  verdicts set_admission(resource_admission how) {
    return happens([how](auto& q, auto& turn) { q.set_admission(how, turn); });
  }

  verdicts reprioritise(std::size_t id, task_priority to) {
    return happens(
      [&](auto& q, auto& turn) { q.reprioritise(waiters[id], to, turn); });
  }

  verdicts advance(std::chrono::nanoseconds by) {
    now += by;
    return happens([](auto& q, auto& turn) { q.advance(turn); });
  }

  verdicts close() {
    return happens(
      [](auto& q, auto& turn) { q.close(resource_refusal::closed, turn); });
  }

  std::uint64_t in_use(std::size_t resource) const {
    return balances[resource].in_use;
  }

  resource_queue queue;
  resource_balances balances;
  time_point now = start;
  std::deque<waiter> waiters;
  std::optional<time_point> next; ///< by next_advance, last
  bool was_waiting = false; ///< by cancel, last
};

} // namespace test
