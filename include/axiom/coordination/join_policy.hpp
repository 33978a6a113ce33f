#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace axiom {

/// How one child of a join ended.
enum class join_outcome : std::uint8_t {
  success,
  failure,
  /// It gave no value because it was cancelled. Before the decision that is a
  /// failure as any other; after it, what the join itself asked for.
  cancelled,
};

/// What an outcome means to the join.
enum class join_step : std::uint8_t {
  go_on, ///< nothing is decided yet
  success, ///< decided by this outcome: cancel the rest
  failure, ///< decided by this outcome: cancel the rest
  late, ///< it had been decided before
};

/// When a join of several children is decided, and what becomes of each
/// outcome.
///
/// The children of a race end in any order, some of them after the race is
/// over, and an error among them must neither decide twice nor vanish. This is
/// the whole of that decision and nothing else: outcomes go in one by one, in
/// order of completion, each with the number of its child; the owner keeps
/// values and errors, and cancels the rest when told to. The rest then ends as
/// well, and every one of its outcomes goes in too.
///
///     undecided --outcome--> undecided           (go_on)
///        |                      |
///        +------outcome---------+--> decided     (success or failure, once)
///                                       |
///                                     outcome    (late)
///
/// Invariants:
/// 1. It is decided exactly once, at the first outcome after which no later one
///    could make a difference, and at the last outcome at the latest.
/// 2. Each child that failed is in `errors` or in `suppressed`, not in both.
///    On failure `errors` are those up to the decision, which made it; on
///    success there are none, and what failed before and after is suppressed.
/// 3. Being cancelled after the decision is no error (and no value).
///
/// Not thread-safe: the owner's lock or actor protects it.
class join_policy {
public:
  // -- constructors -----------------------------------------------------------
  //
  // All throw `errc::invalid_argument` for what could never be decided.

  /// Every child runs to its end; success if none failed. Without children it
  /// has succeeded from the start. `quorum(n, n)` is the impatient variant,
  /// which fails with the first failure.
  static join_policy wait_for_all(std::size_t children);

  /// Success with the first value; failure, with all the errors, if there is
  /// none.
  static join_policy first_success(std::size_t children);

  /// The outcome that comes first is the outcome.
  static join_policy race(std::size_t children);

  /// Success with `wanted` values; failure as soon as so many cannot be
  /// reached.
  static join_policy quorum(std::size_t wanted, std::size_t children);

  // -- modifiers --------------------------------------------------------------

  /// Takes the outcome of `child`, a number below that of the children. Throws
  /// `errc::invalid_argument` for another number and for a second outcome.
  join_step add(std::size_t child, join_outcome outcome);

  // -- properties -------------------------------------------------------------

  bool decided() const noexcept {
    return state_ != join_step::go_on;
  }

  /// Whether it is decided, and for success.
  bool succeeded() const noexcept {
    return state_ == join_step::success;
  }

  /// How many children have not ended.
  std::size_t running() const noexcept {
    return ended_.size() - count_;
  }

  /// Whose values make the result, in order of completion: the successes up to
  /// the decision. Later values are nobody's.
  std::span<const std::size_t> winners() const noexcept {
    return winners_;
  }

  /// Whose errors the join fails with, in order of completion. Empty unless it
  /// is decided for failure.
  std::span<const std::size_t> errors() const noexcept;

  /// Whose errors are to be attached as suppressed, in order of completion;
  /// complete when `running()` is 0. Empty before the decision.
  std::span<const std::size_t> suppressed() const noexcept;

private:
  enum class patience : std::uint8_t { none, waits_for_all };

  join_policy(std::size_t children, std::size_t wanted, std::size_t tolerated,
              patience waits = patience::none);

  void decide() noexcept;

  std::vector<bool> ended_; // by child
  std::size_t count_ = 0; // of the true ones above
  std::size_t wanted_; // successes that decide
  std::size_t tolerated_; // failures that do not decide yet
  patience waits_;
  join_step state_ = join_step::go_on; // never `late`
  std::vector<std::size_t> winners_;
  std::vector<std::size_t> failed_;
  std::size_t primary_ = 0; // of `failed_`: those before the decision
};

} // namespace axiom
