// How many workers make sense, and where they run: CPU quotas in made-up
// control groups, plans for made-up machines, and pinning on the real one.

#include "axiom/runtime/topology.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "axiom/runtime/cpu_quota.hpp"

namespace fs = std::filesystem;

using namespace axiom::runtime;

namespace {

// -- control groups -----------------------------------------------------------

/// What the kernel says about control groups, in a directory that goes with it.
struct kernel {
  kernel() {
    auto name = (fs::temp_directory_path() / "axiom-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(name.data()));
    root = name;
  }

  kernel(const kernel&) = delete;
  kernel& operator=(const kernel&) = delete;

  ~kernel() {
    fs::remove_all(root);
  }

  void write(const fs::path& file, const std::string& text) const {
    fs::create_directories((root / file).parent_path());
    std::ofstream{root / file} << text;
  }

  void own_groups(const std::string& text) const {
    write("proc/self/cgroup", text);
  }

  /// Mounts the group `from` of a hierarchy on `to`, in the midst of others.
  void mount(const std::string& from, const std::string& to,
             const std::string& type, const std::string& options = "rw") const {
    std::ofstream table{root / "proc/self/mountinfo", std::ios::app};
    table << "22 28 0:21 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
          << "31 23 0:28 " << from << ' ' << (root / to).string()
          << " rw,relatime shared:9 master:4 - " << type << ' ' << type << ' '
          << options << "\n23 28 0:22 / /proc rw - proc proc rw\n";
  }

  /// As on a system with version 2 only.
  void unified(const std::string& group) const {
    own_groups("0::" + group + '\n');
    mount("/", "cgroup", "cgroup2");
  }

  std::string proc() const {
    return (root / "proc").string();
  }

  std::optional<std::size_t> quota() const {
    return cpu_quota(proc());
  }

  fs::path root;
};

using count = std::optional<std::size_t>;

// -- machines -----------------------------------------------------------------

/// Two NUMA nodes of four cores of two processors: 0 and 1 share a core, 0 to 7
/// are near the first node.
const auto two_nodes = "node:2 core:4 pu:2";

std::string plan(const processor_group& machine, affinity how,
                 std::size_t workers) {
  std::ostringstream result;
  for (auto processor : plan_workers(machine, how, workers))
    if (processor)
      result << *processor << ' ';
    else
      result << "- ";
  return result.str();
}

std::string plan(const std::string& machine, affinity how,
                 std::size_t workers) {
  return plan(synthetic_machine(machine), how, workers);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(cpu_quotas, kernel)

BOOST_AUTO_TEST_CASE(are_rounded_up_to_whole_processors) {
  unified("/app");
  for (auto [text, expected] :
       {std::pair{"150000 100000\n", 2}, std::pair{"50000 100000\n", 1},
        std::pair{"1000 1000000\n", 1}, std::pair{"200000 100000\n", 2},
        std::pair{"200001 100000\n", 3}, std::pair{"6400000 100000\n", 64}}) {
    write("cgroup/app/cpu.max", text);
    BOOST_TEST((quota() == count(expected)), text);
  }
}

BOOST_AUTO_TEST_CASE(are_none_where_the_kernel_says_max) {
  unified("/app");
  write("cgroup/app/cpu.max", "max 100000\n");
  BOOST_TEST(!quota());
}

BOOST_AUTO_TEST_CASE(of_the_groups_above_count_and_the_smallest_wins) {
  unified("/a/b/c");
  write("cgroup/a/b/c/cpu.max", "800000 100000\n");
  write("cgroup/a/b/cpu.max", "300000 100000\n");
  write("cgroup/a/cpu.max", "max 100000\n");
  BOOST_TEST((quota() == count(3)));
  write("cgroup/a/b/c/cpu.max", "250000 250000\n");
  BOOST_TEST((quota() == count(1)));
  write("cgroup/a/b/c/cpu.max", "max 100000\n");
  write("cgroup/cpu.max", "200000 100000\n");
  BOOST_TEST((quota() == count(2)));
}

BOOST_AUTO_TEST_CASE(of_groups_beside_do_not_count) {
  unified("/a/b");
  write("cgroup/a/b/c/cpu.max", "100000 100000\n");
  write("cgroup/a/other/cpu.max", "100000 100000\n");
  write("cgroup/b/cpu.max", "100000 100000\n");
  BOOST_TEST(!quota());
}

BOOST_AUTO_TEST_CASE(of_version_1_are_found) {
  own_groups("9:name=systemd:/\n3:cpuset:/set\n2:cpu,cpuacct:/app:1\n");
  mount("/", "set", "cgroup", "rw,cpuset");
  mount("/", "cpu,cpuacct", "cgroup", "rw,cpu,cpuacct");
  write("set/set/cpu.cfs_quota_us", "100000\n");
  write("set/set/cpu.cfs_period_us", "100000\n");
  BOOST_TEST(!quota());
  write("cpu,cpuacct/app:1/cpu.cfs_quota_us", "-1\n");
  write("cpu,cpuacct/app:1/cpu.cfs_period_us", "100000\n");
  BOOST_TEST(!quota());
  write("cpu,cpuacct/cpu.cfs_quota_us", "250000\n");
  write("cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  BOOST_TEST((quota() == count(3)));
}

BOOST_AUTO_TEST_CASE(of_both_versions_side_by_side_count) {
  own_groups("1:cpu:/one\n0::/two\n");
  mount("/", "cpu", "cgroup", "rw,cpu");
  mount("/", "unified", "cgroup2");
  write("cpu/one/cpu.cfs_quota_us", "300000\n");
  write("cpu/one/cpu.cfs_period_us", "100000\n");
  BOOST_TEST((quota() == count(3)));
  write("unified/two/cpu.max", "200000 100000\n");
  BOOST_TEST((quota() == count(2)));
}

BOOST_AUTO_TEST_CASE(are_read_below_the_group_that_a_container_has_mounted) {
  own_groups("0::/docker/f00/job\n");
  mount("/docker/f00", "cgroup", "cgroup2");
  write("cgroup/cpu.max", "400000 100000\n");
  write("cgroup/docker/f00/job/cpu.max", "100000 100000\n"); // somebody else's
  BOOST_TEST((quota() == count(4)));
  write("cgroup/job/cpu.max", "300000 100000\n");
  BOOST_TEST((quota() == count(3)));
}

BOOST_AUTO_TEST_CASE(of_groups_that_this_process_is_not_in_do_not_count) {
  for (const auto* group : {"0::/other\n", "0::/../outside\n", "0::/docker\n",
                            "0::/docker/f00bar\n", "1:memory:/docker/f00\n"}) {
    const kernel here;
    here.own_groups(group);
    here.mount("/docker/f00", "cgroup", "cgroup2");
    here.write("cgroup/cpu.max", "100000 100000\n");
    BOOST_TEST(!here.quota(), group);
  }
}

BOOST_AUTO_TEST_CASE(are_found_at_mount_points_with_blanks) {
  own_groups("0::/a b\n");
  mount("/a\\040b", "control\\040groups\\134x", "cgroup2");
  write("control groups\\x/cpu.max", "200000 100000\n");
  BOOST_TEST((quota() == count(2)));
}

BOOST_AUTO_TEST_CASE(are_ignored_when_garbled) {
  unified("/app");
  for (const auto* text :
       {"", "\n", "100000", "100000 0", "0 100000", "-100000 100000", "1e5 1e5",
        "100000us 100000", "100000 100000 100000", "0x10 1", "max", "max max",
        "99999999999999999999999 100000", "100000 -1", "\xff\xfe"}) {
    write("cgroup/app/cpu.max", text);
    BOOST_TEST(!quota(), text);
  }
  write("cgroup/cpu.max", "200000 100000\n");
  BOOST_TEST((quota() == count(2))); // though the one below is garbled
}

BOOST_AUTO_TEST_CASE(are_none_where_the_kernel_does_not_tell) {
  BOOST_TEST(!quota()); // no /proc
  own_groups("0::/app\n");
  BOOST_TEST(!quota()); // no mounts
  mount("/", "cgroup", "cgroup2");
  BOOST_TEST(!quota()); // not mounted there
  fs::create_directories(root / "cgroup/app/cpu.max");
  BOOST_TEST(!quota()); // a directory
  for (const auto* groups : {"", "0\n", "0:\n", ":::\n", "0::\n", "0::app\n"}) {
    own_groups(groups);
    BOOST_TEST(!quota(), groups);
  }
  own_groups("0::/app\n");
  for (const auto* mounts : {"", "\n", "1 2 3 4\n", "1 2 3 / /x rw cgroup2\n",
                             "1 2 3 / /x rw -\n", "- - - - - - - -\n"}) {
    write("proc/self/mountinfo", mounts);
    BOOST_TEST(!quota(), mounts);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(usable_processors_are, kernel)

BOOST_AUTO_TEST_CASE(those_of_the_affinity_mask) {
  const auto allowed = allowed_processors();
  BOOST_TEST_REQUIRE(!allowed.empty());
  BOOST_TEST(usable_processors(proc()) == allowed.size());
  std::thread{[&] {
    if (auto error = pin_this_thread(allowed.back()))
      BOOST_TEST_MESSAGE("not allowed to pin: " << error.message());
    else
      BOOST_TEST(usable_processors(proc()) == 1u);
  }}.join();
}

BOOST_AUTO_TEST_CASE(no_more_than_the_quota_can_keep_busy) {
  const auto allowed = allowed_processors().size();
  unified("/app");
  write("cgroup/app/cpu.max", "10000 100000\n");
  BOOST_TEST(usable_processors(proc()) == 1u);
  write("cgroup/app/cpu.max", "409600000 100000\n");
  BOOST_TEST(usable_processors(proc()) == allowed);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(affinities)

BOOST_AUTO_TEST_CASE(have_names) {
  for (auto value : {affinity::none, affinity::compact, affinity::scatter})
    BOOST_CHECK(parse_affinity(to_string(value)) == value);
  BOOST_TEST(to_string(affinity::scatter) == "scatter");
  BOOST_CHECK(!parse_affinity("Compact"));
  BOOST_CHECK(!parse_affinity(""));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(worker_plans)

BOOST_AUTO_TEST_CASE(pin_nobody_unless_told) {
  BOOST_TEST(plan(two_nodes, affinity::none, 3) == "- - - ");
  for (const auto& processor : plan_workers(affinity::none, 3))
    BOOST_TEST(!processor);
}

BOOST_AUTO_TEST_CASE(start_over_when_there_are_more_workers_than_processors) {
  for (auto how : {affinity::compact, affinity::scatter})
    BOOST_TEST(plan("pack:1 core:2 pu:1", how, 5) == "0 1 0 1 0 ");
}

BOOST_AUTO_TEST_CASE(
  that_are_compact_fill_the_cores_of_a_node_before_the_next) {
  BOOST_TEST(plan(two_nodes, affinity::compact, 4) == "0 2 4 6 ");
  BOOST_TEST(plan(two_nodes, affinity::compact, 8) == "0 2 4 6 8 10 12 14 ");
  BOOST_TEST(plan("pack:2 l3:2 core:2 pu:1", affinity::compact, 8)
             == "0 1 2 3 4 5 6 7 ");
}

BOOST_AUTO_TEST_CASE(that_scatter_take_nodes_in_turn) {
  BOOST_TEST(plan(two_nodes, affinity::scatter, 4) == "0 8 2 10 ");
  BOOST_TEST(plan(two_nodes, affinity::scatter, 8) == "0 8 2 10 4 12 6 14 ");
}

BOOST_AUTO_TEST_CASE(that_scatter_take_packages_then_caches_then_cores) {
  BOOST_TEST(plan("pack:2 l3:2 core:2 pu:1", affinity::scatter, 8)
             == "0 4 2 6 1 5 3 7 ");
}

BOOST_AUTO_TEST_CASE(use_every_core_before_a_second_processor_of_one) {
  BOOST_TEST(plan(two_nodes, affinity::compact, 16)
             == "0 2 4 6 8 10 12 14 1 3 5 7 9 11 13 15 ");
  BOOST_TEST(plan(two_nodes, affinity::scatter, 16)
             == "0 8 2 10 4 12 6 14 1 9 3 11 5 13 7 15 ");
}

BOOST_AUTO_TEST_CASE(use_the_numbers_of_the_operating_system) {
  const auto siblings_apart = "pack:1 core:4 pu:2(indexes=0,4,1,5,2,6,3,7)";
  BOOST_TEST(plan(siblings_apart, affinity::compact, 8) == "0 1 2 3 4 5 6 7 ");
}

BOOST_AUTO_TEST_CASE(use_allowed_processors_only) {
  const auto whole = synthetic_machine(two_nodes);
  // One core and a half of the first node, one of the second.
  const auto some = restricted(whole, {1, 2, 3, 12, 13});
  BOOST_TEST(plan(some, affinity::compact, 6) == "1 2 12 3 13 1 ");
  BOOST_TEST(plan(some, affinity::scatter, 6) == "1 12 2 13 3 1 ");
  const auto one_node = restricted(whole, {8, 9, 10, 11});
  for (auto how : {affinity::compact, affinity::scatter})
    BOOST_TEST(plan(one_node, how, 4) == "8 10 9 11 ");
  BOOST_TEST(plan(restricted(whole, {7, 99}), affinity::scatter, 2) == "7 7 ");
}

BOOST_AUTO_TEST_CASE(spread_over_parts_of_different_size) {
  const auto core = [](std::vector<processor_id> processors) {
    return processor_group{{}, std::move(processors)};
  };
  // A package with one cache, another with three.
  const processor_group first{{{{core({0}), core({1}), core({2})}, {}}}, {}};
  const processor_group second{
    {{{core({3})}, {}}, {{core({4})}, {}}, {{core({5, 6})}, {}}}, {}};
  const processor_group machine{{first, second}, {}};
  BOOST_TEST(plan(machine, affinity::scatter, 7) == "0 3 1 4 2 5 6 ");
  BOOST_TEST(plan(machine, affinity::compact, 7) == "0 1 2 3 4 5 6 ");
}

BOOST_AUTO_TEST_CASE(take_processors_of_unknown_cores_for_cores) {
  BOOST_TEST(plan("pu:3", affinity::compact, 4) == "0 1 2 0 ");
  BOOST_TEST(plan("pu:3", affinity::scatter, 4) == "0 1 2 0 ");
}

BOOST_AUTO_TEST_CASE(pin_nobody_on_an_unknown_machine) {
  const auto unknown = synthetic_machine("no such machine");
  BOOST_CHECK(unknown == processor_group{});
  BOOST_CHECK(restricted(synthetic_machine(two_nodes), {}) == unknown);
  for (auto how : {affinity::compact, affinity::scatter}) {
    BOOST_TEST(plan(unknown, how, 2) == "- - ");
    BOOST_TEST(plan(unknown, how, 0).empty());
  }
}

BOOST_AUTO_TEST_CASE(of_this_machine_use_every_allowed_processor_once) {
  const auto allowed = allowed_processors();
  for (auto how : {affinity::compact, affinity::scatter}) {
    std::vector<processor_id> used;
    for (auto processor : plan_workers(how, allowed.size())) {
      BOOST_TEST_REQUIRE(processor.has_value());
      used.push_back(*processor);
    }
    std::sort(used.begin(), used.end());
    BOOST_TEST(used == allowed, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(pinning)

BOOST_AUTO_TEST_CASE(leaves_a_thread_one_processor_and_other_threads_theirs) {
  const auto before = allowed_processors();
  for (auto processor : before)
    std::thread{[=] {
      if (auto error = pin_this_thread(processor)) {
        BOOST_TEST_MESSAGE("not allowed to pin: " << error.message());
        BOOST_TEST(allowed_processors() == before,
                   boost::test_tools::per_element());
      } else {
        BOOST_TEST(allowed_processors() == std::vector{processor},
                   boost::test_tools::per_element());
      }
    }}.join();
  BOOST_TEST(allowed_processors() == before, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(is_undone_by_binding_to_all_processors) {
  const auto before = allowed_processors();
  std::thread{[&] {
    pin_this_thread(before.front());
    bind_this_thread(before);
    BOOST_TEST(allowed_processors() == before,
               boost::test_tools::per_element());
  }}.join();
}

BOOST_AUTO_TEST_CASE(says_why_it_failed_and_changes_nothing) {
  const auto before = allowed_processors();
  for (processor_id none : {100'000u, 1'000'000u}) {
    const auto error = pin_this_thread(none);
    BOOST_TEST(bool{error});
    BOOST_TEST(!error.message().empty());
  }
  BOOST_TEST(bool{bind_this_thread({})});
  BOOST_TEST(allowed_processors() == before, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
