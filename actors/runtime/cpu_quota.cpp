#include "axiom/runtime/cpu_quota.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "axiom/runtime/control_groups.hpp"

namespace axiom::runtime {

namespace fs = std::filesystem;

namespace {

/// What can be read of it. (Kernel files have no zero bytes.)
std::string text_of(const fs::path& file) {
  std::string result;
  std::ifstream in{file};
  std::getline(in, result, '\0');
  return result;
}

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
std::optional<std::size_t> quota_of(cgroup_version version,
                                    const fs::path& group) {
  std::vector<std::string> words; // the quota, then the period it is for
  if (version == cgroup_version::v2) {
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

} // namespace

std::optional<std::size_t> cpu_quota(const std::string& proc) {
  const auto self = fs::path{proc} / "self";
  std::optional<std::size_t> least;
  for (const auto& group : cgroup_directories(
         parse_own_cgroups(text_of(self / "cgroup"), "cpu"),
         parse_cgroup_mounts(text_of(self / "mountinfo"), "cpu")))
    if (const auto quota = quota_of(group.version, group.path))
      least = std::min(least.value_or(*quota), *quota);
  return least;
}

} // namespace axiom::runtime
