#pragma once

#include <cstddef>
#include <cstdint>

namespace axiom {

/// What an outcome means to a join.
enum class join_step : std::uint8_t {
  go_on, ///< nothing is decided yet
  success, ///< it is decided now: cancel the rest
  failure, ///< it is decided now: cancel the rest
  late, ///< it had been decided before
};

/// When a join of several children is decided.
///
/// The children of a race end in any order, some of them after the race is
/// over, and more of them may come while it runs; an error among them must
/// neither decide twice nor be overlooked. This is the whole of that decision
/// and nothing else. Outcomes go in one by one, in order of completion, each
/// with how many more may come: children that run, and those that the owner
/// will still start. The owner keeps values and errors, and cancels the rest
/// when told to; what ends after that goes in too, and is late.
///
///     undecided --outcome--> undecided           (go_on)
///         |
///         +-----outcome----> decided --outcome--> decided   (late)
///                    (success or failure, once)
///
/// Invariants:
/// 1. It is decided exactly once: at the first outcome after which those that
///    are left could make no difference; `wait_for_all` only when none is left.
/// 2. It succeeds only with as many values as are wanted.
///
/// Not thread-safe: the owner's lock or task protects it.
class join_policy {
public:
  // -- constructors -----------------------------------------------------------

  /// Every child runs to its end; success if none failed, also without any.
  static join_policy wait_for_all() noexcept;

  /// Success with the first value; failure if no child is left to give one.
  static join_policy first_success() noexcept;

  /// The outcome that comes first is the outcome.
  static join_policy race() noexcept;

  /// Success with `values` values; failure as soon as the children that are
  /// left are too few for that. Throws `errc::invalid_argument` for 0.
  static join_policy quorum(std::size_t values);

  // -- modifiers --------------------------------------------------------------

  /// A child has ended with a value; at most `left` more outcomes will come.
  join_step value(std::size_t left) noexcept {
    return decided() ? join_step::late : (++values_, decide(left));
  }

  /// A child has ended without one. To have been cancelled, before the
  /// decision, is a failure as any other.
  join_step failure(std::size_t left) noexcept {
    return decided() ? join_step::late : (++failures_, decide(left));
  }

  /// None has ended, but how many may come has changed; or is known for the
  /// first time: failure then means that it could not have succeeded at all.
  join_step expect(std::size_t left) noexcept {
    return decided() ? join_step::late : decide(left);
  }

  // -- properties -------------------------------------------------------------

  bool decided() const noexcept {
    return state_ != join_step::go_on;
  }

  /// Whether it is decided, and for success.
  bool succeeded() const noexcept {
    return state_ == join_step::success;
  }

  /// How many values make a success; 0 where the absence of failures does.
  std::size_t wanted() const noexcept {
    return wanted_;
  }

private:
  enum class patience : std::uint8_t {
    none, // the first failure decides
    enough, // until too few are left
    unlimited // until none is left, whatever comes
  };

  join_policy(std::size_t wanted, patience waits) noexcept
    : wanted_(wanted), waits_(waits) {
    // nop
  }

  join_step decide(std::size_t left) noexcept;

  std::size_t wanted_;
  patience waits_;
  join_step state_ = join_step::go_on; // never `late`
  std::size_t values_ = 0; // up to the decision
  std::size_t failures_ = 0; // the same
};

} // namespace axiom
