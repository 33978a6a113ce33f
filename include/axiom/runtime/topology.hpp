#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

/// Which processors there are, how near they are to each other, and where
/// workers run on them. Thread-safe: nothing here keeps a state.
namespace axiom::runtime {

// -- processors ---------------------------------------------------------------

/// A processor (a hardware thread) as the operating system numbers it.
using processor_id = unsigned;

/// The processors that the calling thread, and threads it starts, may run on:
/// its affinity mask, ascending. Empty if the system does not tell.
std::vector<processor_id> allowed_processors();

/// How many workers make sense: one for each allowed processor, but no more
/// than the CPU quota can keep busy (see `cpu_quota`, also for `proc`). At
/// least 1.
std::size_t usable_processors(const std::string& proc = "/proc");

// -- the machine --------------------------------------------------------------

/// Processors that are near each other, as a tree: the machine, its packages
/// and NUMA nodes, their caches, down to a core. It has either parts or
/// processors.
struct processor_group {
  /// Neighbours stand beside each other.
  std::vector<processor_group> parts;

  /// Of a core: its processors, SMT siblings of each other.
  std::vector<processor_id> processors;

  friend bool operator==(const processor_group&,
                         const processor_group&) = default;
};

/// This machine, as far as the calling thread may use it. Empty if it cannot be
/// read. Takes milliseconds; binds no thread meanwhile.
processor_group this_machine();

/// A machine that is described in hwloc's notation, such as
/// "pack:2 l3:2 core:4 pu:2": to see where workers would run on it. Empty if
/// the text describes none.
processor_group synthetic_machine(const std::string& description);

/// What is left of `machine` if only `allowed` processors may be used.
processor_group restricted(const processor_group& machine,
                           const std::vector<processor_id>& allowed);

// -- workers ------------------------------------------------------------------

/// Where workers run.
///
/// Both kinds of pinning use one processor of every core before a second one:
/// SMT siblings share the core's units, which costs a worker more than a
/// distant cache does. Where workers are more than processors, they start over.
enum class affinity : std::uint8_t {
  none,    ///< where the operating system puts them, and it may move them
  compact, ///< pinned to neighbouring cores, which share caches: the cores of
           ///< one cache, then of one package, before the next is used
  scatter, ///< pinned far from each other, for more cache and memory bandwidth:
           ///< packages and NUMA nodes in turn, in each its caches in turn
};

/// The enumerator's name.
std::string to_string(affinity value);

/// The affinity of this name; none if there is no such name.
std::optional<affinity> parse_affinity(std::string_view name);

/// The processor that each of `workers` workers is to be pinned to, if any.
/// Nobody is pinned on an empty machine.
std::vector<std::optional<processor_id>>
plan_workers(const processor_group& machine, affinity how, std::size_t workers);

/// The same for this machine, which is not even read if nobody is pinned.
std::vector<std::optional<processor_id>> plan_workers(affinity how,
                                                      std::size_t workers);

/// Lets the calling thread, and threads that it starts from now on, run on
/// `processors` only, or says why it cannot: some containers forbid it, and the
/// processors may be gone. The thread then runs on where it could before.
std::error_code
bind_this_thread(std::span<const processor_id> processors) noexcept;

/// The same for one processor.
std::error_code pin_this_thread(processor_id processor) noexcept;

} // namespace axiom::runtime
