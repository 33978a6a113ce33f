#pragma once

#include <chrono>
#include <cstddef>

/// The numbers that apply where nobody says otherwise.
namespace axiom::defaults {

/// How long cancelled tasks have to end before they are reported overdue.
inline constexpr std::chrono::seconds grace{2};

/// When a shutdown_guard says for the first time what keeps the system from
/// ending, how long after that for the second, and how far apart the later ones
/// get.
inline constexpr std::chrono::seconds shutdown_patience{5};
inline constexpr std::chrono::seconds shutdown_interval{5};
inline constexpr std::chrono::minutes shutdown_longest_interval{1};

/// How many coordinators, tasks and actors each it names.
inline constexpr std::size_t shutdown_most_listed = 50;

/// How long one phase of a shutdown may take, and how long the tasks of a
/// coordinator have to end by themselves in it before they are cancelled.
inline constexpr std::chrono::seconds phase_budget{5};
inline constexpr std::chrono::seconds drain_budget{10};

/// How long a request waits for the permits of a limiter before it counts as
/// one priority more urgent.
inline constexpr std::chrono::milliseconds limiter_ageing{250};

/// When a limiter looks whether those who wait do so in a circle that somebody
/// else has closed behind them, and how far apart it does so later on.
inline constexpr std::chrono::milliseconds deadlock_search_interval{10};
inline constexpr std::chrono::milliseconds deadlock_search_longest{640};

/// How long after a failed creation a pool tries again to come up to its
/// minimum, for the first time.
inline constexpr std::chrono::milliseconds pool_retry_delay{250};

} // namespace axiom::defaults
