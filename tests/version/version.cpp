// Part of Axiom, structured concurrency for CAF. BSD-3-Clause, see LICENSE.

#include <axiom/version.hpp>

#include <caf/config.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(version)

BOOST_AUTO_TEST_CASE(linked_library_is_the_one_its_headers_describe) {
  BOOST_TEST(axiom::version()
             == std::to_string(axiom::version_major) + '.'
                  + std::to_string(axiom::version_minor) + '.'
                  + std::to_string(axiom::version_patch));
}

BOOST_AUTO_TEST_CASE(library_was_built_for_a_supported_release_of_caf) {
  static_assert(CAF_VERSION >= 1706 && CAF_VERSION < 1800);
  BOOST_TEST(axiom::caf_version().substr(0, 5) == "0.17.");
}

BOOST_AUTO_TEST_SUITE_END()
