#include "axiom/resource/pressure/memory_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "axiom/error/errc.hpp"
#include "axiom/runtime/control_groups.hpp"

namespace axiom::detail {

namespace fs = std::filesystem;

namespace {

// The largest of these files, `memory.stat`, has a few kilobytes; a machine
// with thousands of containers has a table of mounts of a few megabytes.
constexpr std::size_t most_bytes = std::size_t{256} * 1024;
constexpr std::size_t most_bytes_of_mounts = std::size_t{16} * 1024 * 1024;

/// Its text, nothing if it is not there, or why it cannot be read.
using file_text = parsed<std::optional<std::string>>;

file_text failed(int code) {
  // A file of a controller that is switched off says so when it is read.
  if (code == ENOENT || code == ENOTDIR || code == EOPNOTSUPP)
    return std::optional<std::string>{};
  return tl::unexpected<std::string>{"cannot be read: "
                                     + std::string{std::strerror(code)}};
}

class open_file {
public:
  // Not to wait for a writer, should it be a pipe.
  explicit open_file(const fs::path& file)
    : descriptor_(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    // nop
  }

  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;

  ~open_file() {
    if (descriptor_ >= 0)
      ::close(descriptor_);
  }

  int get() const noexcept {
    return descriptor_;
  }

private:
  int descriptor_;
};

file_text read_file(const fs::path& file, std::size_t most = most_bytes) {
  const open_file from{file};
  if (from.get() < 0)
    return failed(errno);
  std::string text;
  for (;;) {
    constexpr std::size_t piece = 4096;
    const auto size = text.size();
    text.resize(size + piece);
    const auto n = ::read(from.get(), text.data() + size, piece);
    if (n < 0 && errno == EINTR) {
      text.resize(size);
      continue;
    }
    if (n < 0)
      return failed(errno);
    text.resize(size + static_cast<std::size_t>(n));
    if (n == 0)
      return std::optional{std::move(text)};
    if (text.size() > most)
      return tl::unexpected<std::string>{
        "is longer than " + std::to_string(most)
        + " bytes, so it is not what it should be"};
  }
}

/// What `parse` makes of a file; nothing if it is not there.
template <class T>
parsed<std::optional<T>> value_of(const fs::path& file,
                                  parsed<T> (*parse)(std::string_view)) {
  auto text = read_file(file);
  if (!text)
    return tl::unexpected<std::string>{text.error()};
  if (!*text)
    return std::optional<T>{};
  auto value = parse(**text);
  if (!value)
    return tl::unexpected<std::string>{value.error()};
  return std::optional<T>{*value};
}

/// The groups of the mount that shows most of them: others show the same.
std::vector<fs::path> visible_groups(std::string_view own,
                                     std::string_view mounts) {
  using namespace runtime;
  std::vector<fs::path> result;
  const auto groups = parse_own_cgroups(own, "memory");
  for (const auto& mount : parse_cgroup_mounts(mounts, "memory")) {
    if (mount.version != cgroup_version::v2)
      continue;
    const auto some = cgroup_directories(groups, {mount});
    if (some.size() <= result.size())
      continue;
    result.clear();
    for (const auto& x : some)
      result.push_back(x.path);
  }
  return result;
}

/// What is wrong with the text of `self/cgroup`; empty if nothing is.
std::string problem_of_own(std::string_view text) {
  if (text.empty())
    return {}; // no groups at all
  if (text.back() != '\n')
    return "is cut short: its last line has no end";
  const auto own = runtime::parse_own_cgroups(text, "memory");
  if (own.v2 ? !own.v2->is_absolute() : text.find(":/") == text.npos)
    return "names no control group";
  return {};
}

} // namespace

memory_files::memory_files(fs::path root) : root_(std::move(root)) {
  // nop
}

std::vector<memory_sample> memory_files::read() {
  std::vector<memory_sample> result;
  find_groups(result);
  const auto before = result.size();
  for (const auto& group : groups_)
    read_group(group, result);
  auto failed_one = std::any_of(
    result.begin() + static_cast<std::ptrdiff_t>(before), result.end(),
    [](auto& x) { return std::holds_alternative<source_problem>(x.said); });
  look_again_ = look_again_ || failed_one;
  read_host(result);
  if (groups_.empty()
      || !read_stalls(groups_.front() / "memory.pressure", result))
    read_stalls("/proc/pressure/memory", result);
  return result;
}

fs::path memory_files::here(const path& x) const {
  return root_ / x.relative_path();
}

void memory_files::find_groups(std::vector<memory_sample>& result) {
  const path own_file = "/proc/self/cgroup";
  const path mounts_file = "/proc/self/mountinfo";
  auto complain = [&result](const path& file, std::string what) {
    result.push_back({file.string(), source_problem{std::move(what)}});
  };
  auto own = read_file(here(own_file));
  if (!own)
    return complain(own_file, own.error());
  const auto text = std::move(*own).value_or(std::string{});
  if (auto problem = problem_of_own(text); !problem.empty())
    return complain(own_file, std::move(problem));
  if (text == found_for_ && !look_again_)
    return;
  auto mounts = read_file(here(mounts_file), most_bytes_of_mounts);
  if (!mounts)
    return complain(mounts_file, mounts.error());
  const auto table = std::move(*mounts).value_or(std::string{});
  if (!table.empty() && table.back() != '\n')
    return complain(mounts_file, "is cut short: its last line has no end");
  groups_ = visible_groups(text, table);
  found_for_ = text;
  look_again_ = false;
}

void memory_files::read_group(const path& group,
                              std::vector<memory_sample>& result) {
  const auto where = here(group);
  auto complain = [&](const char* file, std::string what) {
    result.push_back(
      {group.string(), source_problem{quoted(file) + " " + std::move(what)}});
  };
  const auto max = value_of(where / "memory.max", parse_byte_limit);
  if (!max)
    return complain("memory.max", max.error());
  const auto high = value_of(where / "memory.high", parse_byte_limit);
  if (!high)
    return complain("memory.high", high.error());
  std::optional<std::uint64_t> limit;
  for (const auto& file : {*max, *high})
    if (file && *file)
      limit = std::min(limit.value_or(**file), **file);
  if (!limit)
    return;
  const auto current = value_of(where / "memory.current", parse_bytes);
  if (!current)
    return complain("memory.current", current.error());
  if (!*current)
    return complain("memory.current", "is not there, though a limit is");
  const auto cache = value_of(where / "memory.stat", parse_inactive_file);
  if (!cache)
    return complain("memory.stat", cache.error());
  const auto events = value_of(where / "memory.events", parse_memory_events);
  if (!events)
    return complain("memory.events", events.error());
  memory_use use;
  use.limit = *limit;
  // The two numbers are not of one moment.
  use.used = **current - std::min(**current, cache->value_or(0));
  if (*events)
    use.failures = (*events)->oom + (*events)->oom_kill;
  result.push_back({group.string(), use});
}

void memory_files::read_host(std::vector<memory_sample>& result) const {
  const path file = "/proc/meminfo";
  const auto value = value_of(here(file), parse_meminfo);
  if (!value)
    result.push_back({file.string(), source_problem{value.error()}});
  else if (*value)
    result.push_back(
      {file.string(),
       memory_use{(*value)->total, (*value)->total - (*value)->available, 0}});
}

bool memory_files::read_stalls(const path& file,
                               std::vector<memory_sample>& result) const {
  const auto value = value_of(here(file), parse_stall_times);
  if (!value)
    result.push_back({file.string(), source_problem{value.error()}});
  else if (*value)
    result.push_back({file.string(), **value});
  return !value || *value;
}

} // namespace axiom::detail
