// What a machine has for its processes, as its kernel says.

#include "axiom/resource/machine_resources.hpp"
#include "support/memory_kernel.hpp"
#include "support/monitored.hpp"

using namespace test;
using axiom::machine_resources;

namespace {

/// How much memory; nothing if it is not known.
std::optional<std::uint64_t> memory_of(const memory_kernel& kernel) {
  for (const auto& x : machine_resources(kernel.root()))
    if (x.kind() == axiom::resource_kind::memory)
      return x.amount();
  return std::nullopt;
}

} // namespace

BOOST_AUTO_TEST_SUITE(resources_of_the_machine)

BOOST_FIXTURE_TEST_CASE(are_those_of_the_control_group_first, memory_kernel) {
  host(4000, 3000);
  BOOST_CHECK(memory_of(*this) == 4000 * mebibyte);
  join("/app/worker");
  mount();
  limit("/app", 1000);
  use("/app", 900);
  BOOST_CHECK(memory_of(*this) == 1000 * mebibyte);
  limit("/app/worker", 500);
  use("/app/worker", 100);
  BOOST_CHECK(memory_of(*this) == 500 * mebibyte);
}

BOOST_FIXTURE_TEST_CASE(are_left_out_where_nobody_knows, memory_kernel) {
  BOOST_CHECK(!memory_of(*this));
  write("/proc/meminfo", "MemTotal: lots\n");
  BOOST_CHECK(!memory_of(*this));
}

BOOST_AUTO_TEST_CASE(have_cores) {
  auto found = false;
  for (const auto& x : machine_resources())
    if (x.kind() == axiom::resource_kind::cpu) {
      found = true;
      BOOST_TEST(x.amount() >= 1000u);
      BOOST_TEST(x.amount() % 1000 == 0u);
    }
  BOOST_TEST(found);
}

BOOST_FIXTURE_TEST_CASE(are_what_a_monitor_has_unless_told, monitored) {
  auto host = spawn({});
  BOOST_TEST(host.stats().resources.size() == machine_resources().size());
}

BOOST_AUTO_TEST_SUITE_END()
