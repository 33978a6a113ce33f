#pragma once

// A simulated service behind one adaptive limit or several: a queue with
// several servers, in simulated time, event by event.
//
// The best limit is known: with as many calls in flight as servers all of them
// are busy and nothing waits; each call more makes all of them wait.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <queue>
#include <random>
#include <vector>

#include "axiom/coordination/limiter/adaptive.hpp"

namespace test {

using axiom::runtime::duration;
using axiom::runtime::time_point;

struct service_options {
  std::size_t servers = 10;
  duration service_time = std::chrono::milliseconds{10};
  /// Whether service times are exponentially distributed, or all the same.
  bool random = true;
  /// How many wait in the service; those beyond are turned away.
  std::size_t queue = std::numeric_limits<std::size_t>::max();
};

/// The limits that were in force during some time, probes left out; the sums
/// where there are several.
struct limit_range {
  std::size_t least = std::numeric_limits<std::size_t>::max();
  std::size_t most = 0;
};

class queueing_service {
public:
  queueing_service(axiom::adaptive_limit& limit, const service_options& options,
                   std::uint64_t seed)
    : options_(options), random_(seed) {
    join(limit);
  }

  /// Another limit lets calls in from now on.
  void join(axiom::adaptive_limit& limit) {
    clients_.push_back({&limit});
  }

  // -- what changes while it runs ---------------------------------------------

  /// Without any, every call that is not served yet is turned away.
  void servers(std::size_t n) {
    options_.servers = n;
    if (n > 0)
      return;
    for (auto& x : queued_)
      turn_away(x);
    queued_.clear();
  }

  void service_time(duration x) {
    options_.service_time = x;
  }

  /// At most so many callers at once for each limit; no bound unless told.
  void callers(std::size_t n) {
    callers_ = n;
  }

  /// Calls come at random, so many a second, and wait for a permit; unless
  /// told, there is always one waiting.
  void calls_per_second(double rate) {
    rate_ = rate;
    waiting_ = 0;
    next_call_ = now_ + draw(1e9 / rate);
  }

  // -- running ----------------------------------------------------------------

  limit_range run(duration how_long) {
    limit_range seen;
    auto until = now_ + how_long;
    admit();
    for (;;) {
      auto next = next_event();
      if (next > until)
        break;
      now_ = next;
      if (rate_ > 0 && next_call_ == now_) {
        ++waiting_;
        next_call_ = now_ + draw(1e9 / rate_);
      } else {
        end_one();
        look(seen);
      }
      admit();
    }
    now_ = until;
    return seen;
  }

  /// How many calls were served.
  std::size_t served() const {
    return served_;
  }

private:
  struct client {
    axiom::adaptive_limit* limit;
    std::size_t in_flight = 0;
  };

  struct call {
    time_point end;
    time_point start;
    std::size_t client; // who made it
    std::size_t in_flight; // of that client's
    bool turned_away = false;

    friend bool operator>(const call& a, const call& b) {
      return a.end > b.end;
    }
  };

  time_point next_event() const {
    auto next = running_.empty() ? time_point::max() : running_.top().end;
    return rate_ > 0 ? std::min(next, next_call_) : next;
  }

  duration draw(double mean) {
    std::exponential_distribution<double> any{1 / mean};
    return duration{
      std::max<duration::rep>(1, static_cast<duration::rep>(any(random_)))};
  }

  duration draw_service_time() {
    return options_.random
           ? draw(static_cast<double>(options_.service_time.count()))
           : options_.service_time;
  }

  void look(limit_range& seen) const {
    std::size_t sum = 0;
    for (const auto& x : clients_) {
      if (x.limit->probing())
        return;
      sum += x.limit->limit();
    }
    seen.least = std::min(seen.least, sum);
    seen.most = std::max(seen.most, sum);
  }

  void admit() {
    for (std::size_t i = 0; i < clients_.size(); ++i)
      admit(i);
  }

  void admit(std::size_t who) {
    auto& x = clients_[who];
    while (x.in_flight < x.limit->limit() && x.in_flight < callers_
           && (rate_ == 0 || waiting_ > 0)) {
      if (rate_ > 0)
        --waiting_;
      ++x.in_flight;
      call next{now_, now_, who, x.in_flight};
      if (busy_ < options_.servers) {
        serve(next);
      } else if (options_.servers > 0 && queued_.size() < options_.queue) {
        queued_.push_back(next);
      } else {
        turn_away(next);
      }
    }
  }

  void serve(call x) {
    ++busy_;
    x.end = now_ + draw_service_time();
    running_.push(x);
  }

  void turn_away(call x) {
    x.turned_away = true;
    x.end = now_ + options_.service_time / 2;
    running_.push(x);
  }

  void end_one() {
    auto x = running_.top();
    running_.pop();
    --clients_[x.client].in_flight;
    if (!x.turned_away) {
      --busy_;
      ++served_;
    }
    while (!queued_.empty() && busy_ < options_.servers) {
      serve(queued_.front());
      queued_.pop_front();
    }
    clients_[x.client].limit->add(
      {x.start, now_ - x.start, x.in_flight, x.turned_away});
  }

  std::vector<client> clients_;
  service_options options_;
  std::mt19937_64 random_;
  std::size_t callers_ = std::numeric_limits<std::size_t>::max();
  double rate_ = 0; // 0: there is always a call waiting
  std::size_t waiting_ = 0;
  time_point now_{};
  time_point next_call_{};
  std::size_t busy_ = 0;
  std::size_t served_ = 0;
  std::deque<call> queued_;
  std::priority_queue<call, std::vector<call>, std::greater<>> running_;
};

} // namespace test
