#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace axiom::runtime {

/// How many processors' worth of time the kernel lets this process use: the
/// smallest CPU quota of its control group and of all groups above it, rounded
/// up to whole processors (a quota of 1.5 can keep two workers busy). At least
/// 1; nothing if there is no quota.
///
/// A container with a quota sees every processor of its machine: with a worker
/// for each, all of them spend their shares at once, and all stand still until
/// the period is over.
///
/// Control groups of version 2 (`cpu.max`) and 1 (`cpu.cfs_quota_us`,
/// `cpu.cfs_period_us`), side by side too. They are found where the process has
/// them mounted, through `self/cgroup` and `self/mountinfo` below `proc`;
/// groups above the mounted part, and mounts of groups that this process is not
/// in, say nothing. What is missing, unreadable or garbled counts as no quota.
std::optional<std::size_t> cpu_quota(const std::string& proc = "/proc");

} // namespace axiom::runtime
