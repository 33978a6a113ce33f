#include "axiom/runtime/control_groups.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>

namespace axiom::runtime {

namespace fs = std::filesystem;

namespace {

/// Calls `f` for each line, without its end.
template <class F>
void for_each_line(std::string_view text, F f) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    f(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

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

/// The path of `group` below the mounted `root`; none if it is not below it.
std::optional<fs::path> below(const fs::path& root, const fs::path& group) {
  const auto result = group.lexically_relative(root);
  if (result.empty()
      || std::find(result.begin(), result.end(), "..") != result.end())
    return std::nullopt;
  return result == "." ? fs::path{} : result;
}

} // namespace

own_cgroups parse_own_cgroups(std::string_view text,
                              std::string_view controller) {
  own_cgroups result;
  for_each_line(text, [&](std::string_view line) {
    const auto first = line.find(':');
    if (first == std::string_view::npos)
      return;
    const auto second = line.find(':', first + 1);
    if (second == std::string_view::npos)
      return;
    const auto controllers = line.substr(first + 1, second - first - 1);
    const auto path = line.substr(second + 1);
    if (line.starts_with("0::"))
      result.v2 = path;
    else if (lists(controllers, controller))
      result.v1 = path;
  });
  return result;
}

std::vector<cgroup_mount> parse_cgroup_mounts(std::string_view text,
                                              std::string_view controller) {
  // Lines such as `31 23 0:28 /root /point rw master:1 - cgroup name rw,cpu`,
  // with any number of optional fields before the dash.
  std::vector<cgroup_mount> result;
  for_each_line(text, [&](std::string_view line) {
    if (line.find(" cgroup") == std::string_view::npos)
      return; // there may be thousands of others
    std::istringstream fields{std::string{line}};
    std::string ignored, root, point, type, options;
    fields >> ignored >> ignored >> ignored >> root >> point;
    do
      fields >> ignored;
    while (fields && ignored != "-");
    fields >> type >> ignored >> options;
    if (type == "cgroup2")
      result.push_back({cgroup_version::v2, unescaped(root), unescaped(point)});
    else if (type == "cgroup" && lists(options, controller))
      result.push_back({cgroup_version::v1, unescaped(root), unescaped(point)});
  });
  return result;
}

std::vector<cgroup_directory> cgroup_directories(
  const own_cgroups& own, const std::vector<cgroup_mount>& mounts) {
  std::vector<cgroup_directory> result;
  for (const auto& mount : mounts) {
    const auto& group = mount.version == cgroup_version::v1 ? own.v1 : own.v2;
    auto path = group ? below(mount.root, *group) : std::nullopt;
    while (path) {
      result.push_back(
        {mount.version, path->empty() ? mount.point : mount.point / *path});
      path = path->empty() ? std::nullopt : std::optional{path->parent_path()};
    }
  }
  return result;
}

} // namespace axiom::runtime
