// Joins against a model: any operations, each of which ends in a way and at a
// time of its own, and takes its cancellation in a way of its own.

#include <algorithm>
#include <numeric>

#include <rapidcheck.h>

#include "support/delays.hpp"

using namespace test;

namespace {

enum class ending { value, failure };

/// What an operation makes of its cancellation.
enum class manner { goes, fails, ignores };

struct operation {
  int tick = 0; // when it ends by itself; no two at the same time
  ending how = ending::value;
  manner when_cancelled = manner::goes;
};

constexpr auto unit = 10ms;
constexpr auto clean_up = 3ms; // less than a unit: it follows at once

/// An operation as a task; its value is its number.
auto runnable(const operation& op, int number) {
  return [op, number](task_context& self) -> async<int> {
    auto span = op.tick * unit;
    if (op.when_cancelled == manner::ignores) {
      co_await self.shielded([span](task_context& me) -> async<void> {
        co_await me.sleep_for(span);
      });
    } else {
      auto slept = co_await axiom::as_expected(self.sleep_for(span));
      if (!slept && op.when_cancelled == manner::goes)
        slept.error().rethrow();
      if (!slept) {
        co_await self.shielded([](task_context& me) -> async<void> {
          co_await me.sleep_for(clean_up);
        });
        co_return axiom::fail(errc::invalid_argument, "in passing");
      }
    }
    if (op.how == ending::failure)
      co_return axiom::fail(errc::invalid_argument, "broken");
    co_return number;
  };
}

/// What a join of all is to give.
struct result {
  std::vector<int> values; // empty: it fails
  std::vector<std::string> errors; // it fails with, by name
  std::vector<std::string> suppressed;
  int ends_at = 0; // milliseconds

  friend bool operator==(const result&, const result&) = default;

  friend std::ostream& operator<<(std::ostream& out, const result& x) {
    out << "values:";
    for (auto i : x.values)
      out << ' ' << i;
    out << ", errors:";
    for (auto& i : x.errors)
      out << ' ' << i;
    out << ", suppressed:";
    for (auto& i : x.suppressed)
      out << ' ' << i;
    return out << ", at: " << x.ends_at;
  }
};

/// The definition, told in one pass over the ends in order of time.
/// @param wanted values
/// @param tolerated failures
result expected_of(const std::vector<operation>& ops, std::size_t wanted,
                   std::size_t tolerated) {
  std::vector<std::size_t> order(ops.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&ops](auto a, auto b) { return ops[a].tick < ops[b].tick; });
  auto name = [](std::size_t i) { return "#" + std::to_string(i); };
  result x;
  std::vector<std::string> failed;
  std::size_t i = 0;
  for (; x.values.size() < wanted && failed.size() <= tolerated; ++i) {
    if (ops[order[i]].how == ending::value)
      x.values.push_back(static_cast<int>(order[i]));
    else
      failed.push_back(name(order[i]));
  }
  auto decided_at = ops[order[i - 1]].tick * 10;
  x.ends_at = decided_at;
  auto succeeded = x.values.size() == wanted;
  (succeeded ? x.suppressed : x.errors) = failed;
  // Those that fail when they are cancelled do so first, in the order of their
  // numbers: they are started, and thus cancelled, in that order.
  for (std::size_t k = 0; k < ops.size(); ++k)
    if (ops[k].tick * 10 > decided_at
        && ops[k].when_cancelled == manner::fails) {
      x.suppressed.push_back(name(k));
      x.ends_at = std::max(x.ends_at, decided_at + 3);
    }
  for (; i < ops.size(); ++i)
    if (ops[order[i]].when_cancelled == manner::ignores) {
      x.ends_at = ops[order[i]].tick * 10;
      if (ops[order[i]].how == ending::failure)
        x.suppressed.push_back(name(order[i]));
    }
  if (!succeeded)
    x.values.clear();
  return x;
}

/// What it gives.
template <class Join>
result observed(const std::vector<operation>& ops, Join join) {
  stepwise fix;
  result x;
  auto begin = fix.now();
  auto t = fix.start("t", [&](task_context& self) -> async<void> {
    std::vector<decltype(runnable(ops[0], 0))> list;
    for (std::size_t i = 0; i < ops.size(); ++i)
      list.push_back(runnable(ops[i], static_cast<int>(i)));
    auto names = [](std::span<const axiom::task_error> errors) {
      std::vector<std::string> all;
      for (auto& error : errors)
        all.push_back(error.task.name);
      return all;
    };
    std::vector<axiom::task_error> lost;
    auto got = co_await axiom::as_expected(join(self, list, lost));
    if (got) {
      x.values = *got;
      x.suppressed = names(lost);
    } else {
      try {
        got.error().rethrow();
      } catch (const axiom::concurrent_errors& ex) {
        x.errors = names(ex.errors());
        x.suppressed = names(ex.first().suppressed);
      }
    }
    x.ends_at = static_cast<int>((fix.now() - begin) / 1ms);
  });
  fix.advance(1s);
  t.get();
  return x;
}

std::vector<operation> any_operations() {
  auto n = *rc::gen::inRange<std::size_t>(1, 9);
  std::vector<int> ticks(n);
  std::iota(ticks.begin(), ticks.end(), 1);
  // Some order of completion.
  for (auto i = n; i > 1; --i)
    std::swap(ticks[i - 1], ticks[*rc::gen::inRange<std::size_t>(0, i)]);
  std::vector<operation> result;
  for (auto tick : ticks)
    result.push_back(
      {tick, *rc::gen::element(ending::value, ending::failure),
       *rc::gen::element(manner::goes, manner::fails, manner::ignores)});
  return result;
}

} // namespace

BOOST_AUTO_TEST_SUITE(joiners_model)

BOOST_AUTO_TEST_CASE(first_success_gives_what_its_definition_says) {
  BOOST_CHECK(rc::check("first_success", [] {
    auto ops = any_operations();
    auto join = [](task_context& self, auto& list,
                   auto& lost) -> async<std::vector<int>> {
      auto value =
        co_await axiom::first_success(self, {.suppressed = &lost}, list);
      co_return std::vector{value};
    };
    auto wanted = expected_of(ops, 1, ops.size() - 1);
    RC_ASSERT(observed(ops, join) == wanted);
  }));
}

BOOST_AUTO_TEST_CASE(race_gives_what_its_definition_says) {
  BOOST_CHECK(rc::check("race", [] {
    auto ops = any_operations();
    auto join = [](task_context& self, auto& list,
                   auto& lost) -> async<std::vector<int>> {
      auto value = co_await axiom::race(self, {.suppressed = &lost}, list);
      co_return std::vector{value};
    };
    RC_ASSERT(observed(ops, join) == expected_of(ops, 1, 0));
  }));
}

BOOST_AUTO_TEST_CASE(quorum_gives_what_its_definition_says) {
  BOOST_CHECK(rc::check("quorum", [] {
    auto ops = any_operations();
    auto k = *rc::gen::inRange<std::size_t>(1, ops.size() + 1);
    auto join = [k](task_context& self, auto& list,
                    auto& lost) -> async<std::vector<int>> {
      co_return co_await axiom::quorum(self, k, {.suppressed = &lost}, list);
    };
    RC_ASSERT(observed(ops, join) == expected_of(ops, k, ops.size() - k));
  }));
}

BOOST_AUTO_TEST_SUITE_END()
