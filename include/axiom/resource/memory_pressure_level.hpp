#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace axiom {

/// How short memory is.
enum class memory_pressure_level : std::uint8_t { normal, warning, critical };

/// The enumerator's name.
std::string to_string(memory_pressure_level x);

/// Sets `x` to the level of this name; returns false, and leaves it, if there
/// is none.
bool from_string(std::string_view name, memory_pressure_level& x);

/// What is asked of those who can do with less memory; each stage includes
/// those before it.
enum class relief_stage : std::uint8_t {
  none, ///< nothing: go on as usual
  shrink, ///< give back what is idle, admit less
  serialise ///< admit one at a time
};

/// The enumerator's name.
std::string to_string(relief_stage x);

/// As for a level.
bool from_string(std::string_view name, relief_stage& x);

/// What a memory_pressure can announce.
enum class pressure_step : std::uint8_t {
  level, ///< the level is another one
  shrink, ///< `relief_stage::shrink` begins
  serialise, ///< `relief_stage::serialise` begins
  shed, ///< a batch of sheddable tasks was cancelled
  unserialise, ///< `relief_stage::serialise` is over
  regrow, ///< `relief_stage::shrink` is over
  source_lost, ///< something that should say how much memory there is does not
  source_back ///< it does again, or is gone for good
};

/// How many there are.
inline constexpr std::size_t pressure_steps = 8;

/// The enumerator's name.
std::string to_string(pressure_step x);

/// As for a level.
bool from_string(std::string_view name, pressure_step& x);

} // namespace axiom
