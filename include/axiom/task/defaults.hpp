#pragma once

#include <chrono>

/// The numbers that apply where nobody says otherwise.
namespace axiom::defaults {

/// How long cancelled tasks have to end before they are reported overdue.
inline constexpr std::chrono::seconds grace{2};

/// How long a request waits for the permits of a limiter before it counts as one
/// priority more urgent.
inline constexpr std::chrono::milliseconds limiter_ageing{250};

} // namespace axiom::defaults
