#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace axiom::runtime {

/// The two ways in which Linux has control groups; they may be there side by
/// side.
enum class cgroup_version {
  v1, ///< a hierarchy for each controller, or for some of them
  v2 ///< one hierarchy, the unified one
};

/// The groups of this process in the hierarchies that have a controller.
struct own_cgroups {
  std::optional<std::filesystem::path> v1;
  std::optional<std::filesystem::path> v2;
};

/// A hierarchy as this process sees it.
struct cgroup_mount {
  cgroup_version version = cgroup_version::v2;
  std::filesystem::path root; ///< the group that is mounted
  std::filesystem::path point; ///< where
};

/// A control group that this process is in, or one above that.
struct cgroup_directory {
  cgroup_version version = cgroup_version::v2;
  std::filesystem::path path; ///< where its files are
};

/// Reads the text of `/proc/self/cgroup`, lines of `id:controllers:path` (the
/// path may have colons); what is no such line is passed over. `controller` is
/// whose hierarchy of version 1 is meant; version 2 has one for all.
own_cgroups parse_own_cgroups(std::string_view text,
                              std::string_view controller);

/// Reads the text of `/proc/self/mountinfo`, in the same way.
std::vector<cgroup_mount> parse_cgroup_mounts(std::string_view text,
                                              std::string_view controller);

/// The directories of the groups of `own` and of all above them, mount by
/// mount, each from the inside out. Groups above the mounted part, and mounts
/// of groups that this process is not in, are not there.
std::vector<cgroup_directory> cgroup_directories(
  const own_cgroups& own, const std::vector<cgroup_mount>& mounts);

} // namespace axiom::runtime
