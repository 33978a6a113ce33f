#pragma once

// What the tests of the limiter's queues share: waiters with a name, the order
// of those that wait as a plain scan of a vector, and what an event has
// settled.
//
// RapidCheck makes up the sequences of events, prints its seed, and shortens a
// sequence that fails; RC_PARAMS (seed=..., max_success=...) in the environment
// makes it try the same again, or more.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <rapidcheck.h>

#include "axiom/coordination/limiter/keyed_queue.hpp"
#include "axiom/coordination/limiter/wait_queue.hpp"

namespace test {

using namespace std::chrono_literals;
using axiom::key_share;
using axiom::task_priority;
using axiom::detail::keyed_queue;
using axiom::detail::keyed_waiter;
using axiom::detail::permit_balance;
using axiom::detail::permit_count;
using axiom::detail::permit_refusal;
using axiom::detail::permit_turn;
using axiom::detail::permit_waiter;
using axiom::detail::wait_queue;
using axiom::runtime::time_point;
using phase = permit_waiter::phase;

inline constexpr time_point start{1h};
inline constexpr std::chrono::milliseconds ageing{250};

// -- what happened ------------------------------------------------------------

/// How the wait of a waiter ended.
struct verdict {
  std::size_t id;
  phase state;
  permit_refusal refusal;

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
  return {id, phase::granted, permit_refusal::none};
}

inline verdict failed(std::size_t id, permit_refusal why) {
  return {id, phase::failed, why};
}

inline const verdicts nobody;

// -- a queue and its surroundings ---------------------------------------------

/// A queue with its balance and its time, and waiters numbered from 0. Each
/// event says whom it has settled, in order.
template <class Queue, class Waiter>
struct limiter_with {
  struct waiter : Waiter {
    waiter(std::size_t number, permit_count weight, task_priority priority)
      : Waiter(weight, priority), id(number) {
      // nop
    }

    const std::size_t id;
  };

  limiter_with(permit_count limit, std::chrono::milliseconds period)
    : queue(period), balance{limit} {
    // nop
  }

  ~limiter_with() {
    close(permit_refusal::closed);
  }

  template <class Event>
  verdicts happens(Event event) {
    permit_turn turn{balance, now};
    event(queue, turn);
    balance = turn.balance;
    next = queue.next_advance(turn);
    verdicts result;
    while (auto* next = turn.settled.pop()) {
      auto& x = static_cast<waiter&>(*next);
      result.push_back({x.id, x.state(), x.refusal()});
    }
    return result;
  }

  waiter& add(permit_count weight, task_priority priority) {
    return waiters.emplace_back(waiters.size(), weight, priority);
  }

  verdicts cancel(std::size_t id) {
    return happens(
      [&](auto& q, auto& turn) { was_waiting = q.cancel(waiters[id], turn); });
  }

  verdicts set_limit(permit_count limit) {
    return happens(
      [&](auto& q, auto& turn) { refusal = q.set_limit(limit, turn); });
  }

  verdicts reprioritise(std::size_t id, task_priority to) {
    return happens(
      [&](auto& q, auto& turn) { q.reprioritise(waiters[id], to, turn); });
  }

  verdicts advance(std::chrono::nanoseconds by) {
    now += by;
    return happens([](auto& q, auto& turn) { q.advance(turn); });
  }

  verdicts close(permit_refusal why) {
    return happens([why](auto& q, auto& turn) { q.close(why, turn); });
  }

  Queue queue;
  permit_balance balance;
  time_point now = start;
  std::deque<waiter> waiters;
  std::optional<time_point> next; ///< by next_advance, last
  bool was_waiting = false; ///< by cancel, last
  permit_refusal refusal = permit_refusal::none; ///< of the last change
};

struct limiter : limiter_with<wait_queue, permit_waiter> {
  explicit limiter(permit_count limit,
                   std::chrono::milliseconds period = ageing)
    : limiter_with(limit, period) {
    // nop
  }

  verdicts request(permit_count weight,
                   task_priority priority = task_priority::medium) {
    auto& x = add(weight, priority);
    return happens([&x](auto& q, auto& turn) { q.request(x, turn); });
  }

  verdicts release(permit_count weight) {
    return happens([=](auto& q, auto& turn) { q.release(weight, turn); });
  }
};

struct keyed_limiter : limiter_with<keyed_queue, keyed_waiter> {
  explicit keyed_limiter(permit_count limit) : limiter_with(limit, ageing) {
    // nop
  }

  verdicts request(const std::string& key, permit_count weight = 1,
                   task_priority priority = task_priority::medium) {
    auto& x = add(weight, priority);
    return happens([&](auto& q, auto& turn) { q.request(x, key, turn); });
  }

  /// Gives back what waiter `id` was granted.
  verdicts release(std::size_t id) {
    auto& x = waiters[id];
    return happens(
      [&x](auto& q, auto& turn) { q.release(*x.part(), x.weight(), turn); });
  }

  verdicts set_share(const std::string& key, key_share share) {
    return happens(
      [&](auto& q, auto& turn) { refusal = q.set_share(key, share, turn); });
  }
};

// -- decisions ----------------------------------------------------------------

/// Decisions made up beforehand, for a run that takes them one after the other;
/// 0 when there are no more. RapidCheck shortens the list of a run that fails.
class tape {
public:
  explicit tape(std::vector<std::uint32_t> numbers)
    : numbers_(std::move(numbers)) {
    // nop
  }

  /// A number in [0, n).
  template <class T>
  T below(T n) {
    return next_ < numbers_.size() ? static_cast<T>(numbers_[next_++] % n)
                                   : T{0};
  }

private:
  std::vector<std::uint32_t> numbers_;
  std::size_t next_ = 0;
};

inline rc::Gen<std::vector<std::uint32_t>> tapes() {
  return rc::gen::resize(1000, rc::gen::container<std::vector<std::uint32_t>>(
                                 rc::gen::inRange<std::uint32_t>(0, 2520)));
}

// -- the order, plainly -------------------------------------------------------

/// Somebody who waits, as the models write it down; in order of arrival.
struct entry {
  std::size_t id;
  permit_count weight;
  int priority;
  time_point arrived;
  std::string key{};

  /// @param period of ageing; 0 for none
  int level(time_point now, std::chrono::milliseconds period) const {
    auto rise = period > 0ms ? (now - arrived) / period : 0;
    return static_cast<int>(std::min<std::int64_t>(3, priority + rise));
  }
};

using entries = std::vector<entry>;

/// Who goes first of those in `waiting` for whom `counts` holds.
template <class F>
entries::const_iterator first_of(const entries& waiting, time_point now,
                                 std::chrono::milliseconds period, F counts) {
  auto result = waiting.end();
  for (auto i = waiting.begin(); i != waiting.end(); ++i)
    if (counts(*i)
        && (result == waiting.end()
            || i->level(now, period) > result->level(now, period)))
      result = i;
  return result;
}

/// The times after `now` at which somebody rises.
inline std::vector<time_point> rises(const entries& waiting, time_point now,
                                     std::chrono::milliseconds period) {
  std::vector<time_point> result;
  for (auto& x : waiting)
    for (int i = 1; i <= 3 && period > 0ms; ++i)
      if (auto t = x.arrived + i * period; t > now)
        result.push_back(t);
  std::sort(result.begin(), result.end());
  return result;
}

} // namespace test
