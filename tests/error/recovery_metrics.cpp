// What is counted of errors and recovery.

#include <numeric>

#include "axiom/runtime/metrics.hpp"
#include "support/recovery.hpp"

using namespace test;
using axiom::runtime::error_slots;

namespace {

struct counted : stepwise {
  axiom::runtime::metrics_snapshot now() {
    return axiom::runtime::snapshot_metrics(system());
  }

  std::uint64_t failures(errc code) {
    return now().errors.at(static_cast<std::size_t>(code));
  }

  std::uint64_t failures_in_all() {
    const auto all = now().errors;
    return std::accumulate(all.begin(), all.end(), std::uint64_t{0});
  }

  template <class F>
  void end(F op) {
    auto t = start("t", op);
    run();
    BOOST_REQUIRE(t.done());
    BOOST_TEST(!t.get_expected());
  }
};

/// A body that fails with an error of another category.
async<int> failing_elsewhere(task_context&) {
  co_return axiom::fail(caf::make_error(caf::sec::runtime_error, "x"));
}

async<int> failing_in_the_future(task_context&) {
  co_return axiom::fail(caf::error{200, axiom::errc_category});
}

async<int> throwing(task_context&) {
  throw std::runtime_error("x");
  co_return 0;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(recovery_metrics, counted)

BOOST_AUTO_TEST_CASE(count_each_failed_task_by_its_code) {
  end(failing);
  end(failing);
  end(throwing);
  end(failing_elsewhere);
  end(failing_in_the_future);
  BOOST_TEST(failures(errc::invalid_argument) == 2u);
  BOOST_TEST(failures(errc::unhandled_exception) == 1u);
  BOOST_TEST(now().errors[0] == 2u); // foreign
  BOOST_TEST(failures_in_all() == 5u);
  BOOST_TEST(now().failed == 5u);
}

BOOST_AUTO_TEST_CASE(count_those_who_fail_with_anothers_error_too) {
  auto body = [](task_context& self) -> async<void> {
    self.create_child_task("child", failing);
    co_return;
  };
  end(body);
  BOOST_TEST(failures(errc::invalid_argument) == 1u);
  BOOST_TEST(failures(errc::concurrent_errors) == 1u);
  BOOST_TEST(failures_in_all() == now().failed);
}

BOOST_AUTO_TEST_CASE(do_not_count_cancellations) {
  auto t = start("t", forever);
  run();
  t.cancel();
  run();
  BOOST_TEST(now().cancelled == 1u);
  BOOST_TEST(failures_in_all() == 0u);
}

BOOST_AUTO_TEST_CASE(have_room_for_every_code) {
  for (auto i = error_slots; i < 256; ++i)
    BOOST_TEST(sentence_of(static_cast<errc>(i)).empty());
}

BOOST_AUTO_TEST_CASE(count_retries_when_they_begin) {
  scripted s{{{0ms, errc::node_down}, {0ms, errc::node_down}, {0ms, {}}}};
  auto op = s.operation(*this);
  auto t = start("t", [&](task_context& self) {
    return axiom::retry(self, {.attempts = 5, .backoff = every(1s)}, op);
  });
  run();
  BOOST_TEST(now().retries == 0u); // it waits
  advance(1s);
  BOOST_TEST(now().retries == 1u);
  advance(1s);
  BOOST_TEST(t.get() == 3);
  BOOST_TEST(now().retries == 2u);
  BOOST_TEST(now().retries_refused == 0u);
}

BOOST_AUTO_TEST_CASE(count_no_retry_that_a_cancellation_prevents) {
  scripted s{{{0ms, errc::node_down}}};
  auto op = s.operation(*this);
  std::vector<axiom::task_error> earlier;
  auto t = start("t", [&](task_context& self) {
    return axiom::retry(self, {.backoff = every(1s), .suppressed = &earlier},
                        op);
  });
  run();
  t.cancel();
  run();
  BOOST_TEST(t.done());
  BOOST_TEST(now().retries == 0u);
  // And its error is not lost.
  BOOST_REQUIRE(earlier.size() == 1u);
  BOOST_TEST(earlier[0].task.name == "retry #1");
  BOOST_TEST(earlier[0].error.is(errc::node_down));
}

BOOST_AUTO_TEST_CASE(count_retries_that_the_budget_refuses) {
  const axiom::retry_budget budget{{.capacity = 1, .per_success = 0}};
  scripted s{{{0ms, errc::node_down}, {0ms, errc::node_down}}};
  auto op = s.operation(*this);
  auto body = [&](task_context& self) {
    return axiom::retry(
      self, {.attempts = 9, .backoff = every(0s), .budget = &budget}, op);
  };
  end(body);
  BOOST_TEST(now().retries == 1u);
  BOOST_TEST(now().retries_refused == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
