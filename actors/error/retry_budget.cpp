#include "axiom/error/retry_budget.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "axiom/coordination/detail/problems.hpp"

namespace axiom {

namespace {

constexpr std::int64_t token = 1'000'000; // units

std::int64_t units(double tokens) noexcept {
  return std::llround(tokens * static_cast<double>(token));
}

} // namespace

/// All numbers are relaxed: nothing else is ordered by them, and each change of
/// the balance is one atomic step.
struct retry_budget::tokens {
  std::int64_t capacity;
  std::int64_t per_success;
  std::atomic<std::int64_t> balance;
  std::atomic<std::uint64_t> spent{0};
  std::atomic<std::uint64_t> refused{0};
};

retry_budget::retry_budget(retry_budget_options options) {
  std::vector<std::string> problems;
  if (!(options.capacity >= 0 && options.capacity <= 1e9))
    problems.emplace_back(
      "the capacity of a retry budget must be from 0 to 10^9");
  else if (!(options.per_success >= 0
             && options.per_success <= options.capacity))
    problems.emplace_back(
      "what a success brings to a retry budget must be from 0 to its capacity");
  detail::refuse_if_any(problems);
  tokens_ = std::make_shared<tokens>();
  tokens_->capacity = units(options.capacity);
  tokens_->per_success = units(options.per_success);
  tokens_->balance.store(tokens_->capacity, std::memory_order_relaxed);
}

bool retry_budget::try_spend() const noexcept {
  if (tokens_ == nullptr)
    return true;
  auto& x = *tokens_;
  auto have = x.balance.load(std::memory_order_relaxed);
  while (have >= token)
    if (x.balance.compare_exchange_weak(have, have - token,
                                        std::memory_order_relaxed)) {
      x.spent.fetch_add(1, std::memory_order_relaxed);
      return true;
    }
  x.refused.fetch_add(1, std::memory_order_relaxed);
  return false;
}

void retry_budget::succeeded() const noexcept {
  if (tokens_ == nullptr)
    return;
  auto& x = *tokens_;
  auto have = x.balance.load(std::memory_order_relaxed);
  // A full one is not written to: that is how it is in good times.
  while (have < x.capacity
         && !x.balance.compare_exchange_weak(
           have, std::min(x.capacity, have + x.per_success),
           std::memory_order_relaxed)) {
    // again
  }
}

double retry_budget::available() const noexcept {
  return tokens_ == nullptr
         ? HUGE_VAL
         : static_cast<double>(tokens_->balance.load(std::memory_order_relaxed))
             / static_cast<double>(token);
}

std::uint64_t retry_budget::spent() const noexcept {
  return tokens_ == nullptr ? 0
                            : tokens_->spent.load(std::memory_order_relaxed);
}

std::uint64_t retry_budget::refused() const noexcept {
  return tokens_ == nullptr ? 0
                            : tokens_->refused.load(std::memory_order_relaxed);
}

const task_local<retry_budget>& retry_budget::of_tree() {
  static const task_local<retry_budget> bound{none()};
  return bound;
}

} // namespace axiom
