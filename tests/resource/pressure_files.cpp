// What is read of a kernel's files, in made-up directories.

#include "axiom/resource/pressure/memory_files.hpp"

#include <algorithm>

#include <sys/stat.h>

#include "support/memory_kernel.hpp"

using namespace test;
using namespace axiom::detail;

namespace {

struct files : memory_kernel {
  std::vector<memory_sample> read() {
    return reader.read();
  }

  /// The sample of a source; null if there is none.
  const memory_sample* find(const std::string& source) {
    last = read();
    auto i = std::find_if(last.begin(), last.end(),
                          [&](auto& x) { return x.source == source; });
    return i != last.end() ? &*i : nullptr;
  }

  const memory_use& use_of(const std::string& source) {
    const auto* x = find(source);
    BOOST_REQUIRE(x);
    BOOST_REQUIRE(std::holds_alternative<memory_use>(x->said));
    return std::get<memory_use>(x->said);
  }

  std::string problem_of(const std::string& source) {
    const auto* x = find(source);
    if (x == nullptr)
      return "no such source";
    const auto* problem = std::get_if<source_problem>(&x->said);
    return problem != nullptr ? problem->what : "no problem";
  }

  /// A group with 1000 MiB, of which 600 are in use.
  void some_group(const std::string& group) {
    join(group);
    mount();
    limit(group, 1000);
    memory_kernel::use(group, 600);
  }

  memory_files reader{root()};
  std::vector<memory_sample> last;
};

const std::string app = "/sys/fs/cgroup/app";

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(kernel_files, files)

BOOST_AUTO_TEST_CASE(of_a_system_that_says_nothing) {
  BOOST_TEST(read().empty());
  memory_files nowhere{root() / "nothing"};
  BOOST_TEST(nowhere.read().empty());
}

BOOST_AUTO_TEST_CASE(of_the_group_the_process_is_in) {
  some_group("/app");
  auto x = use_of(app);
  BOOST_TEST(x.limit == 1000 * mebibyte);
  BOOST_TEST(x.used == 600 * mebibyte);
  BOOST_TEST(x.headroom() == 400 * mebibyte);
  cache("/app", 150);
  BOOST_TEST(use_of(app).used == 450 * mebibyte);
  cache("/app", 700); // the numbers are not of one moment
  BOOST_TEST(use_of(app).used == 0u);
  memory_kernel::use("/app", 5000);
  cache("/app", 0);
  BOOST_TEST(use_of(app).headroom() == 0u);
  events("/app", 3, 2);
  BOOST_TEST(use_of(app).failures == 5u);
  BOOST_TEST(last.size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_lower_of_two_limits_counts) {
  some_group("/app");
  write(file("/app", "memory.high"), "max\n");
  BOOST_TEST(use_of(app).limit == 1000 * mebibyte);
  write(file("/app", "memory.high"), "700000000\n");
  BOOST_TEST(use_of(app).limit == 700'000'000u);
  write(file("/app", "memory.max"), "max\n");
  BOOST_TEST(use_of(app).limit == 700'000'000u);
  write(file("/app", "memory.high"), "max\n");
  BOOST_TEST(!find(app));
  write(file("/app", "memory.high"), "0\n");
  BOOST_TEST(use_of(app).limit == 0u);
}

BOOST_AUTO_TEST_CASE(each_group_on_the_path_with_a_limit_counts) {
  some_group("/a/b/c");
  write(file("/a/b", "memory.max"), "max\n");
  memory_kernel::use("/a/b", 1);
  limit("/a", 500);
  memory_kernel::use("/a", 499);
  limit("/a/b/c/below", 1);
  memory_kernel::use("/a/b/c/below", 1);
  limit("/a/beside", 1);
  memory_kernel::use("/a/beside", 1);
  const auto all = read();
  BOOST_REQUIRE(all.size() == 2u);
  BOOST_TEST(all[0].source == "/sys/fs/cgroup/a/b/c"); // from the inside out
  BOOST_TEST(all[1].source == "/sys/fs/cgroup/a");
}

BOOST_AUTO_TEST_CASE(of_a_container_that_sees_its_own_groups_only) {
  join("/docker/f00/job");
  mount("/docker/f00");
  limit("/job", 10);
  memory_kernel::use("/job", 5);
  limit("/", 20);
  memory_kernel::use("/", 8);
  limit("/docker/f00/job", 1); // somebody else's
  memory_kernel::use("/docker/f00/job", 1);
  const auto all = read();
  BOOST_REQUIRE(all.size() == 2u);
  BOOST_TEST(all[0].source == app.substr(0, 14) + "/job");
  BOOST_TEST(all[1].source == "/sys/fs/cgroup");
}

BOOST_AUTO_TEST_CASE(of_another_group_once_the_process_was_moved) {
  some_group("/app");
  limit("/other", 50);
  memory_kernel::use("/other", 25);
  BOOST_TEST(find(app));
  join("/other");
  BOOST_TEST(!find(app));
  BOOST_TEST(use_of("/sys/fs/cgroup/other").limit == 50 * mebibyte);
}

BOOST_AUTO_TEST_CASE(of_groups_of_version_1_are_passed_over) {
  write("/proc/self/cgroup", "4:memory:/app\n0::/\n");
  write("/proc/self/mountinfo",
        "31 23 0:28 / /sys/fs/cgroup rw - cgroup cgroup rw,memory\n"
        "41 23 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  write("/sys/fs/cgroup/app/memory.max", "1\n");
  write("/sys/fs/cgroup/app/memory.current", "1\n");
  BOOST_TEST(read().empty());
}

BOOST_AUTO_TEST_CASE(of_the_machine) {
  host(1000, 300);
  const auto& x = use_of("/proc/meminfo");
  BOOST_TEST(x.limit == 1000 * mebibyte);
  BOOST_TEST(x.used == 700 * mebibyte);
}

BOOST_AUTO_TEST_CASE(of_stalls_in_the_own_group_or_else_of_the_machine) {
  some_group("/app");
  write("/proc/pressure/memory", stall_text(1234, 50, 9, 8));
  const auto* x = find("/proc/pressure/memory");
  BOOST_REQUIRE(x);
  BOOST_TEST(
    (std::get<stall_times>(x->said) == stall_times{0.1234, 0.005, 9, 8}));
  write(file("/app", "memory.pressure"), stall_text(100, 0, 1, 0));
  BOOST_TEST(find(app + "/memory.pressure"));
  BOOST_TEST(!find("/proc/pressure/memory"));
  write(file("/app", "memory.pressure"), "garbage\n");
  BOOST_TEST(problem_of(app + "/memory.pressure") == "has no line 'some'");
  BOOST_TEST(!find("/proc/pressure/memory")); // not another scale all at once
}

// -- what cannot be read ------------------------------------------------------

BOOST_AUTO_TEST_CASE(garbled_are_a_problem_of_their_source_alone) {
  some_group("/app");
  host(1000, 300);
  cache("/app", 1);
  events("/app", 0, 0);
  struct damage {
    const char* name;
    const char* text;
    const char* what;
  };
  for (auto x : {damage{"memory.max", "12", "'memory.max' is cut short"},
                 damage{"memory.max", "", "'memory.max' is empty"},
                 damage{"memory.high", "-1\n", "'memory.high' '-1' is no"},
                 damage{"memory.current", "max\n", "'memory.current' 'max' is"},
                 damage{"memory.stat", "anon 1\n", "has no 'inactive_file'"},
                 damage{"memory.events", "oom x\n", "'memory.events' 'oom'"}}) {
    const auto where = file("/app", x.name);
    const auto kept = root() / where.relative_path();
    std::string before;
    if (std::ifstream in{kept}; in)
      std::getline(in, before, '\0');
    write(where, x.text);
    BOOST_TEST(contains(problem_of(app), x.what), problem_of(app));
    BOOST_TEST(use_of("/proc/meminfo").limit == 1000 * mebibyte);
    if (before.empty())
      remove(where);
    else
      write(where, before);
    BOOST_TEST(problem_of(app) == "no problem");
  }
  write("/proc/meminfo", "MemTotal: 1 kB\n");
  BOOST_TEST(problem_of("/proc/meminfo") == "has no 'MemAvailable:'");
  BOOST_TEST(problem_of(app) == "no problem");
}

BOOST_AUTO_TEST_CASE(a_limit_without_a_usage_is_a_problem) {
  some_group("/app");
  remove(file("/app", "memory.current"));
  BOOST_TEST(contains(problem_of(app), "is not there, though a limit is"));
}

BOOST_AUTO_TEST_CASE(directories_pipes_and_endless_files_are_a_problem) {
  some_group("/app");
  const auto current = file("/app", "memory.current");
  const auto there = root() / current.relative_path();
  remove(current);
  std::filesystem::create_directory(there);
  BOOST_TEST(contains(problem_of(app), "cannot be read: Is a directory"));
  remove(current);
  BOOST_REQUIRE(::mkfifo(there.c_str(), 0600) == 0); // nobody ever writes
  BOOST_TEST(contains(problem_of(app), "is empty"), problem_of(app));
  remove(current);
  std::filesystem::create_symlink("/dev/zero", there);
  BOOST_TEST(contains(problem_of(app), "is longer than"), problem_of(app));
  remove(current);
  write(current, std::string(1 << 20, '7') + "\n");
  BOOST_TEST(contains(problem_of(app), "is longer than"), problem_of(app));
  remove(current);
  std::filesystem::create_symlink(there, there); // to itself
  BOOST_TEST(contains(problem_of(app), "cannot be read"), problem_of(app));
}

BOOST_AUTO_TEST_CASE(
  known_groups_are_read_on_while_nobody_says_where_they_are) {
  some_group("/app");
  BOOST_TEST(use_of(app).used == 600 * mebibyte);
  for (const auto* text :
       {"0::/app", "0::\n", "nonsense\n", "0::relative\n", ":::\n"}) {
    write("/proc/self/cgroup", text);
    BOOST_TEST(problem_of("/proc/self/cgroup") != "no such source", text);
    memory_kernel::use("/app", 700);
    BOOST_TEST(use_of(app).used == 700 * mebibyte);
  }
  join("/app");
  BOOST_TEST(problem_of("/proc/self/cgroup") == "no such source");
  join("/app/below"); // another group, and no table to find it in
  write("/proc/self/mountinfo", "31 23 0:28 / /sys/fs/cgr");
  BOOST_TEST(contains(problem_of("/proc/self/mountinfo"), "cut short"));
  BOOST_TEST(find(app));
  mount();
  BOOST_TEST(problem_of("/proc/self/mountinfo") == "no such source");
  BOOST_TEST(find(app));
}

BOOST_AUTO_TEST_CASE(a_table_of_thousands_of_mounts_is_read) {
  some_group("/app");
  std::string table;
  for (int i = 0; i < 20'000; ++i)
    table += "50 23 0:99 / /var/lib/containers/" + std::to_string(i)
           + " rw,relatime - overlay overlay rw,lowerdir=some,upperdir=other\n";
  table += "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
  write("/proc/self/mountinfo", table);
  BOOST_TEST(use_of(app).limit == 1000 * mebibyte);
}

BOOST_AUTO_TEST_CASE(of_this_machine_make_sense) {
  memory_files real{"/"};
  for (const auto& x : real.read()) {
    BOOST_TEST_CONTEXT(x.source) {
      BOOST_TEST(!std::holds_alternative<source_problem>(x.said));
      if (const auto* use = std::get_if<memory_use>(&x.said))
        BOOST_TEST(use->used > 0u);
    }
  }
  BOOST_TEST(!real.read().empty());
}

BOOST_AUTO_TEST_SUITE_END()
