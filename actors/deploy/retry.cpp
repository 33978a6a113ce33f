#include "deploy/retry.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "axiom/deploy/task_types.hpp"
#include "deploy/backoff.hpp"

namespace axiom::deploy {

namespace {

using namespace std::chrono_literals;

/// More attempts than that are no plan but a loop.
constexpr std::int64_t max_attempts = 1000;

/// As long as a task may take.
constexpr auto max_attempt_timeout = 7 * 24h;

/// Of retries, in thousandths.
constexpr std::uint64_t max_budget = 1'000'000'000;

/// A policy while it is read.
struct retry_entry : task_retry {
  std::int64_t count = 0;
};

section<retry_entry> retry_section() {
  section<retry_entry> result{
    "The task is tried again when it fails with an error that may pass."};
  result
    .optional("attempts", &retry_entry::count, types::integer(1, max_attempts),
              "3", "How often it is tried in all.")
    .optional("backoff", &retry_entry::backoff, backoff_type(), "{}",
              "How long to wait between them.")
    .maybe("attempt_timeout", &retry_entry::attempt_timeout,
           types::duration(1ns, max_attempt_timeout),
           "How long one attempt may take; then it has failed.")
    .then([](retry_entry& entry, const node&, reader&) {
      entry.attempts = static_cast<std::size_t>(entry.count);
    });
  return result;
}

/// The budget while it is read.
struct budget_entry {
  double capacity = 0;
  double per_success = 0;
};

section<budget_entry> budget_section() {
  section<budget_entry> result{
    "How often all tasks together may try again; without this section each "
    "has what its own policy says."};
  result
    .optional("capacity", &budget_entry::capacity,
              types::decimal(0, max_budget), "10",
              "How many retries there may be before any success, and how many "
              "can be saved up.")
    .optional("per_success", &budget_entry::per_success,
              types::decimal(0, max_budget), "0.1",
              "How much of a retry each success earns.")
    .then([](budget_entry& entry, const node& from, reader& in) {
      const auto* value = from.find("per_success");
      if (entry.per_success <= entry.capacity)
        return;
      // A capacity below the default is meant to be one.
      if (value == nullptr) {
        entry.per_success = entry.capacity;
        return;
      }
      reader::scope inside{in, "per_success"};
      in.report(value->where, "is above capacity (expected at most that)");
    });
  return result;
}

} // namespace

type<task_retry> retry_type() {
  auto entry = types::mapping(retry_section());
  type<task_retry> result;
  result.info = entry.info;
  result.read = [read = std::move(entry.read)](
                  const node& from, reader& in) -> std::optional<task_retry> {
    if (auto x = read(from, in))
      return task_retry{std::move(*x)};
    return std::nullopt;
  };
  return result;
}

type<retry_budget_options> retry_budget_type() {
  auto entry = types::mapping(budget_section());
  type<retry_budget_options> result;
  result.info = entry.info;
  result.read = [read = std::move(entry.read)](
                  const node& from,
                  reader& in) -> std::optional<retry_budget_options> {
    if (auto x = read(from, in))
      return retry_budget_options{x->capacity, x->per_success};
    return std::nullopt;
  };
  return result;
}

void check_retry(const task_spec& task, const node& from, reader& in) {
  const auto* written = from.find("retry");
  if (!task.retry || written == nullptr)
    return;
  const auto& retry = *task.retry;
  reader::scope inside{in, "retry"};
  if (task.program && retry.attempts > 1)
    if (auto why = task.program->why_not_repeatable(); !why.empty())
      in.report(written->where, std::string{why});
  if (!task.timeout)
    return;
  const auto limit = types::duration_text(*task.timeout);
  if (retry.attempt_timeout && *retry.attempt_timeout > *task.timeout) {
    reader::scope field{in, "attempt_timeout"};
    in.report(written->find("attempt_timeout")->where,
              "is longer than the timeout of the task, which all attempts "
              "share (expected at most "
                + limit + ')');
  }
  const auto* backoff = written->find("backoff");
  const auto* initial = backoff != nullptr ? backoff->find("initial") : nullptr;
  if (initial != nullptr && retry.attempts > 1
      && retry.backoff.initial >= *task.timeout) {
    reader::scope section{in, "backoff"};
    reader::scope field{in, "initial"};
    in.report(initial->where,
              "is not below the timeout of the task, which ends before a "
              "second attempt (expected less than "
                + limit + ')');
  }
}

} // namespace axiom::deploy
