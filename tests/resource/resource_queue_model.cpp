// Any sequence of events of a monitor's queue, beside a model that scans a
// vector. RapidCheck prints its seed, and shortens a sequence that fails;
// RC_PARAMS (seed=..., max_success=...) in the environment makes it try the
// same again, or more.

#include <algorithm>
#include <map>
#include <tuple>

#include <rapidcheck.h>
#include <rapidcheck/boost_test.h>

#include "support/resource_queue.hpp"

using namespace test;

namespace {

constexpr std::size_t kinds = 3;
constexpr std::size_t holder_count = 3;

/// Somebody who waits; in order of arrival.
struct entry {
  std::size_t id;
  units wanted;
  int priority;
  time_point arrived;
};

/// The same rules, as plainly as can be.
struct model {
  units capacity;
  std::chrono::milliseconds period;
  units in_use = units(kinds);
  units headroom = units(kinds, resource_balance::unlimited);
  resource_admission admission = resource_admission::open;
  time_point now = start;
  std::vector<entry> waiting{}; // in order of arrival
  bool closed = false;

  int level(const entry& x, time_point when) const {
    const auto rise = period > 0ms ? (when - x.arrived) / period : 0;
    return static_cast<int>(std::min<std::int64_t>(3, x.priority + rise));
  }

  /// Those that wait, in the order of their turns.
  std::vector<entry> in_order(time_point when) const {
    auto result = waiting;
    std::stable_sort(result.begin(), result.end(), [&](auto& a, auto& b) {
      return level(a, when) > level(b, when);
    });
    return result;
  }

  /// Whether so much of a resource can be granted if `before` of it goes to
  /// others first.
  bool fits(std::size_t kind, std::uint64_t wanted,
            std::uint64_t before) const {
    const auto others = in_use[kind] + before;
    auto most = capacity[kind];
    if (admission == resource_admission::reduced && others > 0)
      most /= 2;
    if (admission == resource_admission::serial && others > 0)
      most = 0;
    return wanted == 0
        || (others + wanted <= most
            && (headroom[kind] == resource_balance::unlimited
                || before + wanted <= headroom[kind]));
  }

  /// Whom rule 3 does not let wait, at time `when`.
  const entry* next(time_point when, std::vector<entry>& order) const {
    const auto all_free =
      std::all_of(in_use.begin(), in_use.end(), [](auto x) { return x == 0; });
    if (admission == resource_admission::serial && !all_free)
      return nullptr;
    order = in_order(when);
    units before(kinds);
    for (auto& x : order) {
      auto good = true;
      for (std::size_t i = 0; i < kinds; ++i)
        good = good && fits(i, x.wanted[i], before[i]);
      if (good)
        return &x;
      for (std::size_t i = 0; i < kinds; ++i)
        before[i] += x.wanted[i];
    }
    return nullptr;
  }

  bool would_grant(time_point when) const {
    std::vector<entry> order;
    return next(when, order) != nullptr;
  }

  verdicts settle() {
    verdicts result;
    std::vector<entry> order;
    while (auto* x = next(now, order)) {
      result.push_back(granted(x->id));
      for (std::size_t i = 0; i < kinds; ++i) {
        in_use[i] += x->wanted[i];
        if (headroom[i] != resource_balance::unlimited)
          headroom[i] -= x->wanted[i];
      }
      leave(x->id);
    }
    return result;
  }

  bool too_much(const units& wanted) const {
    for (std::size_t i = 0; i < kinds; ++i)
      if (wanted[i] > capacity[i])
        return true;
    return false;
  }

  /// Those that wait for whom `f` holds fail, in the order in which the queue
  /// keeps them.
  template <class F>
  verdicts fail_those(F f, resource_refusal why) {
    verdicts result;
    for (int priority = 0; priority < 4; ++priority)
      for (auto& x : waiting)
        if (x.priority == priority && f(x))
          result.push_back(failed(x.id, why));
    for (auto& x : result)
      leave(x.id);
    return result;
  }

  void leave(std::size_t id) {
    std::erase_if(waiting, [id](auto& x) { return x.id == id; });
  }
};

struct step {
  enum class kind {
    request,
    cancel,
    release,
    holder_dies,
    set_capacity,
    set_headroom,
    set_admission,
    advance,
    go_back,
    reprioritise,
    close
  };
  kind what;
  std::uint32_t first; // an id, a holder or a resource, by `what`
  std::uint32_t second;
  std::uint32_t third;
};

std::ostream& operator<<(std::ostream& out, const step& x) {
  constexpr std::array names{"request",       "cancel",       "release",
                             "holder dies",   "set capacity", "set headroom",
                             "set admission", "advance",      "go back",
                             "reprioritise",  "close"};
  return out << names[static_cast<std::size_t>(x.what)] << ' ' << x.first << ' '
             << x.second << ' ' << x.third;
}

rc::Gen<step> steps() {
  using kind = step::kind;
  const auto number = rc::gen::inRange<std::uint32_t>(0, 1000);
  return rc::gen::construct<step>(
    rc::gen::weightedElement<kind>({{60, kind::request},
                                    {15, kind::cancel},
                                    {40, kind::release},
                                    {4, kind::holder_dies},
                                    {8, kind::set_capacity},
                                    {8, kind::set_headroom},
                                    {5, kind::set_admission},
                                    {20, kind::advance},
                                    {3, kind::go_back},
                                    {15, kind::reprioritise},
                                    {1, kind::close}}),
    number, number, number);
}

/// A queue and its model, which have to agree after each step; and what must
/// hold whatever the model says.
class comparison {
public:
  comparison(const units& capacity, std::chrono::milliseconds period)
    : real_(capacity, period), model_{capacity, period} {
    real_.advance(0ms); // an event, so that time cannot go back from here
  }

  void run(const step& x) {
    const auto before = real_.balances;
    verdicts expected;
    verdicts got;
    std::tie(expected, got) = perform(x);
    // All at one moment: the order does not matter.
    RC_ASSERT(sorted(got) == sorted(expected));
    for (auto& y : got) {
      ends(y.id);
      if (y.state == phase::granted)
        holders_[y.id % holder_count].push_back(y.id);
    }
    check(before);
  }

  /// Lets everybody leave and everything come back.
  void finish() {
    while (!model_.waiting.empty())
      run({step::kind::cancel, as_number(model_.waiting.back().id), 0, 0});
    for (std::size_t i = 0; i < holder_count; ++i)
      run({step::kind::holder_dies, as_number(i), 0, 0});
    for (auto& x : real_.balances)
      RC_ASSERT(x.in_use == 0u);
    for (auto& x : real_.waiters)
      RC_ASSERT(endings_[x.id] == 1);
  }

private:
  using both = std::pair<verdicts, verdicts>;
  using holder = std::vector<std::size_t>;

  static verdicts sorted(verdicts x) {
    std::sort(x.begin(), x.end(), [](auto& a, auto& b) { return a.id < b.id; });
    return x;
  }

  both perform(const step& x) {
    using kind = step::kind;
    switch (x.what) {
      case kind::request:
        return request(x);
      case kind::cancel:
        if (real_.waiters.empty())
          return {};
        return cancel(x.first % real_.waiters.size());
      case kind::release: {
        auto& y = holders_[x.first % holder_count];
        if (y.empty())
          return {};
        return release(y, x.second % y.size());
      }
      case kind::holder_dies:
        return die(holders_[x.first % holder_count]);
      case kind::set_capacity:
        return set_capacity(x.first % kinds, 1 + x.second % 10);
      case kind::set_headroom: {
        const auto i = x.first % kinds;
        const auto most = x.second % 3 == 0 ? resource_balance::unlimited
                                            : std::uint64_t{x.third % 12};
        model_.headroom[i] = most;
        auto got = real_.set_headroom(i, most);
        return {model_.settle(), got};
      }
      case kind::set_admission: {
        const auto how = static_cast<resource_admission>(x.first % 3);
        model_.admission = how;
        auto got = real_.set_admission(how);
        return {model_.settle(), got};
      }
      case kind::advance:
        real_.now += x.first * 1ms;
        model_.now = std::max(model_.now, real_.now);
        return {model_.settle(), real_.advance(0ms)};
      case kind::go_back:
        real_.now -= x.first * 1ms;
        return {};
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

  both request(const step& x) {
    const auto id = real_.waiters.size();
    units wanted(kinds);
    // Three of seven leave one out; so mostly of one or two resources.
    std::uint32_t digits = x.first + 1000 * x.third;
    for (auto& y : wanted) {
      y = digits % 7 < 3 ? 0 : digits % 7 - 2;
      digits /= 7;
    }
    if (std::all_of(wanted.begin(), wanted.end(),
                    [](auto y) { return y == 0; }))
      wanted[x.third % kinds] = 1 + x.second % 9;
    const auto priority = static_cast<int>(x.second % 4);
    auto got = real_.request(wanted, static_cast<task_priority>(priority));
    const auto why = model_.closed ? resource_refusal::closed
                   : model_.too_much(wanted)
                     ? resource_refusal::exceeds_capacity
                     : resource_refusal::none;
    if (why != resource_refusal::none)
      return {{failed(id, why)}, got};
    model_.waiting.push_back({id, wanted, priority, model_.now});
    return {model_.settle(), got};
  }

  both cancel(std::size_t id) {
    const auto waits = real_.waiters[id].state() == phase::waiting;
    auto got = real_.cancel(id);
    RC_ASSERT(real_.was_waiting == waits);
    if (!waits)
      return {{}, got};
    RC_ASSERT(real_.waiters[id].state() == phase::cancelled);
    ends(id);
    model_.leave(id);
    return {model_.settle(), got};
  }

  void come_back(std::size_t id) {
    for (const auto& [resource, n] : real_.waiters[id].amounts())
      model_.in_use[resource] -= n;
  }

  both release(holder& from, std::size_t index) {
    const auto id = from[index];
    from.erase(from.begin() + static_cast<std::ptrdiff_t>(index));
    come_back(id);
    return {model_.settle(), real_.release_of(id)};
  }

  /// All that it holds comes back, one after the other.
  both die(holder& from) {
    both result;
    for (auto id : from) {
      come_back(id);
      auto expected = model_.settle();
      auto got = real_.release_of(id);
      result.first.insert(result.first.end(), expected.begin(), expected.end());
      result.second.insert(result.second.end(), got.begin(), got.end());
    }
    from.clear();
    return result;
  }

  both set_capacity(std::size_t kind, std::uint64_t capacity) {
    auto got = real_.set_capacity(kind, capacity);
    model_.capacity[kind] = capacity;
    auto expected =
      model_.fail_those([&](auto& x) { return model_.too_much(x.wanted); },
                        resource_refusal::exceeds_capacity);
    auto served = model_.settle();
    expected.insert(expected.end(), served.begin(), served.end());
    return {expected, got};
  }

  both reprioritise(std::size_t id, int priority) {
    auto got = real_.reprioritise(id, static_cast<task_priority>(priority));
    for (auto& x : model_.waiting)
      if (x.id == id)
        x.priority = priority;
    return {model_.settle(), got};
  }

  both close() {
    auto got = real_.close();
    auto expected =
      model_.fail_those([](auto&) { return true; }, resource_refusal::closed);
    model_.closed = true;
    return {expected, got};
  }

  static std::uint32_t as_number(std::size_t index) {
    return static_cast<std::uint32_t>(index);
  }

  void ends(std::size_t id) {
    RC_ASSERT(++endings_[id] == 1);
  }

  void check(const resource_balances& before) {
    units held(kinds);
    for (auto& x : holders_)
      for (auto id : x)
        for (const auto& [resource, n] : real_.waiters[id].amounts())
          held[resource] += n;
    for (std::size_t i = 0; i < kinds; ++i) {
      const auto& x = real_.balances[i];
      // Nothing is lost, and nothing is made.
      RC_ASSERT(x.in_use == held[i]);
      RC_ASSERT(x.capacity == model_.capacity[i]);
      RC_ASSERT(x.headroom == model_.headroom[i]);
      // Never more than there is, but for what was out when it was lowered; and
      // what is free for somebody alone is the rest.
      RC_ASSERT(x.in_use <= std::max(x.capacity, before[i].in_use));
      if (x.headroom == resource_balance::unlimited)
        RC_ASSERT(x.in_use + x.room(resource_admission::open)
                  == std::max(x.capacity, x.in_use));
      std::size_t waiting = 0;
      for (auto& y : model_.waiting)
        waiting += y.wanted[i] > 0 ? 1 : 0;
      RC_ASSERT(real_.queue.waiting_for(i) == waiting);
    }
    // Nobody waits for what he could have, nor for what he cannot have.
    RC_ASSERT(real_.queue.waiting() == model_.waiting.size());
    RC_ASSERT(!model_.would_grant(model_.now));
    for (auto& x : model_.waiting) {
      RC_ASSERT(!model_.too_much(x.wanted));
      RC_ASSERT(real_.waiters[x.id].state() == phase::waiting);
    }
    RC_ASSERT(real_.queue.idle()
              == (model_.waiting.empty() && !model_.closed
                  && model_.admission == resource_admission::open));
    check_next_advance();
  }

  /// Whoever asks for the time when to come back is told in time.
  void check_next_advance() {
    const auto next = real_.next;
    RC_ASSERT(!next || *next > model_.now);
    for (auto& x : model_.waiting)
      for (int i = 1; i <= 3 && model_.period > 0ms; ++i)
        if (const auto t = x.arrived + i * model_.period;
            t > model_.now && model_.would_grant(t)) {
          RC_ASSERT(next.has_value());
          RC_ASSERT(*next <= model_.now + model_.period);
        }
  }

  market real_;
  model model_;
  std::array<holder, holder_count> holders_;
  std::map<std::size_t, int> endings_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(resource_queue_model)

RC_BOOST_PROP(any_sequence_of_events_settles_as_the_model_says, ()) {
  const auto capacity =
    *rc::gen::container<units>(kinds, rc::gen::inRange<std::uint64_t>(1, 11));
  const auto period = *rc::gen::element(ageing, ageing, 0ms);
  const auto sequence =
    *rc::gen::resize(400, rc::gen::container<std::vector<step>>(steps()));
  comparison both{capacity, period};
  for (auto& x : sequence)
    both.run(x);
  both.finish();
}

BOOST_AUTO_TEST_SUITE_END()
