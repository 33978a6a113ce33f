#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "axiom/resource/pressure/kernel_values.hpp"

namespace axiom::detail {

/// What is used of one limit.
struct memory_use {
  std::uint64_t limit = 0;
  std::uint64_t used = 0; ///< what the kernel could take back at once left out
  std::uint64_t failures = 0; ///< allocations that failed, or nearly, so far

  std::uint64_t headroom() const noexcept {
    return limit > used ? limit - used : 0;
  }
};

/// Why a source that is there says nothing.
struct source_problem {
  std::string what;
};

/// What one source says at one time.
struct memory_sample {
  std::string source; ///< where the kernel has it: a directory or a file
  std::variant<memory_use, stall_times, source_problem> said;
};

/// Reads what the kernel says about the memory of this process:
///
/// - each control group (version 2) that the process is in, from its own up to
///   the outermost that is visible, that has a limit (`memory.high` or
///   `memory.max`, whichever is lower). In use is `memory.current` without the
///   inactive part of the file cache in `memory.stat`, which the kernel drops
///   before it refuses an allocation;
/// - the machine: all but what `MemAvailable` says is in use of `MemTotal`;
/// - stalls of the process's own group, or of the machine if the groups have
///   none: those of the whole machine may be others' business.
///
/// A file that is not there, or that the kernel was not made or started for,
/// makes no sample: no problem, there are many kinds of systems. One that is
/// there but cannot be read, or says what cannot be, makes a source_problem.
///
/// Where the groups are is found through `self/cgroup` at each reading, since a
/// process can be moved, and through the table of mounts only when that has
/// changed or a group could not be read. While neither can be read the groups
/// known before are read on.
///
/// The files are virtual: reading them is a few system calls and no wait for a
/// disk. How much of each is read is limited.
///
/// Thread-compatible.
class memory_files {
public:
  /// @param root the directory that has `proc` and what else is mounted
  explicit memory_files(std::filesystem::path root);

  std::vector<memory_sample> read();

private:
  using path = std::filesystem::path;

  void find_groups(std::vector<memory_sample>& result);
  void read_group(const path& group, std::vector<memory_sample>& result);
  void read_host(std::vector<memory_sample>& result) const;
  bool read_stalls(const path& file, std::vector<memory_sample>& result) const;

  /// Where something is that the kernel has at `x`.
  path here(const path& x) const;

  const path root_;
  std::string found_for_; ///< the text of `self/cgroup` that `groups_` is of
  std::vector<path> groups_; ///< as the kernel names them, from the inside out
  bool look_again_ = true;
};

} // namespace axiom::detail
