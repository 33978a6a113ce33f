#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "axiom/task/local.hpp"

namespace axiom {

/// How a retry_budget is made.
struct retry_budget_options {
  /// How many retries there may be before any success, and how many can be
  /// saved up at most. From 0 to 10^9.
  double capacity = 10;

  /// How much of a retry each success earns. From 0 to `capacity`.
  double per_success = 0.1;
};

/// How often may be tried again in all, by everybody who shares it.
///
/// The problem: where operations that retry call each other, three attempts on
/// each of four levels make 81 calls of a service that fails because it has too
/// much to do. With a budget there are, whatever the policies say,
///
///     retries <= capacity + per_success * successes
///
/// in any interleaving: a retry is paid for with a token before it begins, and
/// an attempt that succeeds brings a part of one. So in good times everybody
/// may retry, and when everything fails, soon nobody does. Sources: gRPC's
/// retry throttling (gRFC A6), from which the defaults are; Finagle's
/// RetryBudget, where a retry pays.
///
/// A handle; cheap to copy, thread-safe, lock-free. Copies share the tokens.
class retry_budget {
public:
  /// Throws `errc::invalid_argument` with all that is wrong.
  explicit retry_budget(retry_budget_options options = {});

  /// Takes a token; false if there is none.
  bool try_spend() const noexcept;

  /// An attempt has succeeded.
  void succeeded() const noexcept;

  // -- observing --------------------------------------------------------------

  /// How many tokens there are.
  double available() const noexcept;

  std::uint64_t spent() const noexcept;

  /// How many retries it has refused.
  std::uint64_t refused() const noexcept;

  // -- whose it is ------------------------------------------------------------

  /// The budget of the running task and of all below it; empty if it has none.
  /// To give it one:
  ///
  ///     axiom::retry_budget budget{{.capacity = 100}};
  ///     co_await axiom::retry_budget::of_tree().with(self, budget, op);
  static const task_local<retry_budget>& of_tree();

  /// Whether it is one. An empty one never refuses.
  explicit operator bool() const noexcept {
    return tokens_ != nullptr;
  }

  friend bool operator==(const retry_budget&, const retry_budget&) = default;

  /// An empty one.
  static retry_budget none() noexcept {
    return retry_budget{nullptr};
  }

private:
  struct tokens;

  explicit retry_budget(std::shared_ptr<tokens> x) noexcept
    : tokens_(std::move(x)) {
    // nop
  }

  std::shared_ptr<tokens> tokens_;
};

} // namespace axiom
