#pragma once

#include <chrono>

/// The numbers that apply where nobody says otherwise.
namespace axiom::defaults {

/// How long cancelled tasks have to end before they are reported overdue.
inline constexpr std::chrono::seconds grace{2};

} // namespace axiom::defaults
