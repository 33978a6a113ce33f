// Any sequence of events of a limiter's queue, beside a model that scans a
// vector.

#include <map>
#include <tuple>

#include <rapidcheck/boost_test.h>

#include "support/limiter.hpp"

using namespace test;

namespace {

/// The same rules, as plainly as can be.
struct model {
  permit_count limit;
  std::chrono::milliseconds period;
  permit_count in_use = 0;
  time_point now = start;
  entries waiting{}; // in order of arrival
  bool closed = false;

  auto first(time_point when) const {
    return first_of(waiting, when, period, [](auto&) { return true; });
  }

  bool would_grant(time_point when) const {
    auto x = first(when);
    return x != waiting.end() && in_use + x->weight <= limit;
  }

  verdicts settle() {
    verdicts result;
    for (auto x = first(now); would_grant(now); x = first(now)) {
      in_use += x->weight;
      result.push_back(granted(x->id));
      waiting.erase(x);
    }
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
    set_limit,
    advance,
    go_back,
    reprioritise,
    close
  };
  kind what;
  std::uint32_t first; // a weight, a limit, a holder or an index, by `what`
  std::uint32_t second;
};

std::ostream& operator<<(std::ostream& out, const step& x) {
  constexpr std::array names{"request",     "cancel",       "release",
                             "holder dies", "set limit",    "advance",
                             "go back",     "reprioritise", "close"};
  return out << names[static_cast<std::size_t>(x.what)] << ' ' << x.first << ' '
             << x.second;
}

rc::Gen<step> steps() {
  using kind = step::kind;
  return rc::gen::construct<step>(
    rc::gen::weightedElement<kind>({{60, kind::request},
                                    {15, kind::cancel},
                                    {40, kind::release},
                                    {4, kind::holder_dies},
                                    {10, kind::set_limit},
                                    {20, kind::advance},
                                    {3, kind::go_back},
                                    {15, kind::reprioritise},
                                    {1, kind::close}}),
    rc::gen::inRange<std::uint32_t>(0, 1000),
    rc::gen::inRange<std::uint32_t>(0, 1000));
}

/// A queue and its model, which have to agree after each step; and what must
/// hold whatever the model says.
class comparison {
public:
  comparison(permit_count limit, std::chrono::milliseconds period)
    : real_(limit, period), model_{limit, period} {
    real_.advance(0ms); // an event, so that time cannot go back from here
  }

  void run(const step& x) {
    const auto before = real_.balance;
    verdicts expected;
    verdicts got;
    std::tie(expected, got) = perform(x);
    RC_ASSERT(got == expected);
    for (auto& y : got) {
      ends(y.id);
      if (y.state == phase::granted)
        holders_[y.id % holders_.size()].push_back(y.id);
    }
    check(before);
  }

  /// Lets everybody leave and everything come back.
  void finish() {
    while (!model_.waiting.empty())
      run({step::kind::cancel, as_number(model_.waiting.back().id), 0});
    for (std::size_t i = 0; i < holders_.size(); ++i)
      run({step::kind::holder_dies, as_number(i), 0});
    RC_ASSERT(real_.balance.in_use == 0u);
    for (auto& x : real_.waiters)
      RC_ASSERT(endings_[x.id] == 1);
  }

private:
  using both = std::pair<verdicts, verdicts>;
  using holder = std::vector<std::size_t>;

  both perform(const step& x) {
    using kind = step::kind;
    switch (x.what) {
      case kind::request:
        return request(x.first % 10, static_cast<int>(x.second % 4));
      case kind::cancel:
        if (real_.waiters.empty())
          return {};
        return cancel(x.first % real_.waiters.size());
      case kind::release: {
        auto& y = holders_[x.first % holders_.size()];
        if (y.empty())
          return {};
        return release(y, x.second % y.size());
      }
      case kind::holder_dies:
        return die(holders_[x.first % holders_.size()]);
      case kind::set_limit:
        return set_limit(x.first % 12);
      case kind::advance:
        real_.now += x.first * 1ms;
        model_.now = std::max(model_.now, real_.now);
        return {model_.settle(), real_.advance(0ms)};
      case kind::go_back:
        real_.now -= x.first * 1ms;
        return {{}, {}};
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

  both request(permit_count weight, int priority) {
    auto id = real_.waiters.size();
    auto got = real_.request(weight, static_cast<task_priority>(priority));
    auto why = model_.closed         ? permit_refusal::closed
             : weight == 0           ? permit_refusal::zero_weight
             : weight > model_.limit ? permit_refusal::exceeds_capacity
                                     : permit_refusal::none;
    if (why != permit_refusal::none)
      return {{failed(id, why)}, got};
    model_.waiting.push_back({id, weight, priority, model_.now});
    return {model_.settle(), got};
  }

  both cancel(std::size_t id) {
    auto waits = real_.waiters[id].state() == phase::waiting;
    auto got = real_.cancel(id);
    RC_ASSERT(real_.was_waiting == waits);
    if (!waits)
      return {{}, got};
    RC_ASSERT(real_.waiters[id].state() == phase::cancelled);
    ends(id);
    model_.leave(id);
    return {model_.settle(), got};
  }

  both release(holder& from, std::size_t index) {
    auto weight = real_.waiters[from[index]].weight();
    from.erase(from.begin() + static_cast<std::ptrdiff_t>(index));
    model_.in_use -= weight;
    return {model_.settle(), real_.release(weight)};
  }

  /// All that it holds comes back, at one moment or in between other events.
  both die(holder& from) {
    permit_count weight = 0;
    for (auto id : from)
      weight += real_.waiters[id].weight();
    from.clear();
    model_.in_use -= weight;
    return {model_.settle(), real_.release(weight)};
  }

  both set_limit(permit_count limit) {
    auto got = real_.set_limit(limit);
    RC_ASSERT((real_.refusal == permit_refusal::none) == (limit > 0));
    if (limit == 0)
      return {{}, got};
    model_.limit = limit;
    verdicts expected;
    for (int priority = 0; priority < 4; ++priority)
      for (auto& x : model_.waiting)
        if (x.priority == priority && x.weight > limit)
          expected.push_back(failed(x.id, permit_refusal::exceeds_capacity));
    for (auto& x : expected)
      model_.leave(x.id);
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
    auto got = real_.happens(
      [](auto& q, auto& turn) { q.close(permit_refusal::closed, turn); });
    verdicts expected;
    for (int priority = 0; priority < 4; ++priority)
      for (auto& x : model_.waiting)
        if (x.priority == priority)
          expected.push_back(failed(x.id, permit_refusal::closed));
    model_.waiting.clear();
    model_.closed = true;
    return {expected, got};
  }

  static std::uint32_t as_number(std::size_t index) {
    return static_cast<std::uint32_t>(index);
  }

  void ends(std::size_t id) {
    RC_ASSERT(++endings_[id] == 1);
  }

  void check(permit_balance before) {
    // No permit is lost, and none is made.
    permit_count held = 0;
    for (auto& x : holders_)
      for (auto id : x)
        held += real_.waiters[id].weight();
    RC_ASSERT(real_.balance.in_use == held);
    RC_ASSERT(real_.balance.limit == model_.limit);
    // Never more than the limit, but for what was there when it was lowered.
    RC_ASSERT(held <= std::max(model_.limit, before.in_use));
    // Nobody waits for what he could have, nor for what he cannot have.
    RC_ASSERT(real_.queue.waiting() == model_.waiting.size());
    RC_ASSERT(!model_.would_grant(model_.now));
    for (auto& x : model_.waiting)
      RC_ASSERT(x.weight <= model_.limit);
    RC_ASSERT(real_.queue.idle() == (model_.waiting.empty() && !model_.closed));
    check_next_advance();
  }

  /// Whoever asks for the time when to come back is never told too late.
  void check_next_advance() {
    auto next = real_.next;
    RC_ASSERT(!next || *next > model_.now);
    for (auto t : rises(model_.waiting, model_.now, model_.period))
      if (model_.would_grant(t)) {
        RC_ASSERT(next.has_value());
        RC_ASSERT(*next <= t);
        return;
      }
  }

  limiter real_;
  model model_;
  std::array<holder, 3> holders_;
  std::map<std::size_t, int> endings_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(limiter_queue_model)

RC_BOOST_PROP(any_sequence_of_events_settles_as_the_model_says, ()) {
  const auto limit = *rc::gen::inRange<permit_count>(1, 12);
  const auto period = *rc::gen::element(ageing, ageing, 0ms);
  const auto sequence =
    *rc::gen::resize(400, rc::gen::container<std::vector<step>>(steps()));
  comparison both{limit, period};
  for (auto& x : sequence)
    both.run(x);
  both.finish();
}

BOOST_AUTO_TEST_SUITE_END()
