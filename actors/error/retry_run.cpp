#include "axiom/error/detail/retry_run.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <utility>

#include "axiom/coordination/detail/problems.hpp"
#include "axiom/error/printable.hpp"
#include "axiom/runtime/later.hpp"

namespace axiom::detail {

namespace {

const retry_policy& checked(const retry_policy& policy) {
  std::vector<std::string> problems;
  if (policy.attempts == 0)
    problems.push_back("the number of attempts of " + quoted(policy.name)
                       + " is 0: it would never run; use at least 1");
  for (auto& x : problems_of(policy.backoff))
    problems.push_back(x + " in the retry policy of " + quoted(policy.name));
  if (policy.attempt_timeout
      && *policy.attempt_timeout <= runtime::duration::zero())
    problems.push_back("the timeout of an attempt of " + quoted(policy.name)
                       + " must be positive");
  refuse_if_any(problems);
  if (policy.name.size() > max_task_name)
    throw exception{errc::name_too_long,
                    "the name of a retry policy is longer than "
                      + std::to_string(max_task_name) + " bytes"};
  return policy;
}

/// The budget that a call pays from, and whether the task has it already.
std::pair<retry_budget, bool> budget_for(const retry_policy& policy) {
  auto& bound = retry_budget::of_tree().get();
  if (policy.budget != nullptr)
    return {*policy.budget, *policy.budget == bound};
  if (bound)
    return {bound, true};
  // Enough for what the policy promises where nothing below it retries.
  retry_budget_options options;
  options.capacity =
    std::clamp(static_cast<double>(policy.attempts - 1), options.capacity, 1e9);
  return {retry_budget{options}, false};
}

std::string seconds(runtime::duration x) {
  std::array<char, 32> buf{};
  std::snprintf(buf.data(), buf.size(), "%g s",
                std::chrono::duration<double>(x).count());
  return buf.data();
}

} // namespace

std::string attempt_name(std::string_view operation, std::size_t n) {
  const auto suffix = " #" + std::to_string(n);
  return std::string{truncate_utf8(operation, max_task_name - suffix.size())}
       + suffix;
}

retry_run::retry_run(const retry_policy& policy)
  : policy_(checked(policy)),
    name_(policy.name),
    task_(*current_task()),
    start_(task_.host().timers().now()),
    plan_(policy.attempts, policy.backoff,
          policy.seed ? uniform_source{*policy.seed}
                      : uniform_source::unpredictable()),
    budget_(retry_budget::none()) {
  auto [budget, has_it] = budget_for(policy);
  budget_ = std::move(budget);
  if (!has_it)
    bound_.emplace(task_, &retry_budget::of_tree(), std::any{budget_});
}

retry_run::~retry_run() {
  if (errors_.empty())
    return;
  if (policy_.suppressed != nullptr) // it was cancelled
    *policy_.suppressed = std::move(errors_);
  else
    task_.bear(std::move(errors_));
}

attempt_options retry_run::next() const {
  if (plan_.failed_attempts() > 0)
    task_.host().metrics().local().add(runtime::counter::retries);
  return {attempt_name(name_, plan_.failed_attempts() + 1), policy_.priority,
          policy_.attempt_timeout, policy_.grace};
}

std::optional<sleep> retry_run::failed(const task_reference& who, failure why) {
  auto& timers = task_.host().timers();
  const auto now = timers.now();
  const auto at = task_.system().wall_time(now);
  errors_.push_back({who, std::move(why), at, {}});
  auto retryable = false;
  try {
    retryable = policy_.retryable(errors_.back().error);
  } catch (...) { // then nobody knows; and neither error is lost
    errors_.back().suppressed.push_back(
      {task_.reference(), failure::from(std::current_exception()), at, {}});
  }
  const auto step =
    plan_.attempt_failed(retryable, now, task_.context().deadline(),
                         [&] { return budget_.try_spend(); });
  verdict_ = step.verdict;
  if (verdict_ == retry_verdict::no_budget)
    task_.host().metrics().local().add(runtime::counter::retries_refused);
  if (verdict_ != retry_verdict::again)
    return std::nullopt;
  return sleep{timers, runtime::later(now, step.wait)};
}

std::string retry_run::why_no_more() const {
  const auto n = plan_.failed_attempts();
  auto result = quoted(name_) + " failed " + std::to_string(n)
              + (n == 1 ? " time" : " times") + " within "
              + seconds(task_.host().timers().now() - start_) + "; ";
  switch (verdict_) {
    case retry_verdict::used_up:
      return result + "its policy allows no more attempts";
    case retry_verdict::too_late:
      return result + "its deadline would pass before the next attempt";
    default:
      return result + "the retry budget is used up";
  }
}

failure retry_run::why_failed() {
  auto last = std::move(errors_.back());
  errors_.pop_back();
  // A policy of one attempt, or an error that stays, is nothing to talk about.
  const auto wanted_more =
    verdict_ != retry_verdict::permanent && policy_.attempts > 1;
  if (wanted_more)
    last.suppressed.push_back({task_.reference(),
                               {errc::retries_exhausted, why_no_more()},
                               last.at,
                               {}});
  std::move(errors_.begin(), errors_.end(),
            std::back_inserter(last.suppressed));
  errors_.clear();
  if (last.suppressed.empty())
    return last.error;
  std::vector<task_error> all;
  all.push_back(std::move(last));
  return to_failure(concurrent_errors{std::move(all)});
}

void retry_run::succeeded() {
  budget_.succeeded();
  if (policy_.suppressed != nullptr)
    *policy_.suppressed = std::move(errors_);
  errors_.clear();
}

} // namespace axiom::detail
