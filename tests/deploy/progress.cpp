#include "axiom/deploy/progress.hpp"

#include <string>

#include <boost/test/unit_test.hpp>

using namespace axiom::deploy;
using namespace std::chrono_literals;

namespace {

progress_snapshot snapshot(std::uint64_t found, std::uint64_t done,
                           bool discovering, std::uint64_t failed = 0) {
  return {found, done, failed, done * 1000, discovering};
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(progress)

BOOST_AUTO_TEST_CASE(counts_never_show_more_done_than_found) {
  progress_counters counters;
  counters.add_bytes(5);
  counters.add_done();
  counters.add_failed();
  const auto now = counters.read();
  BOOST_TEST(now.done == 2u);
  BOOST_TEST(now.failed == 1u);
  BOOST_TEST(now.found == 2u);
  BOOST_TEST(now.bytes == 5u);
  BOOST_TEST(now.discovering);
  counters.end_discovery();
  BOOST_TEST(!counters.read().discovering);
}

BOOST_AUTO_TEST_CASE(no_share_and_no_time_left_while_the_total_is_unknown) {
  progress_text text{"files"};
  text.update(snapshot(1000, 10, true), 1s);
  BOOST_TEST(contains(text.bar(120), "10 of 1,000+ files"));
  BOOST_TEST(contains(text.bar(120), "discovering"));
  BOOST_TEST(!contains(text.bar(120), "%"));
  BOOST_TEST(!contains(text.bar(120), "ETA"));
}

BOOST_AUTO_TEST_CASE(time_left_follows_from_the_rate) {
  progress_text text{"files"};
  text.update(snapshot(1000, 100, false), 1s);
  BOOST_TEST(text.bar(120)
             == "[####------------------------------------]  100 of 1,000 "
                "files  10%  ETA 0:09  100/s  100.0 kB");
  // A steady rate stays what it is, however often it is asked for.
  for (int i = 1; i <= 50; ++i)
    text.update(snapshot(1000, 100 + static_cast<std::uint64_t>(i) * 10, false),
                1s + i * 100ms);
  BOOST_TEST(contains(text.bar(120), "ETA 0:04"));
  BOOST_TEST(contains(text.bar(120), "100/s"));
}

BOOST_AUTO_TEST_CASE(the_bar_fits_any_width) {
  progress_text text{"files"};
  text.update(snapshot(123'456, 12'345, false, 7), 90s);
  for (std::size_t width = 0; width < 200; ++width) {
    const auto bar = text.bar(width);
    BOOST_TEST(bar.size() <= width);
    for (char c : bar)
      BOOST_TEST((c >= ' ' && c <= '~'));
  }
  BOOST_TEST(contains(text.bar(60), "12,345 of 123,456 files, 7 failed"));
}

BOOST_AUTO_TEST_CASE(nothing_found_is_not_a_division_by_zero) {
  progress_text text{"files"};
  text.update(snapshot(0, 0, false), 0s);
  BOOST_TEST(contains(text.bar(80), "0 of 0 files"));
  BOOST_TEST(contains(text.line(), "0 of 0 files"));
  BOOST_TEST(contains(text.total(), "0 of 0 files"));
}

BOOST_AUTO_TEST_CASE(numbers_are_written_for_people) {
  BOOST_TEST(grouped(0) == "0");
  BOOST_TEST(grouped(999) == "999");
  BOOST_TEST(grouped(1000) == "1,000");
  BOOST_TEST(grouped(1234567) == "1,234,567");
  BOOST_TEST(human_bytes(999) == "999 B");
  BOOST_TEST(human_bytes(1000) == "1.0 kB");
  BOOST_TEST(human_bytes(999'999) == "1.0 MB");
  BOOST_TEST(human_bytes(253'450'303) == "253.5 MB");
  BOOST_TEST(human_duration(4us) == "4.0 us");
  BOOST_TEST(human_duration(40ms) == "40.0 ms");
  BOOST_TEST(human_duration(420ms) == "0.42 s");
  BOOST_TEST(human_duration(65s) == "1:05");
  BOOST_TEST(human_duration(2h + 3min + 9s) == "2:03:09");
}

BOOST_AUTO_TEST_SUITE_END()
