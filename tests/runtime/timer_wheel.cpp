// The wheel beside a model that is obviously right: a std::multimap from due
// time to entry. RapidCheck makes up sequences of operations, prints the seed
// of one that fails and shortens it; RC_PARAMS (max_success=..., seed=...)
// makes it try more, or the same again.

#include <array>
#include <deque>
#include <limits>
#include <map>
#include <ostream>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

#include "axiom/runtime/timer_wheel.hpp"

using namespace std::chrono_literals;
using namespace axiom::runtime;

namespace {

constexpr auto no_limit = std::numeric_limits<std::size_t>::max();
constexpr time_point start{1h};

struct entry final : timer_entry {
  void fire() noexcept override {
    // nop
  }
};

timer_entry* pop_by(timer_wheel& wheel, time_point until) {
  auto budget = no_limit;
  return wheel.pop(until, budget);
}

// -- the model ----------------------------------------------------------------

/// One step of a made-up sequence.
struct step {
  enum class kind {
    insert,
    insert_again,
    cancel,
    advance,
    stop_short,
    prepare
  };
  kind what;
  std::uint64_t number; // a distance, an index or a budget, as `what` says
};

std::ostream& operator<<(std::ostream& out, const step& x) {
  constexpr std::array names{"insert",  "insert again", "cancel",
                             "advance", "stop short",   "prepare"};
  return out << names[static_cast<std::size_t>(x.what)] << ' ' << x.number;
}

/// A wheel and its model, which have to agree after each step.
class comparison {
public:
  ~comparison() {
    for (auto& x : entries_)
      wheel_.remove(x);
  }

  void operator()(const step& x) {
    using enum step::kind;
    switch (x.what) {
      case insert:
        add(time_after(x.number));
        break;
      case insert_again: // for the time of an entry that is there
        if (!model_.empty())
          add(chosen(x.number)->first);
        break;
      case cancel:
        if (!model_.empty()) {
          auto i = chosen(x.number);
          RC_ASSERT(wheel_.remove(*i->second));
          RC_ASSERT(!wheel_.remove(*i->second));
          model_.erase(i);
        }
        break;
      case advance:
        take(time_after(x.number), no_limit);
        break;
      case stop_short: // to the first few, in small steps, not all the way
        take(wheel_.next_due(), x.number % 8);
        break;
      case prepare: {
        std::size_t budget = x.number % 64;
        wheel_.prepare(budget);
        break;
      }
    }
    compare();
  }

private:
  using model = std::multimap<time_point, entry*>;

  time_point time_after(std::uint64_t distance) const {
    const auto position = wheel_.position();
    const auto left =
      static_cast<std::uint64_t>((time_point::max() - position).count());
    return position
         + duration{static_cast<duration::rep>(distance % (left + 1))};
  }

  model::iterator chosen(std::uint64_t number) {
    return std::next(model_.begin(), number % model_.size());
  }

  void add(time_point due) {
    auto& x = entries_.emplace_back();
    wheel_.insert(x, due);
    model_.emplace(std::max(due, wheel_.position()), &x);
  }

  void take(time_point until, std::size_t budget) {
    auto* x = wheel_.pop(until, budget);
    for (; x != nullptr; x = wheel_.pop(until, budget)) {
      RC_ASSERT(!model_.empty());
      RC_ASSERT(x == model_.begin()->second);
      RC_ASSERT(model_.begin()->first <= until); // never early
      RC_ASSERT(wheel_.position() == model_.begin()->first);
      model_.erase(model_.begin());
    }
    if (budget > 0) {
      RC_ASSERT(wheel_.position() == until);
      RC_ASSERT(model_.empty() || model_.begin()->first > until);
    }
  }

  void compare() const {
    RC_ASSERT(wheel_.size() == model_.size());
    const auto due = model_.empty() ? time_point::max() : model_.begin()->first;
    RC_ASSERT(wheel_.next_due() == due);
    RC_ASSERT(wheel_.next_visit() <= due);
    RC_ASSERT(wheel_.next_visit() >= wheel_.position());
  }

  timer_wheel wheel_{start};
  std::deque<entry> entries_;
  model model_;
};

/// Distances of every magnitude, few of each, so that entries meet in slots.
rc::Gen<std::uint64_t> distances() {
  return rc::gen::map(
    rc::gen::pair(rc::gen::inRange(0, 63),
                  rc::gen::inRange<std::uint64_t>(0, 32)),
    [](const auto& x) { return (x.second << 58) >> (63 - x.first); });
}

rc::Gen<step> steps() {
  using enum step::kind;
  auto kinds = rc::gen::weightedElement<step::kind>({{8, insert},
                                                     {4, insert_again},
                                                     {4, cancel},
                                                     {2, advance},
                                                     {4, stop_short},
                                                     {2, prepare}});
  return rc::gen::construct<step>(kinds, distances());
}

} // namespace

BOOST_AUTO_TEST_SUITE(timer_wheels)

RC_BOOST_PROP(do_what_a_sorted_map_does, ()) {
  auto all =
    *rc::gen::resize(2000, rc::gen::container<std::vector<step>>(steps()));
  comparison run;
  for (auto& x : all)
    run(x);
}

BOOST_AUTO_TEST_CASE(hold_any_time_there_is) {
  timer_wheel wheel{start};
  std::deque<entry> all(6);
  wheel.insert(all[5], time_point::max());
  wheel.insert(all[4], time_point::max() - 1ns);
  wheel.insert(all[3], start + 24h * 365 * 100);
  wheel.insert(all[2], start + 24h);
  wheel.insert(all[0], time_point::min());
  wheel.insert(all[1], time_point{}); // both are past: the order of arming
  for (auto& x : all) {
    BOOST_TEST_REQUIRE(pop_by(wheel, time_point::max()) == &x);
    BOOST_CHECK(wheel.position() == std::max(start, x.due()));
  }
  BOOST_TEST(pop_by(wheel, time_point::max()) == nullptr);
  wheel.insert(all[0], start); // at the end of time all is past
  BOOST_TEST(pop_by(wheel, time_point::max()) == &all[0]);
}

BOOST_AUTO_TEST_CASE(let_go_of_entries_that_outlive_them) {
  std::deque<entry> all(1000);
  {
    timer_wheel wheel{start};
    for (auto due = start; auto& x : all)
      wheel.insert(x, due += 86'028'157us);
  }
  timer_wheel another{start};
  for (auto& x : all) {
    BOOST_TEST_REQUIRE(!another.remove(x));
    another.insert(x, start);
  }
  BOOST_TEST(another.size() == all.size());
  while (pop_by(another, start) != nullptr) {
    // nop
  }
}

BOOST_AUTO_TEST_CASE(move_an_entry_at_most_eight_times) {
  for (auto due = start + 1ns; due < start + 24h * 365 * 100;
       due += due - start + 1ns) {
    timer_wheel wheel{start};
    entry x;
    wheel.insert(x, due);
    std::size_t budget = 9; // and taken out once
    BOOST_TEST(wheel.pop(due, budget) == &x);
  }
}

BOOST_AUTO_TEST_CASE(know_when_a_few_entries_are_due) {
  timer_wheel wheel{start};
  std::deque<entry> all(10);
  for (auto due = start + 1h; auto& x : all)
    wheel.insert(x, due += 1ms);
  BOOST_CHECK(wheel.next_visit() == start + 1h + 1ms);
  for (auto& x : all)
    wheel.remove(x);
  BOOST_CHECK(wheel.next_visit() == time_point::max());
}

BOOST_AUTO_TEST_CASE(move_a_crowd_before_its_time) {
  // As the steady timer works: it comes when told, takes out what is due, and
  // then prepares what comes next. One early bird hides the crowd behind it.
  timer_wheel wheel{start};
  std::deque<entry> all(100'001);
  auto due = start + 30s;
  wheel.insert(all[0], due - 200ms);
  for (auto i = all.begin() + 1; i != all.end(); ++i)
    wheel.insert(*i, due += 10us); // for a second
  std::size_t most = 0;
  while (wheel.size() > 0) {
    auto until = wheel.next_visit();
    auto budget = no_limit;
    std::size_t taken = 0;
    for (; auto* x = wheel.pop(until, budget); ++taken)
      BOOST_TEST_REQUIRE((x->due() <= until));
    most = std::max(most, no_limit - budget - taken);
    budget = no_limit;
    wheel.prepare(budget);
  }
  // What is moved late is what shares 16 us with what is due, not 100,000.
  BOOST_TEST(most < 100u);
}

BOOST_AUTO_TEST_SUITE_END()
