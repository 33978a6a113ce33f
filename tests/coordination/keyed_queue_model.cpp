// Any sequence of events of a keyed limiter's queue, beside a model that scans
// vectors.

#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include <rapidcheck/boost_test.h>

#include "support/keyed_model.hpp"

using namespace test;
using axiom::detail::key_part;

namespace {

struct step {
  enum class kind {
    request,
    cancel,
    release,
    key_dies,
    set_share,
    set_limit,
    advance,
    reprioritise,
    close
  };
  kind what;
  std::uint32_t first; // a weight, a limit, a key or an index, by `what`
  std::uint32_t second;
  std::uint32_t third;
};

std::ostream& operator<<(std::ostream& out, const step& x) {
  constexpr std::array names{"request",  "cancel",       "release",
                             "key dies", "set share",    "set limit",
                             "advance",  "reprioritise", "close"};
  return out << names[static_cast<std::size_t>(x.what)] << ' ' << x.first << ' '
             << x.second << ' ' << x.third;
}

using kind = step::kind;
using frequencies = std::initializer_list<std::pair<std::size_t, kind>>;

rc::Gen<std::vector<step>> sequences(frequencies kinds) {
  auto number = rc::gen::inRange<std::uint32_t>(0, 1000);
  auto steps = rc::gen::construct<step>(rc::gen::weightedElement(kinds), number,
                                        number, number);
  return rc::gen::resize(1500, rc::gen::container<std::vector<step>>(steps));
}

std::string key_name(std::uint32_t number) {
  return std::string(1, static_cast<char>('a' + number % 5));
}

/// A queue and its model, which have to agree after each step; and what must
/// hold whatever the model says.
class comparison {
public:
  /// @param widest of the weights that are requested
  comparison(permit_count limit, permit_count widest)
    : real_(limit), model_{limit}, widest_(widest) {
    // nop
  }

  void run(const step& x) {
    const auto before = real_.balance;
    verdicts expected;
    verdicts got;
    std::tie(expected, got) = perform(x);
    // Those refused come first, in an order that is not promised.
    auto served = std::find_if(got.begin(), got.end(), [](auto& y) {
      return y.state == phase::granted;
    });
    std::sort(got.begin(), served,
              [](auto& a, auto& b) { return a.id < b.id; });
    RC_ASSERT(got == expected);
    for (auto& y : got) {
      ends(y.id);
      if (y.state == phase::granted)
        held_.push_back(y.id);
    }
    check(before);
  }

  /// Lets everybody leave and everything come back.
  void finish() {
    while (!model_.waiting.empty())
      run({kind::cancel, as_number(model_.waiting.back().id), 0, 0});
    while (!held_.empty())
      run({kind::release, 0, 0, 0});
    RC_ASSERT(real_.balance.in_use == 0u);
    RC_ASSERT(real_.queue.parts() == 0u);
    for (auto& x : real_.waiters)
      RC_ASSERT(endings_[x.id] == 1);
  }

private:
  using both = std::pair<verdicts, verdicts>;

  static std::uint32_t as_number(std::size_t index) {
    return static_cast<std::uint32_t>(index);
  }

  both perform(const step& x) {
    switch (x.what) {
      case kind::request:
        return request(key_name(x.first), x.second % (widest_ + 1),
                       static_cast<int>(x.third % 4));
      case kind::cancel:
        if (real_.waiters.empty())
          return {};
        return cancel(x.first % real_.waiters.size());
      case kind::release:
        if (held_.empty())
          return {};
        return release(x.first % held_.size());
      case kind::key_dies:
        return key_dies(key_name(x.first));
      case kind::set_share:
        return set_share(key_name(x.first), {x.second % 5, x.third % 4});
      case kind::set_limit:
        return set_limit(x.first % 12);
      case kind::advance:
        real_.now += x.first * 1ms;
        model_.now = real_.now;
        return {model_.settle(), real_.advance(0ms)};
      case kind::reprioritise:
        if (real_.waiters.empty())
          return {};
        return reprioritise(x.first % real_.waiters.size(),
                            static_cast<int>(x.second % 4));
      case kind::close:
        return close();
    }
    return {};
  }

  both request(const std::string& key, permit_count weight, int priority) {
    auto id = real_.waiters.size();
    auto got = real_.request(key, weight, static_cast<task_priority>(priority));
    auto why = model_.closed         ? permit_refusal::closed
             : weight == 0           ? permit_refusal::zero_weight
             : weight > model_.limit ? permit_refusal::exceeds_capacity
                                     : permit_refusal::none;
    if (why != permit_refusal::none)
      return {{failed(id, why)}, got};
    model_.arrive({id, weight, priority, model_.now, key});
    return {model_.settle(), got};
  }

  both cancel(std::size_t id) {
    auto waits = real_.waiters[id].state() == phase::waiting;
    auto got = real_.cancel(id);
    RC_ASSERT(real_.was_waiting == waits);
    if (!waits)
      return {{}, got};
    ends(id);
    model_.leave(id);
    return {model_.settle(), got};
  }

  both release(std::size_t index) {
    auto id = held_[index];
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(index));
    return_to_model(id);
    return {model_.settle(), real_.release(id)};
  }

  /// All that a key holds comes back at one moment.
  both key_dies(const std::string& key) {
    permit_count weight = 0;
    key_part* part = nullptr;
    std::erase_if(held_, [&](auto id) {
      auto& x = real_.waiters[id];
      if (x.part()->key() != key)
        return false;
      part = x.part();
      weight += x.weight();
      return true;
    });
    if (part == nullptr)
      return {};
    auto& y = model_.parts[key];
    y.held -= weight;
    model_.in_use -= weight;
    model_.tidy();
    auto got = real_.happens(
      [=](auto& q, auto& turn) { q.release(*part, weight, turn); });
    return {model_.settle(), got};
  }

  void return_to_model(std::size_t id) {
    auto& x = real_.waiters[id];
    model_.parts[std::string{x.part()->key()}].held -= x.weight();
    model_.in_use -= x.weight();
    model_.tidy();
  }

  both set_share(const std::string& key, key_share share) {
    auto old = model_.share(key).minimum;
    auto got = real_.set_share(key, share);
    auto valid =
      share.weight > 0 && model_.minima() - old + share.minimum <= model_.limit;
    RC_ASSERT(valid == (real_.refusal == permit_refusal::none));
    if (!valid)
      return {{}, got};
    model_.change_share(key, share);
    return {model_.settle(), got};
  }

  both set_limit(permit_count limit) {
    auto got = real_.set_limit(limit);
    auto valid = limit > 0 && limit >= model_.minima();
    RC_ASSERT(valid == (real_.refusal == permit_refusal::none));
    if (!valid)
      return {{}, got};
    model_.limit = limit;
    auto expected = model_.refuse();
    auto served = model_.settle();
    expected.insert(expected.end(), served.begin(), served.end());
    return {expected, got};
  }

  both reprioritise(std::size_t id, int priority) {
    auto got = real_.happens([&](auto& q, auto& turn) {
      q.reprioritise(real_.waiters[id], static_cast<task_priority>(priority),
                     turn);
    });
    for (auto& x : model_.waiting)
      if (x.id == id)
        x.priority = priority;
    return {model_.settle(), got};
  }

  both close() {
    auto got = real_.happens(
      [](auto& q, auto& turn) { q.close(permit_refusal::closed, turn); });
    verdicts expected;
    for (auto& x : model_.waiting)
      expected.push_back(failed(x.id, permit_refusal::closed));
    model_.waiting.clear();
    model_.tidy();
    model_.closed = true;
    return {expected, got};
  }

  void ends(std::size_t id) {
    RC_ASSERT(++endings_[id] == 1);
  }

  void check(permit_balance before) {
    // No permit is lost, and none is made, in all and in each key.
    std::map<std::string, permit_count> held;
    for (auto id : held_)
      held[std::string{real_.waiters[id].part()->key()}] +=
        real_.waiters[id].weight();
    permit_count sum = 0;
    for (auto& [key, n] : held) {
      RC_ASSERT(real_.queue.find(key)->held() == n);
      sum += n;
    }
    RC_ASSERT(real_.balance.in_use == sum);
    RC_ASSERT(real_.balance.limit == model_.limit);
    // Never more than the limit, but for what was there when it was lowered.
    RC_ASSERT(sum <= std::max(model_.limit, before.in_use));
    // Keys of no use take no memory.
    std::set<std::string> alive;
    for (auto& [key, n] : held)
      alive.insert(key);
    for (auto& x : model_.waiting)
      alive.insert(x.key);
    RC_ASSERT(real_.queue.parts() == alive.size());
    // Nobody waits for what he could have, nor for what he cannot have.
    RC_ASSERT(real_.queue.waiting() == model_.waiting.size());
    RC_ASSERT(!model_.would_grant(model_.now));
    for (auto& x : model_.waiting)
      RC_ASSERT(x.weight <= model_.limit);
    check_minima(held);
    check_next_advance();
  }

  /// Whoever is kept from his minimum is kept from it by permits that are held,
  /// not by somebody in front of him, unless many have passed that one.
  void check_minima(const std::map<std::string, permit_count>& held) {
    if (model_.passed >= 8)
      return;
    for (auto& key : model_.rotation) {
      auto weight = model_.head(key, model_.now)->weight;
      auto i = held.find(key);
      auto has = i != held.end() ? i->second : 0;
      if (has + weight <= model_.share(key).minimum) {
        RC_ASSERT(weight > real_.balance.free());
        return; // those behind take turns with this one
      }
    }
  }

  /// Whoever asks for the time when to come back is never told too late.
  void check_next_advance() {
    auto next = real_.next;
    RC_ASSERT(!next || *next > model_.now);
    for (auto t : rises(model_.waiting, model_.now, ageing))
      if (model_.would_grant(t)) {
        RC_ASSERT(next.has_value());
        RC_ASSERT(*next <= t);
        return;
      }
  }

  keyed_limiter real_;
  keyed_model model_;
  const permit_count widest_;
  std::vector<std::size_t> held_;
  std::map<std::size_t, int> endings_;
};

rc::Gen<std::array<permit_count, 3>> minima() {
  return rc::gen::container<std::array<permit_count, 3>>(
    rc::gen::inRange<permit_count>(0, 4));
}

/// @param minima of the first keys, as far as the limit allows
void run_beside_the_model(permit_count limit, permit_count widest,
                          const std::array<permit_count, 3>& minima,
                          const std::vector<step>& sequence) {
  comparison both{limit, widest};
  for (std::uint32_t key = 0; key < minima.size(); ++key)
    both.run({kind::set_share, key, key + 1, minima[key]});
  for (auto& x : sequence)
    both.run(x);
  both.finish();
}

} // namespace

BOOST_AUTO_TEST_SUITE(keyed_queue_model)

RC_BOOST_PROP(any_sequence_of_events_settles_as_the_model_says, ()) {
  const auto limit = *rc::gen::inRange<permit_count>(1, 12);
  run_beside_the_model(limit, 6, *minima(),
                       *sequences({{60, kind::request},
                                   {12, kind::cancel},
                                   {40, kind::release},
                                   {2, kind::key_dies},
                                   {6, kind::set_share},
                                   {8, kind::set_limit},
                                   {20, kind::advance},
                                   {10, kind::reprioritise},
                                   {1, kind::close}}));
}

RC_BOOST_PROP(keys_that_always_want_more_than_their_minima_do_so_too, ()) {
  const auto guaranteed = *minima();
  const auto limit =
    std::max(3U, std::accumulate(guaranteed.begin(), guaranteed.end(), 0U));
  run_beside_the_model(limit, 2, guaranteed,
                       *sequences({{80, kind::request},
                                   {50, kind::release},
                                   {5, kind::advance},
                                   {5, kind::cancel}}));
}

BOOST_AUTO_TEST_SUITE_END()
