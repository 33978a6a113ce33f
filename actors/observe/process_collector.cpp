#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dirent.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <prometheus/collectable.h>

#include "axiom/observe/collectors.hpp"
#include "observe/families.hpp"

namespace axiom::observe {

namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

/// The fields of /proc/self/stat that are used; numbered as in proc(5).
struct process_status {
  std::uint64_t threads = 0;        // (20)
  std::uint64_t start_ticks = 0;    // (22) since boot
  std::uint64_t virtual_bytes = 0;  // (23)
  std::uint64_t resident_pages = 0; // (24)
};

std::optional<process_status> read_status() {
  std::ifstream in{"/proc/self/stat"};
  std::string line;
  if (!std::getline(in, line))
    return std::nullopt;
  // The name (2) may hold anything, blanks and parentheses too.
  const auto end = line.rfind(')');
  if (end == std::string::npos)
    return std::nullopt;
  std::vector<std::string_view> fields;
  std::string_view rest{line};
  rest.remove_prefix(end + 1);
  while (!rest.empty()) {
    const auto first = rest.find_first_not_of(' ');
    if (first == std::string_view::npos)
      break;
    rest.remove_prefix(first);
    const auto length = std::min(rest.find(' '), rest.size());
    fields.push_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  auto get = [&](std::size_t number) -> std::uint64_t {
    std::uint64_t value = 0;
    if (number - 3 < fields.size()) {
      const auto text = fields[number - 3];
      std::from_chars(text.data(), text.data() + text.size(), value);
    }
    return value;
  };
  if (fields.size() < 22)
    return std::nullopt;
  return process_status{get(20), get(22), get(23), get(24)};
}

/// Seconds since the epoch at which the system was booted.
std::optional<std::uint64_t> boot_time() {
  std::ifstream in{"/proc/stat"};
  std::string word;
  while (in >> word) {
    if (word == "btime") {
      std::uint64_t value = 0;
      if (in >> value)
        return value;
    }
    std::getline(in, word);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> count_descriptors() {
  struct closer {
    void operator()(DIR* ptr) const noexcept {
      ::closedir(ptr);
    }
  };
  const std::unique_ptr<DIR, closer> open{::opendir("/proc/self/fd")};
  if (!open)
    return std::nullopt;
  std::uint64_t count = 0;
  while (const auto* item = ::readdir(open.get()))
    if (item->d_name[0] != '.')
      ++count;
  return count - 1; // without the one that looks
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec)
         + static_cast<double>(time.tv_usec) / 1e6;
}

class process_collector : public prometheus::Collectable {
public:
  std::vector<MetricFamily> Collect() const override {
    std::vector<MetricFamily> result;
    auto gauge = [&](std::string name, std::string help, double value) {
      result.push_back(
        family(std::move(name), std::move(help), MetricType::Gauge));
      add_gauge(result.back(), value);
    };
    rusage usage{};
    if (::getrusage(RUSAGE_SELF, &usage) == 0) {
      result.push_back(family("process_cpu_seconds_total",
                              "User and system CPU time spent in seconds.",
                              MetricType::Counter));
      add_counter(result.back(),
                  seconds(usage.ru_utime) + seconds(usage.ru_stime));
    }
    if (const auto status = read_status()) {
      gauge("process_resident_memory_bytes",
            "Resident memory size in bytes.",
            static_cast<double>(status->resident_pages)
              * static_cast<double>(::sysconf(_SC_PAGESIZE)));
      gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.",
            static_cast<double>(status->virtual_bytes));
      gauge("process_threads", "Number of OS threads in the process.",
            static_cast<double>(status->threads));
      if (const auto boot = boot_time())
        gauge("process_start_time_seconds",
              "Start time of the process since unix epoch in seconds.",
              static_cast<double>(*boot)
                + static_cast<double>(status->start_ticks)
                    / static_cast<double>(::sysconf(_SC_CLK_TCK)));
    }
    if (const auto count = count_descriptors())
      gauge("process_open_fds", "Number of open file descriptors.",
            static_cast<double>(*count));
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0
        && limit.rlim_cur != RLIM_INFINITY)
      gauge("process_max_fds", "Maximum number of open file descriptors.",
            static_cast<double>(limit.rlim_cur));
    return result;
  }
};

} // namespace

std::shared_ptr<prometheus::Collectable> make_process_collector() {
  return std::make_shared<process_collector>();
}

} // namespace axiom::observe
