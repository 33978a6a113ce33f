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

/// How often memory is measured, and how often while it is short.
inline constexpr std::chrono::seconds memory_interval{1};
inline constexpr std::chrono::milliseconds memory_urgent_interval{100};

/// The part of a limit of memory that is in use when the levels begin, and how
/// far below that it is when they end.
inline constexpr double memory_warning = 0.80;
inline constexpr double memory_critical = 0.95;
inline constexpr double memory_margin = 0.05;

/// The same for the part of the last 10 s in which tasks stood still for want of
/// memory: some for `warning`, all for `critical`. (A tenth of the time is what
/// a user begins to notice. Who kills rather than sheds waits for several times
/// that, over half a minute.)
inline constexpr double memory_stall_warning = 0.10;
inline constexpr double memory_stall_critical = 0.10;
inline constexpr double memory_stall_margin = 0.05;

/// How many readings in a row have to be below a level before it ends, and for
/// how long.
inline constexpr std::size_t memory_calm_readings = 3;
inline constexpr std::chrono::seconds memory_calm_for{2};

/// How long what a source said last still counts when it cannot be read.
inline constexpr std::chrono::seconds memory_stale_after{30};

/// How many tasks are shed at once.
inline constexpr std::size_t memory_shed_batch = 8;

/// How long after a failed creation a pool tries again to come up to its
/// minimum, for the first time.
inline constexpr std::chrono::milliseconds pool_retry_delay{250};

} // namespace axiom::defaults
