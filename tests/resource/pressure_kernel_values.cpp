// What the kernel's files about memory say: the values of texts that are whole,
// and what is wrong with all others.

#include "axiom/resource/pressure/kernel_values.hpp"

#include <limits>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

using namespace axiom::detail;

namespace {

constexpr auto most = std::numeric_limits<std::uint64_t>::max();

/// A text and a part of what is said to be wrong with it.
struct wrong_text {
  std::string text;
  std::string what;
};

template <class T>
void all_are_refused(parsed<T> (*parse)(std::string_view),
                     const std::vector<wrong_text>& texts) {
  for (const auto& x : texts) {
    const auto result = parse(x.text);
    BOOST_TEST_CONTEXT("of " << x.text.substr(0, 200)) {
      BOOST_TEST(!result);
      if (!result)
        BOOST_TEST(result.error().find(x.what) != std::string::npos,
                   result.error());
    }
  }
}

/// What is no number of bytes in a line of its own.
const std::vector<wrong_text> no_bytes{
  {"", "empty"},
  {"123", "cut short"},
  {"\n", "'' is no number"},
  {"-1\n", "'-1' is no number"},
  {"+1\n", "'+1' is no number"},
  {" 1\n", "' 1' is no number"},
  {"1 \n", "'1 ' is no number"},
  {"0x10\n", "is no number"},
  {"1.5\n", "is no number"},
  {"1e3\n", "is no number"},
  {"12\n34\n", "more than one line"},
  {"12\n\n", "more than one line"},
  {"18446744073709551616\n", "too large"},
  {std::string(5000, '9') + "\n", "too large"},
  {"12\r\n", "'12?' is no number"},
  {std::string("12\0\n", 4), "'12?' is no number"},
  {std::string("1\0002\n", 4), "is no number"},
  {"MAX\n", "is no number"},
  {"maximum\n", "is no number"},
};

const std::string stalls = "some avg10=12.34 avg60=0.50 avg300=0.00 total=77\n"
                           "full avg10=0.05 avg60=0.00 avg300=0.00 total=5\n";

const std::string events = "low 0\nhigh 1\nmax 2\noom 3\noom_kill 4\n"
                           "oom_group_kill 9\n";

const std::string meminfo = "MemTotal:       16 kB\nMemFree:  1 kB\n"
                            "MemAvailable:    4 kB\nHugePages_Total:   0\n"
                            "DirectMap4k:  1 kB\n";

std::string with(std::string text, const std::string& old,
                 const std::string& fresh) {
  const auto where = text.find(old);
  BOOST_REQUIRE(where != std::string::npos);
  return text.replace(where, old.size(), fresh);
}

} // namespace

BOOST_AUTO_TEST_SUITE(kernel_values)

BOOST_AUTO_TEST_CASE(a_number_of_bytes) {
  BOOST_TEST(parse_bytes("0\n").value() == 0u);
  BOOST_TEST(parse_bytes("007\n").value() == 7u);
  BOOST_TEST(parse_bytes("18446744073709551615\n").value() == most);
}

BOOST_AUTO_TEST_CASE(no_number_of_bytes) {
  all_are_refused(parse_bytes, no_bytes);
  all_are_refused(parse_bytes, {{"max\n", "'max' is no number"}});
}

BOOST_AUTO_TEST_CASE(a_limit) {
  BOOST_TEST(*parse_byte_limit("4096\n").value() == 4096u);
  BOOST_TEST(*parse_byte_limit("0\n").value() == 0u);
  BOOST_TEST(parse_byte_limit("max\n").has_value());
  BOOST_TEST(!parse_byte_limit("max\n").value());
}

BOOST_AUTO_TEST_CASE(no_limit) {
  all_are_refused(parse_byte_limit, no_bytes);
  all_are_refused(parse_byte_limit,
                  {{"max", "cut short"}, {"max\nmax\n", "more than one line"}});
}

BOOST_AUTO_TEST_CASE(counts_of_events) {
  BOOST_TEST(
    (parse_memory_events(events).value() == memory_events{1, 2, 3, 4}));
  BOOST_TEST((parse_memory_events("oom_kill 1\nfuture a b c\noom 2\nmax 3\n"
                                  "high 18446744073709551615\n")
                .value()
              == memory_events{most, 3, 2, 1}));
}

BOOST_AUTO_TEST_CASE(no_counts_of_events) {
  all_are_refused(
    parse_memory_events,
    {{"", "empty"},
     {events.substr(0, events.size() - 1), "cut short"},
     {with(events, "oom 3\n", ""), "has no 'oom'"},
     {with(events, "high 1\n", ""), "has no 'high'"},
     {with(events, "max 2", "max"), "'max': '' is no number"},
     {with(events, "max 2", "max -2"), "'max': '-2' is no number"},
     {with(events, "max 2", "max 2 3"), "is not one number"},
     {with(events, "max 2", "max 2\nmax 2"), "has 'max' twice"},
     {with(events, "oom 3", "oom 18446744073709551616"), "too large"},
     {with(events, "oom 3", "oom\t3"), "has no 'oom'"}});
}

BOOST_AUTO_TEST_CASE(the_inactive_part_of_the_file_cache) {
  BOOST_TEST(parse_inactive_file("anon 1\ninactive_file 4096\nslab 2\n").value()
             == 4096u);
  all_are_refused(parse_inactive_file,
                  {{"anon 1\n", "has no 'inactive_file'"},
                   {"inactive_file\n", "is no number"},
                   {"inactive_file 12", "cut short"},
                   {"inactive_file 1\ninactive_file 1\n", "twice"}});
}

BOOST_AUTO_TEST_CASE(the_time_lost_to_stalls) {
  const auto x = parse_stall_times(stalls).value();
  BOOST_TEST(x.some == 0.1234);
  BOOST_TEST(x.full == 0.0005);
  BOOST_TEST(x.some_total == 77u);
  BOOST_TEST(x.full_total == 5u);
  const auto all = parse_stall_times("future 1\n"
                                     "full total=1 new=x avg10=100.00\n"
                                     "some total=2 avg10=100.00\n")
                     .value();
  BOOST_TEST((all == stall_times{1, 1, 2, 1}));
}

BOOST_AUTO_TEST_CASE(no_time_lost_to_stalls) {
  const std::string some = stalls.substr(0, stalls.find('\n') + 1);
  all_are_refused(
    parse_stall_times,
    {{"", "empty"},
     {stalls.substr(0, stalls.size() - 1), "cut short"},
     {some, "has no line 'full'"},
     {with(stalls, some, ""), "has no line 'some'"},
     {stalls + some, "has two lines 'some'"},
     {with(stalls, "avg10=12.34 ", ""), "without 'avg10'"},
     {with(stalls, "total=77", ""), "without 'total'"},
     {with(stalls, "12.34", "12.3"), "no percentage"},
     {with(stalls, "12.34", "12,34"), "no percentage"},
     {with(stalls, "12.34", "-2.34"), "no percentage"},
     {with(stalls, "12.34", "nan"), "no percentage"},
     {with(stalls, "12.34", ".34"), "no percentage"},
     {with(stalls, "12.34", ""), "no percentage"},
     {with(stalls, "12.34", "100.01"), "more than 100 percent"},
     {with(stalls, "12.34", "99999999999999999999.00"), "no percentage"},
     {with(stalls, "avg10=12.34", "avg10"), "no percentage"},
     {with(stalls, "total=77", "total=-1"), "is no number"},
     {with(stalls, "total=77", "total=18446744073709551616"), "too large"},
     {with(stalls, "total=77", "total=1 total=2"), "twice in a line"}});
}

BOOST_AUTO_TEST_CASE(the_memory_of_the_machine) {
  BOOST_TEST((parse_meminfo(meminfo).value() == host_memory{16384, 4096}));
  BOOST_TEST((parse_meminfo("MemAvailable: 0 kB\nMemTotal: 18014398509481983 "
                            "kB\n")
                .value()
              == host_memory{most - 1023, 0}));
}

BOOST_AUTO_TEST_CASE(no_memory_of_a_machine) {
  all_are_refused(
    parse_meminfo,
    {{"", "empty"},
     {meminfo.substr(0, meminfo.size() - 1), "cut short"},
     {with(meminfo, "MemAvailable:    4 kB\n", ""), "has no 'MemAvailable:'"},
     {with(meminfo, "MemTotal:       16 kB\n", ""), "has no 'MemTotal:'"},
     {with(meminfo, "16 kB", "0 kB"), "'MemTotal:' is 0"},
     {with(meminfo, "16 kB", "3 kB"), "more than 'MemTotal:'"},
     {with(meminfo, "16 kB", "16 MB"), "not one number of kB"},
     {with(meminfo, "16 kB", "16"), "not one number of kB"},
     {with(meminfo, "16 kB", "16 kB kB"), "not one number of kB"},
     {with(meminfo, "16 kB", "-16 kB"), "'-16' is no number"},
     {with(meminfo, "16 kB", "18014398509481984 kB"), "too many bytes"},
     {with(meminfo, "16 kB", "18446744073709551616 kB"), "too large"},
     {meminfo + meminfo, "twice"}});
}

// Whatever is in a file: an answer, and no other than with the text whole.
BOOST_AUTO_TEST_CASE(a_text_cut_short_is_never_another_value) {
  for (const auto& text : {stalls, events, meminfo})
    for (std::size_t n = 0; n < text.size(); ++n) {
      const auto part = std::string_view{text}.substr(0, n);
      if (const auto x = parse_stall_times(part))
        BOOST_TEST((*x == parse_stall_times(stalls).value()));
      if (const auto x = parse_memory_events(part))
        BOOST_TEST((*x == parse_memory_events(events).value()));
      if (const auto x = parse_meminfo(part))
        BOOST_TEST((*x == parse_meminfo(meminfo).value()));
    }
}

RC_BOOST_PROP(any_bytes_are_taken_or_refused, (const std::string& text)) {
  static_cast<void>(parse_bytes(text));
  static_cast<void>(parse_byte_limit(text));
  static_cast<void>(parse_memory_events(text));
  static_cast<void>(parse_inactive_file(text));
  static_cast<void>(parse_meminfo(text));
  if (const auto x = parse_stall_times(text))
    RC_ASSERT(x->some <= 1 && x->full <= 1);
}

RC_BOOST_PROP(one_byte_changed_gives_no_value_out_of_range, ()) {
  auto text = *rc::gen::element(stalls, events, meminfo);
  const auto where = *rc::gen::inRange<std::size_t>(0, text.size());
  text[where] = *rc::gen::arbitrary<char>();
  if (const auto x = parse_stall_times(text))
    RC_ASSERT(x->some >= 0 && x->some <= 1 && x->full >= 0 && x->full <= 1);
  if (const auto x = parse_meminfo(text))
    RC_ASSERT(x->total > 0 && x->available <= x->total);
  static_cast<void>(parse_memory_events(text));
}

BOOST_AUTO_TEST_SUITE_END()
