// Part of Axiom, structured concurrency for CAF. BSD-3-Clause, see LICENSE.

#pragma once

#include <string_view>

namespace axiom {

/// The release that these headers belong to. CMake reads the three numbers from
/// here, so this is the only place where a release is named.
inline constexpr int version_major = 0;
inline constexpr int version_minor = 1;
inline constexpr int version_patch = 0;

/// The release of the library that is linked in, as `major.minor.patch`.
/// Differs from the constants above when a program meets another build of the
/// library than the one whose headers it was compiled with.
std::string_view version() noexcept;

/// The release of CAF that the library was compiled against.
std::string_view caf_version() noexcept;

} // namespace axiom
