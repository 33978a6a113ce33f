#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace axiom {

/// What the failure of a child means to its group.
enum class failure_mode : std::uint8_t {
  /// The first failure cancels the other children and the group's body, and
  /// the group fails with it; later ones are kept as suppressed.
  throw_on_first,
  /// Every child runs to its end. The group has the values of those that
  /// succeeded; the body looks at the failures beside them. One that it did not
  /// look at fails the group.
  partial,
  /// Every child runs to its end; if any failed, the group fails with all the
  /// errors.
  collect_all,
  /// Every child's failure is its own: it neither cancels the others nor fails
  /// the group. The body may look at it; one that it did not look at is
  /// reported to the coordinator when the group ends, which counts it and lists
  /// the latest (`coordinator_stats`). For one child among others that count,
  /// there is a group within the group.
  isolate,
};

/// The enumerator's name.
std::string to_string(failure_mode mode);

/// The mode of this name; none if there is no such name.
std::optional<failure_mode> parse_failure_mode(std::string_view name);

} // namespace axiom
