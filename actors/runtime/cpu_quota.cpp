#include "axiom/runtime/cpu_quota.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

namespace axiom::runtime {

namespace fs = std::filesystem;

namespace {

// -- control groups -----------------------------------------------------------

enum class hierarchy {
  v1, // the one of version 1 that has the controller `cpu`
  v2, // the unified one
};

/// A hierarchy as this process sees it.
struct cgroup_mount {
  hierarchy version = hierarchy::v2;
  fs::path root; // the group that is mounted
  fs::path point; // where
};

/// The groups of this process.
struct own_groups {
  std::optional<fs::path> v1;
  std::optional<fs::path> v2;
};

/// Whether `word` is in a list with commas.
bool lists(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    if (list.substr(0, comma) == word)
      return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

/// Reads lines of `id:controllers:path`; the path may have colons.
own_groups read_own_groups(const fs::path& file) {
  own_groups result;
  std::ifstream in{file};
  for (std::string line; std::getline(in, line);) {
    const auto first = line.find(':');
    if (first == std::string::npos)
      continue;
    const auto second = line.find(':', first + 1);
    if (second == std::string::npos)
      continue;
    const auto controllers = line.substr(first + 1, second - first - 1);
    const auto path = line.substr(second + 1);
    if (line.starts_with("0::"))
      result.v2 = path;
    else if (lists(controllers, "cpu"))
      result.v1 = path;
  }
  return result;
}

/// Mount tables write blanks, line ends and backslashes as `\040` and so on.
std::string unescaped(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    unsigned code = 0;
    const auto* digits = text.data() + 1;
    if (text.front() == '\\' && text.size() >= 4
        && std::from_chars(digits, digits + 3, code, 8).ptr == digits + 3) {
      result += static_cast<char>(code);
      text.remove_prefix(4);
    } else {
      result += text.front();
      text.remove_prefix(1);
    }
  }
  return result;
}

/// Reads lines such as `31 23 0:28 /root /point rw master:1 - cgroup name
/// rw,cpu`, with any number of optional fields before the dash.
std::vector<cgroup_mount> read_mounts(const fs::path& file) {
  std::vector<cgroup_mount> result;
  std::ifstream in{file};
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields{line};
    std::string ignored, root, point, type, options;
    fields >> ignored >> ignored >> ignored >> root >> point;
    do
      fields >> ignored;
    while (fields && ignored != "-");
    fields >> type >> ignored >> options;
    if (type == "cgroup2")
      result.push_back({hierarchy::v2, unescaped(root), unescaped(point)});
    else if (type == "cgroup" && lists(options, "cpu"))
      result.push_back({hierarchy::v1, unescaped(root), unescaped(point)});
  }
  return result;
}

// -- quotas -------------------------------------------------------------------

std::vector<std::string> words_of(const fs::path& file) {
  std::vector<std::string> result;
  std::ifstream in{file};
  for (std::string word; in >> word;)
    result.push_back(word);
  return result;
}

/// A number of microseconds; none for `max`, `-1`, 0 and what is no number.
std::optional<std::uint64_t> microseconds(std::string_view text) {
  std::uint64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [ptr, code] = std::from_chars(text.data(), end, value);
  if (code != std::errc{} || ptr != end || value == 0)
    return std::nullopt;
  return value;
}

/// The quota of one group.
std::optional<std::size_t> quota_of(hierarchy version, const fs::path& group) {
  std::vector<std::string> words; // the quota, then the period it is for
  if (version == hierarchy::v2) {
    words = words_of(group / "cpu.max");
  } else {
    words = words_of(group / "cpu.cfs_quota_us");
    for (auto& word : words_of(group / "cpu.cfs_period_us"))
      words.push_back(std::move(word));
  }
  if (words.size() != 2)
    return std::nullopt;
  const auto quota = microseconds(words[0]);
  const auto period = microseconds(words[1]);
  if (!quota || !period)
    return std::nullopt;
  return *quota / *period + (*quota % *period != 0 ? 1 : 0);
}

/// The path of `group` below the mounted `root`; none if it is not below it.
std::optional<fs::path> below(const fs::path& root, const fs::path& group) {
  const auto result = group.lexically_relative(root);
  if (result.empty()
      || std::find(result.begin(), result.end(), "..") != result.end())
    return std::nullopt;
  return result == "." ? fs::path{} : result;
}

} // namespace

std::optional<std::size_t> cpu_quota(const std::string& proc) {
  const auto own = read_own_groups(fs::path{proc} / "self/cgroup");
  std::optional<std::size_t> least;
  for (const auto& mount : read_mounts(fs::path{proc} / "self/mountinfo")) {
    const auto& group = mount.version == hierarchy::v1 ? own.v1 : own.v2;
    auto path = group ? below(mount.root, *group) : std::nullopt;
    while (path) {
      if (const auto quota = quota_of(mount.version, mount.point / *path))
        least = std::min(least.value_or(*quota), *quota);
      path = path->empty() ? std::nullopt : std::optional{path->parent_path()};
    }
  }
  return least;
}

} // namespace axiom::runtime
