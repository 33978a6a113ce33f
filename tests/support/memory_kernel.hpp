#pragma once

// A kernel as a directory: what it says about memory, written by a test.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <boost/test/unit_test.hpp>

namespace test {

inline constexpr std::uint64_t mebibyte = std::uint64_t{1024} * 1024;

/// A directory with the files of a kernel, which goes with it. At first it has
/// none of them.
class memory_kernel {
public:
  using path = std::filesystem::path;

  memory_kernel() {
    auto name =
      (std::filesystem::temp_directory_path() / "axiom-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(name.data()));
    root_ = name;
  }

  memory_kernel(const memory_kernel&) = delete;
  memory_kernel& operator=(const memory_kernel&) = delete;

  ~memory_kernel() {
    std::filesystem::remove_all(root_);
  }

  const path& root() const noexcept {
    return root_;
  }

  void write(const path& file, const std::string& text) const {
    const auto where = root_ / file.relative_path();
    std::filesystem::create_directories(where.parent_path());
    std::ofstream out{where};
    out << text;
    BOOST_REQUIRE(out.flush());
  }

  void remove(const path& file) const {
    std::filesystem::remove_all(root_ / file.relative_path());
  }

  // -- control groups ---------------------------------------------------------

  /// Puts the process into a group of the unified hierarchy.
  void join(const std::string& group) const {
    write("/proc/self/cgroup", "0::" + group + "\n");
  }

  /// Mounts the group `from` and those below it, in the midst of others.
  void mount(const std::string& from = "/") const {
    write("/proc/self/mountinfo",
          "22 28 0:21 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
          "31 23 0:28 "
            + from
            + " /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw\n"
              "23 28 0:22 / /proc rw - proc proc rw\n");
  }

  static path file(const std::string& group, const std::string& name) {
    return path{"/sys/fs/cgroup"} / path{group}.relative_path() / name;
  }

  void limit(const std::string& group, std::uint64_t mebibytes) const {
    write(file(group, "memory.max"),
          std::to_string(mebibytes * mebibyte) + "\n");
  }

  void use(const std::string& group, std::uint64_t mebibytes) const {
    write(file(group, "memory.current"),
          std::to_string(mebibytes * mebibyte) + "\n");
  }

  void cache(const std::string& group, std::uint64_t mebibytes) const {
    write(file(group, "memory.stat"),
          "anon 4096\nfile 8192\ninactive_anon 0\ninactive_file "
            + std::to_string(mebibytes * mebibyte) + "\nactive_file 1\n");
  }

  void events(const std::string& group, unsigned oom, unsigned kills) const {
    write(file(group, "memory.events"),
          "low 0\nhigh 7\nmax 9\noom " + std::to_string(oom) + "\noom_kill "
            + std::to_string(kills) + "\noom_group_kill 0\n");
  }

  // -- the machine ------------------------------------------------------------

  void host(std::uint64_t mebibytes, std::uint64_t available) const {
    auto line = [](const char* name, std::uint64_t value) {
      return name + std::string{"   "} + std::to_string(value * 1024) + " kB\n";
    };
    write("/proc/meminfo",
          line("MemTotal:", mebibytes) + line("MemFree:", available / 2)
            + line("MemAvailable:", available) + "HugePages_Total:       0\n");
  }

  // -- stalls -----------------------------------------------------------------

  /// @param some, full in hundredths of a percent
  static std::string stall_text(unsigned some, unsigned full,
                                std::uint64_t some_total,
                                std::uint64_t full_total) {
    auto line = [](const char* name, unsigned x, std::uint64_t total) {
      auto decimals = std::to_string(100 + x % 100).substr(1);
      return name + std::string{" avg10="} + std::to_string(x / 100) + "."
           + decimals + " avg60=0.00 avg300=0.00 total=" + std::to_string(total)
           + "\n";
    };
    return line("some", some, some_total) + line("full", full, full_total);
  }

private:
  path root_;
};

} // namespace test
