#include "axiom/observe/printable.hpp"

#include <string>

#include <boost/test/unit_test.hpp>

using namespace axiom::observe;

BOOST_AUTO_TEST_SUITE(printable_text)

BOOST_AUTO_TEST_CASE(plain_text_and_utf8_stay_as_they_are) {
  BOOST_TEST(printable("a b/c.txt") == "a b/c.txt");
  BOOST_TEST(printable("Grüße, 世界 🙂") == "Grüße, 世界 🙂");
}

BOOST_AUTO_TEST_CASE(control_characters_cannot_reach_a_terminal) {
  BOOST_TEST(printable("a\nb\tc\rd\\e") == "a\\nb\\tc\\rd\\e");
  BOOST_TEST(printable("\x1b[31m\x7f\x01") == "\\x1b[31m\\x7f\\x01");
  // C1 controls hide in two bytes of UTF-8; some terminals obey them.
  BOOST_TEST(printable("\xC2\x9B" "31m") == "\\xc2\\x9b31m");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_not_utf8_are_shown_as_numbers) {
  BOOST_TEST(printable("\xff\xfe") == "\\xff\\xfe");
  BOOST_TEST(printable("\xc0\xaf") == "\\xc0\\xaf");         // overlong
  BOOST_TEST(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80"); // surrogate
  BOOST_TEST(printable("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");
  BOOST_TEST(printable("ends early \xe4\xb8") == "ends early \\xe4\\xb8");
}

BOOST_AUTO_TEST_CASE(doing_it_twice_changes_nothing) {
  const auto once = printable("a\nb\\c\xff");
  BOOST_TEST(printable(once) == once);
}

BOOST_AUTO_TEST_CASE(quoting_adds_quotes) {
  BOOST_TEST(in_quotes("a\nb") == "\"a\\nb\"");
}

BOOST_AUTO_TEST_CASE(truncation_never_cuts_a_character) {
  const std::string text = "aü世🙂"; // 1 + 2 + 3 + 4 bytes
  BOOST_TEST(truncate_utf8(text, 10) == text);
  BOOST_TEST(truncate_utf8(text, 9) == "aü世");
  BOOST_TEST(truncate_utf8(text, 6) == "aü世");
  BOOST_TEST(truncate_utf8(text, 5) == "aü");
  BOOST_TEST(truncate_utf8(text, 2) == "a");
  BOOST_TEST(truncate_utf8(text, 0) == "");
  BOOST_TEST(truncate_utf8("\xff\xff\xff", 2) == "\xff\xff");
}

BOOST_AUTO_TEST_SUITE_END()
