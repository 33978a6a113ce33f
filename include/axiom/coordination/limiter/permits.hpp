#pragma once

#include <cstdint>

namespace axiom::detail {

/// How many permits. A limit, a weight and what is in use fit into 31 bits
/// each, so that permit_word holds two of them and a flag.
using permit_count = std::uint32_t;

inline constexpr permit_count max_permits = 0x7fff'ffff;

/// Why a limiter turns something down.
enum class permit_refusal : std::uint8_t {
  none,
  /// A request for no permits, which would be neither granted nor in the way.
  zero_weight,
  /// The request could never be granted: it is above the limit.
  exceeds_capacity,
  /// A limit of 0, under which everybody would wait for ever, or one above
  /// `max_permits`.
  limit_out_of_range,
  /// A key's weight of 0 or above `max_key_weight`.
  key_weight_out_of_range,
  /// The keys' minima would add up to more than the limit.
  minima_exceed_limit,
  /// The limiter was closed by its owner.
  closed,
  /// The limiter was closed because the system stops.
  shutting_down,
};

/// Reports a release of permits that nobody holds: it would raise the limit.
[[noreturn]] void throw_stray_release(permit_count released,
                                      permit_count in_use);

/// What a limiter has to give. Where it is not being worked on it lives in a
/// permit_word, and only there.
struct permit_balance {
  permit_count limit;
  /// Above `limit` only after the limit was lowered, until enough has come
  /// back.
  permit_count in_use = 0;

  permit_count free() const noexcept {
    return in_use < limit ? limit - in_use : 0;
  }

  bool fits(permit_count weight) const noexcept {
    return weight <= free();
  }

  /// Why nobody is to wait for so many; `none` if one may.
  permit_refusal refusal(permit_count weight) const noexcept {
    if (weight == 0)
      return permit_refusal::zero_weight;
    return weight > limit ? permit_refusal::exceeds_capacity
                          : permit_refusal::none;
  }

  /// @pre `fits(weight)`
  void take(permit_count weight) noexcept {
    in_use += weight;
  }

  /// @throws axiom::exception (`errc::invalid_argument`) if `weight` is
  ///   above what is in use; nothing has changed then
  void give_back(permit_count weight) {
    if (weight > in_use)
      throw_stray_release(weight, in_use);
    in_use -= weight;
  }
};

} // namespace axiom::detail
