// Joins and timeouts. The interleavings looked for:
//
// - several children end at the moment of the decision, with values and errors:
//   one outcome decides, each error is thrown, suppressed or handed over once,
//   each value is destroyed once;
// - children are added, and places are granted and given back, while the join
//   cancels all that are left: none stays behind (else the join never returns);
// - the group is cancelled from outside in all of it;
// - a scope's body ends at the moment when its time is over: it has a value or
//   it is late, and a value is neither lost nor given twice.

#include <algorithm>

#include "support.hpp"

using namespace stress;

BOOST_AUTO_TEST_SUITE(stress_joins)

namespace {

/// A value that can only be moved, and counts those alive.
class token {
public:
  explicit token(std::atomic<int>& alive) : alive_(&alive) {
    ++alive;
  }

  token(token&& other) noexcept : alive_(std::exchange(other.alive_, nullptr)) {
    // nop
  }

  token& operator=(token&&) = delete;

  ~token() {
    if (alive_ != nullptr)
      --*alive_;
  }

private:
  std::atomic<int>* alive_;
};

/// What happened in one join, as its operations saw it.
struct tally {
  std::atomic<int> alive{0}; // values
  std::atomic<int> values{0}; // returned
  std::atomic<int> failures{0}; // the same
};

/// Gives a value or fails after some turns; takes its cancellation in its own
/// way.
auto any_operation(tally& t, chooser& choose) {
  return [&t, turns = choose.below(4), fails = choose.one_in(2),
          stubborn = choose.one_in(3)](task_context& self) -> async<token> {
    auto work = [turns](task_context& me) -> async<void> {
      for (auto n = turns; n > 0; --n)
        co_await me.yield();
    };
    if (stubborn)
      co_await self.shielded(axiom::named(work));
    else
      co_await work(self);
    if (fails) {
      ++t.failures;
      co_return axiom::fail(errc::invalid_argument, "broken");
    }
    ++t.values;
    co_return token{t.alive};
  };
}

/// The errors of a join that failed: those it threw, and those suppressed.
int errors_in(const axiom::failure& why) {
  try {
    why.rethrow();
  } catch (const axiom::concurrent_errors& ex) {
    return static_cast<int>(ex.size() + ex.first().suppressed.size());
  } catch (...) {
    return 0;
  }
}

template <class Join>
void run_joins(Join join) {
  under_each_scheduler(virtual_time, [join](auto& fix) {
    for (rounds r{2000}; r.next();) {
      tally seen;
      auto stream = r.stream();
      std::vector<axiom::task_error> lost;
      auto t = fix.coordinator().create_child_task(
        "owner", [&, stream](task_context& self) -> async<int> {
          chooser choose{stream};
          std::vector<decltype(any_operation(seen, choose))> ops;
          for (auto n = 1 + choose.below(8); n > 0; --n)
            ops.push_back(any_operation(seen, choose));
          axiom::join_options options{
            .max_concurrency = choose.one_in(2) ? 1 + choose.below(4) : 100,
            .suppressed = &lost};
          co_return co_await join(self, options, ops);
        });
      auto got = t.get_expected();
      BOOST_TEST_REQUIRE(seen.alive == 0);
      auto errors =
        got ? static_cast<int>(lost.size()) : errors_in(got.error());
      BOOST_TEST_REQUIRE(errors == seen.failures);
      if (got)
        BOOST_TEST_REQUIRE(seen.values >= *got);
    }
  });
}

} // namespace

BOOST_AUTO_TEST_CASE(a_first_success_loses_no_error_and_no_value) {
  run_joins([](task_context& self, const axiom::join_options& options,
               const auto& ops) -> async<int> {
    co_await axiom::first_success(self, options, ops);
    co_return 1;
  });
}

BOOST_AUTO_TEST_CASE(a_race_loses_no_error_and_no_value) {
  run_joins([](task_context& self, const axiom::join_options& options,
               const auto& ops) -> async<int> {
    co_await axiom::race(self, options, ops);
    co_return 1;
  });
}

BOOST_AUTO_TEST_CASE(a_quorum_loses_no_error_and_no_value) {
  run_joins([](task_context& self, const axiom::join_options& options,
               const auto& ops) -> async<int> {
    auto wanted = (ops.size() + 1) / 2;
    auto values = co_await axiom::quorum(self, wanted, options, ops);
    co_return static_cast<int>(values.size());
  });
}

BOOST_AUTO_TEST_CASE(children_that_come_after_the_decision_do_not_stay) {
  using group_of_void = axiom::coordinated_task_group<void>;
  under_each_scheduler(virtual_time, [](auto& fix) {
    for (rounds r{2000}; r.next();) {
      auto stream = r.stream();
      std::atomic<bool> cancelled_outside{false};
      auto t = fix.coordinator().create_child_task(
        "owner", [stream](task_context& self) -> async<int> {
          auto body = [stream](group_of_void& group) -> async<int> {
            chooser choose{stream};
            auto quick = [turns =
                            choose.below(4)](task_context& me) -> async<void> {
              for (auto n = turns; n > 0; --n)
                co_await me.yield();
            };
            co_await group.add_task("quick", axiom::named(quick));
            // Whatever they add would run for ever.
            for (auto n = choose.below(5); n > 0; --n)
              group.context().create_child_task(
                "adder", [&group](task_context&) -> async<void> {
                  for (;;)
                    co_await group.add_task("more", forever);
                });
            co_await group.race();
            BOOST_TEST_REQUIRE(group.running() == 0u);
            co_return 1;
          };
          co_return co_await axiom::with_task_group<void>(
            self,
            {.failure_mode = axiom::failure_mode::partial,
             .max_concurrency = 1 + stream / 256 % 6},
            axiom::named(body));
        });
      if (stream / 256 % 4 == 0)
        race(1, stream, [&](auto, chooser& choose) {
          for (auto n = choose.below(40); n > 0; --n)
            choose.dither();
          t.cancel();
          cancelled_outside = true;
        });
      t.wait();
      BOOST_TEST_REQUIRE((t.get_expected().has_value() || cancelled_outside));
    }
  });
}

BOOST_AUTO_TEST_CASE(a_scope_has_its_value_or_is_late) {
  constexpr auto timeout = 1ms;
  std::size_t in_time = 0;
  std::size_t late = 0;
  under_each_scheduler(virtual_time, [&](auto& fix) {
    for (rounds r{4000}; r.next();) {
      std::atomic<int> alive{0};
      std::atomic<bool> go{false};
      auto stream = r.stream();
      auto t = fix.coordinator().create_child_task(
        "owner", [&, stream](task_context& self) -> async<token> {
          auto op = [&, stream](task_context& me) -> async<token> {
            chooser choose{stream};
            while (!go)
              co_await me.yield();
            for (auto n = choose.below(30); n > 0; --n)
              choose.dither();
            co_return token{alive};
          };
          co_return co_await axiom::with_timeout(self, timeout,
                                                 axiom::named(op));
        });
      spin_until([&] { return fix.pending_timers() > 0; });
      race(2, stream, [&](std::size_t index, chooser& choose) {
        for (auto n = choose.below(30); n > 0; --n)
          choose.dither();
        if (index == 0)
          go = true;
        else
          fix.advance(timeout);
      });
      try {
        auto value = std::move(t).get();
        BOOST_TEST_REQUIRE(alive == 1);
        ++in_time;
      } catch (const axiom::exception& ex) {
        BOOST_TEST_REQUIRE(ex.is(errc::deadline_exceeded));
        ++late;
      }
      BOOST_TEST_REQUIRE(alive == 0);
    }
  });
  // Both must have happened, or this was no race.
  BOOST_TEST(in_time > 0u);
  BOOST_TEST(late > 0u);
  BOOST_TEST_MESSAGE(in_time << " in time, " << late << " late");
}

BOOST_AUTO_TEST_SUITE_END()
