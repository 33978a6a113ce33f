#pragma once

// A simulated service behind an adaptive limit: a queue with several servers,
// in simulated time, event by event.
//
// Its best limit is known: with as many calls in flight as servers all of them
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

/// The limits that were in force during some time, probes left out.
struct limit_range {
  std::size_t least = std::numeric_limits<std::size_t>::max();
  std::size_t most = 0;
};

class queueing_service {
public:
  queueing_service(axiom::adaptive_limit& limit, const service_options& options,
                   std::uint64_t seed)
    : limit_(limit), options_(options), random_(seed) {
    // nop
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

  /// At most so many callers at once; no bound unless told.
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
        if (!limit_.probing()) {
          seen.least = std::min(seen.least, limit_.limit());
          seen.most = std::max(seen.most, limit_.limit());
        }
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
  struct call {
    time_point end;
    time_point start;
    std::size_t in_flight;
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

  void admit() {
    while (in_flight_ < limit_.limit() && in_flight_ < callers_
           && (rate_ == 0 || waiting_ > 0)) {
      if (rate_ > 0)
        --waiting_;
      ++in_flight_;
      call x{now_, now_, in_flight_};
      if (busy_ < options_.servers) {
        serve(x);
      } else if (options_.servers > 0 && queued_.size() < options_.queue) {
        queued_.push_back(x);
      } else {
        turn_away(x);
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
    --in_flight_;
    if (!x.turned_away) {
      --busy_;
      ++served_;
    }
    while (!queued_.empty() && busy_ < options_.servers) {
      serve(queued_.front());
      queued_.pop_front();
    }
    limit_.add({x.start, now_ - x.start, x.in_flight, x.turned_away});
  }

  axiom::adaptive_limit& limit_;
  service_options options_;
  std::mt19937_64 random_;
  std::size_t callers_ = std::numeric_limits<std::size_t>::max();
  double rate_ = 0; // 0: there is always a call waiting
  std::size_t waiting_ = 0;
  time_point now_{};
  time_point next_call_{};
  std::size_t in_flight_ = 0;
  std::size_t busy_ = 0;
  std::size_t served_ = 0;
  std::deque<call> queued_;
  std::priority_queue<call, std::vector<call>, std::greater<>> running_;
};

} // namespace test
