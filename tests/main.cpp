// Part of Axiom, structured concurrency for CAF. BSD-3-Clause, see LICENSE.

// The main function of every test program. The definition that makes Boost.Test
// link dynamically comes from its CMake target.
#define BOOST_TEST_MODULE axiom

#include <boost/test/unit_test.hpp>
