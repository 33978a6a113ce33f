#include "axiom/deploy/scalar.hpp"

#include <chrono>
#include <limits>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

using namespace axiom::deploy;
using namespace std::chrono_literals;

namespace {

bool reads_duration(std::string_view text, std::chrono::nanoseconds value) {
  const auto result = parse_duration(text);
  return result && *result == value;
}

bool reads_bytes(std::string_view text, std::uint64_t value) {
  const auto result = parse_bytes(text);
  return result && *result == value;
}

} // namespace

BOOST_AUTO_TEST_SUITE(scalar_values)

BOOST_AUTO_TEST_CASE(integers_are_decimal_and_nothing_else) {
  BOOST_CHECK(parse_integer("0") == 0);
  BOOST_CHECK(parse_integer("-7") == -7);
  BOOST_CHECK(parse_integer("9223372036854775807")
              == std::numeric_limits<std::int64_t>::max());
  BOOST_CHECK(parse_integer("-9223372036854775808")
              == std::numeric_limits<std::int64_t>::min());
  for (const auto* text :
       {"", "-", "010", "-0", "+1", "1 ", " 1", "0x10", "1e3", "1.0", "1_000",
        "9223372036854775808", "one", "٣"})
    BOOST_CHECK_MESSAGE(!parse_integer(text), text);
}

BOOST_AUTO_TEST_CASE(durations_need_a_unit) {
  BOOST_CHECK(reads_duration("250ms", 250ms));
  BOOST_CHECK(reads_duration("2s", 2s));
  BOOST_CHECK(reads_duration("1.5s", 1500ms));
  BOOST_CHECK(reads_duration("1.50s", 1500ms));
  BOOST_CHECK(reads_duration("0.25us", 250ns));
  BOOST_CHECK(reads_duration("1m30s", 90s));
  BOOST_CHECK(reads_duration("1d2h3m4s5ms6us7ns",
                             26h + 3min + 4s + 5ms + 6us + 7ns));
  BOOST_CHECK(reads_duration("0s", 0s));
  for (const auto* text :
       {"", "5", "ms", "-1s", "1 s", "1s ", "1S", "1sec", "30s1m", "1s1s",
        "0.1ns", "1.s", ".5s", "01s", "1,5s", "300000d", "1e3s"})
    BOOST_CHECK_MESSAGE(!parse_duration(text), text);
}

BOOST_AUTO_TEST_CASE(bytes_need_a_unit) {
  BOOST_CHECK(reads_bytes("0B", 0));
  BOOST_CHECK(reads_bytes("64MiB", 64u << 20));
  BOOST_CHECK(reads_bytes("1.5KiB", 1536));
  BOOST_CHECK(reads_bytes("1.25MB", 1'250'000));
  BOOST_CHECK(reads_bytes("2GB", 2'000'000'000));
  BOOST_CHECK(reads_bytes("16777215TiB", 16777215ull << 40));
  for (const auto* text : {"", "64", "MiB", "-1B", "1.5B", "64 MiB", "64mb",
                           "64M", "1KiB1B", "16777216TiB", "0.3KiB"})
    BOOST_CHECK_MESSAGE(!parse_bytes(text), text);
}

BOOST_AUTO_TEST_CASE(addresses_are_numbers_and_a_port) {
  BOOST_CHECK((parse_address("127.0.0.1:9464")
               == endpoint_address{"127.0.0.1", 9464}));
  BOOST_CHECK((parse_address("[::1]:0") == endpoint_address{"::1", 0}));
  BOOST_CHECK((parse_address("localhost:65535")
               == endpoint_address{"localhost", 65535}));
  for (const auto* text :
       {"", "9464", ":9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
        "127.0.0.1:-1", "127.0.0.1:08", "::1:9464", "[::1]", "example.org:80",
        "127.0.0:1", "[127.0.0.1]:1", "256.0.0.1:1"})
    BOOST_CHECK_MESSAGE(!parse_address(text), text);
  BOOST_TEST(to_string(endpoint_address{"::1", 80}) == "[::1]:80");
  BOOST_TEST(to_string(endpoint_address{"10.0.0.1", 80}) == "10.0.0.1:80");
}

BOOST_AUTO_TEST_CASE(suggestions_are_close_or_absent) {
  const std::vector<std::string> names{"version", "system", "metrics",
                                       "tasks"};
  BOOST_CHECK(closest("taks", names) == "tasks");
  BOOST_CHECK(closest("task", names) == "tasks");
  BOOST_CHECK(closest("Metrics", names) == "metrics");
  BOOST_CHECK(closest("verison", names) == "version");
  BOOST_CHECK(!closest("limiters", names));
  BOOST_CHECK(!closest("", names));
  BOOST_CHECK(!closest("x", {}));
}

BOOST_AUTO_TEST_SUITE_END()
