// What follows a failed attempt, for any policy and any sequence of failures.

#include <rapidcheck.h>
#include <rapidcheck/boost_test.h>

#include "axiom/error/detail/retry_plan.hpp"
#include "support/tasks.hpp"

using namespace test;
using axiom::uniform_source;
using axiom::detail::retry_plan;
using axiom::detail::retry_verdict;
using axiom::runtime::time_point;

BOOST_AUTO_TEST_SUITE(retry_plans)

RC_BOOST_PROP(allow_so_many_attempts_and_no_more_tokens_than_there_are,
              (std::uint64_t seed)) {
  const auto attempts = *rc::gen::inRange<std::size_t>(1, 20);
  auto tokens = *rc::gen::inRange(0, 20);
  const auto patience = std::chrono::milliseconds{*rc::gen::inRange(0, 5000)};
  const axiom::backoff_options waits{.initial = 50ms, .max = 1s};
  retry_plan plan{attempts, waits, uniform_source{seed}};
  const time_point start{1h};
  const std::optional<time_point> deadline{start + patience};
  auto now = start;
  const auto before = tokens;
  std::size_t retries = 0;
  for (;;) {
    auto asked = false;
    const auto retryable =
      *rc::gen::weightedElement<bool>({{9, true}, {1, false}});
    auto step = plan.attempt_failed(retryable, now, deadline, [&] {
      asked = true;
      return tokens > 0 && tokens-- > 0;
    });
    RC_ASSERT(plan.failed_attempts() == retries + 1);
    if (step.verdict == retry_verdict::again) {
      ++retries;
      RC_ASSERT(retryable);
      now += step.wait;
      RC_ASSERT(now < *deadline);
      continue;
    }
    switch (step.verdict) {
      case retry_verdict::permanent:
        RC_ASSERT(!retryable);
        break;
      case retry_verdict::used_up:
        RC_ASSERT(retries + 1 == attempts);
        break;
      case retry_verdict::too_late:
        RC_ASSERT(now + step.wait >= *deadline);
        break;
      default:
        RC_ASSERT(tokens == 0);
    }
    // A token is asked for only where everything else allows a retry.
    RC_ASSERT(asked == (step.verdict == retry_verdict::no_budget));
    break;
  }
  RC_ASSERT(retries < attempts);
  RC_ASSERT(static_cast<std::size_t>(before - tokens) == retries);
}

BOOST_AUTO_TEST_SUITE_END()
