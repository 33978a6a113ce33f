#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace axiom::detail {

// What the kernel's files about memory say. Each function takes the text of a
// whole file and gives the value, or what is wrong with the text in a few
// words.
//
// They believe nothing that is not whole: a number that is cut short is another
// number. So a text has to end with its line, as all of these files do; numbers
// have digits only, no sign, and fit into 64 bits, also as bytes; a field that
// is needed is there once. Fields and lines that nobody asks for are passed
// over, since every release of the kernel adds some.

template <class T>
using parsed = tl::expected<T, std::string>;

/// A file with one number of bytes: `memory.current`.
parsed<std::uint64_t> parse_bytes(std::string_view text);

/// The same, or `max`, which is no limit: `memory.high`, `memory.max`.
parsed<std::optional<std::uint64_t>> parse_byte_limit(std::string_view text);

/// How often the limits of a control group were in the way since it is there,
/// it and those below it: `memory.events`.
struct memory_events {
  std::uint64_t high = 0; ///< throttled, being above `memory.high`
  std::uint64_t max = 0; ///< about to go above `memory.max`
  std::uint64_t oom = 0; ///< an allocation was about to fail
  std::uint64_t oom_kill = 0; ///< processes killed for it

  friend bool operator==(const memory_events&, const memory_events&) = default;
};

/// Needs `high`, `max`, `oom` and `oom_kill`.
parsed<memory_events> parse_memory_events(std::string_view text);

/// One field of `memory.stat`: the file cache that the kernel takes back first,
/// in bytes.
parsed<std::uint64_t> parse_inactive_file(std::string_view text);

/// For what part of the time tasks stood still for want of memory, from 0 to 1:
/// `memory.pressure`, `/proc/pressure/memory`.
struct stall_times {
  double some = 0; ///< at least one did, over the last 10 s
  double full = 0; ///< all that were not idle did, over the last 10 s
  std::uint64_t some_total = 0; ///< since ever, in microseconds
  std::uint64_t full_total = 0;

  friend bool operator==(const stall_times&, const stall_times&) = default;
};

/// Needs the lines `some` and `full` with their fields `avg10` and `total`.
parsed<stall_times> parse_stall_times(std::string_view text);

/// The machine's memory in bytes: `/proc/meminfo`.
struct host_memory {
  std::uint64_t total = 0;
  std::uint64_t available = 0; ///< without swapping, as the kernel estimates

  friend bool operator==(const host_memory&, const host_memory&) = default;
};

/// Needs `MemTotal`, which is not 0, and `MemAvailable`, which is not more.
parsed<host_memory> parse_meminfo(std::string_view text);

} // namespace axiom::detail
