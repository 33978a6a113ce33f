# Finds what the chosen parts need, and says what to install when it is missing.

# A macro, since imported targets live in the directory that finds them.
macro(axiom_require what package)
  find_package(${ARGN} QUIET)
  if(NOT ${ARGV2}_FOUND)
    message(FATAL_ERROR "${what} is missing. On Debian: apt-get install "
      "${package} (scripts/setup does it). ${${ARGV2}_NOT_FOUND_MESSAGE}")
  endif()
endmacro()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(CAF REQUIRED COMPONENTS core)
axiom_require("Boost (headers)" libboost-dev Boost 1.74 CONFIG)
axiom_require("tl::expected" libexpected-dev tl-expected 1.0 CONFIG)
axiom_require("hwloc" libhwloc-dev Hwloc 2.5)
if(AXIOM_SANITIZE STREQUAL "thread" AND NOT CAF_ROOT)
  message(WARNING "ThreadSanitizer takes messages between actors for data races "
    "unless CAF is built with it too: see scripts/tsan-caf, and set CAF_ROOT.")
endif()

if(AXIOM_BUILD_DEPLOY AND NOT AXIOM_BUILD_OBSERVE)
  message(FATAL_ERROR "AXIOM_BUILD_DEPLOY needs AXIOM_BUILD_OBSERVE.")
endif()
if(AXIOM_BUILD_TOOLS AND NOT AXIOM_BUILD_DEPLOY)
  message(FATAL_ERROR "AXIOM_BUILD_TOOLS needs AXIOM_BUILD_DEPLOY.")
endif()

if(AXIOM_BUILD_OBSERVE)
  # Debian's configuration of prometheus-cpp also finds civetweb, both the
  # library in C and the wrapper in C++ that declares CivetServer.
  axiom_require("prometheus-cpp" prometheus-cpp-dev prometheus-cpp CONFIG)
  if(NOT TARGET civetweb::civetweb-cpp)
    axiom_require("civetweb with its C++ wrapper" libcivetweb-dev civetweb
                  CONFIG)
  endif()
endif()

if(AXIOM_BUILD_DEPLOY)
  axiom_require("yaml-cpp" libyaml-cpp-dev yaml-cpp 0.7 CONFIG)
  axiom_require("OpenSSL" libssl-dev OpenSSL 3.0 COMPONENTS Crypto)
endif()

if(AXIOM_BUILD_DEPLOY OR AXIOM_BUILD_BENCH)
  axiom_require("fmt" libfmt-dev fmt 9 CONFIG)
endif()

if(AXIOM_BUILD_TOOLS OR AXIOM_BUILD_BENCH)
  axiom_require("CLI11" libcli11-dev CLI11 CONFIG)
endif()

if(AXIOM_BUILD_TESTS)
  set(Boost_USE_STATIC_LIBS OFF)
  axiom_require("Boost.Test" libboost-test-dev Boost 1.74 CONFIG
                COMPONENTS unit_test_framework)
  axiom_require("RapidCheck" librapidcheck-dev rapidcheck CONFIG)
  find_package(CAF QUIET REQUIRED COMPONENTS core OPTIONAL_COMPONENTS io)
  if(NOT AXIOM_SANITIZE)
    find_path(AXIOM_RELACY_INCLUDE_DIR relacy/relacy.hpp
              DOC "The model checker Relacy: headers only")
    mark_as_advanced(AXIOM_RELACY_INCLUDE_DIR)
    if(NOT AXIOM_RELACY_INCLUDE_DIR)
      message(FATAL_ERROR "Relacy is missing. On Debian: apt-get install "
        "relacy-dev (scripts/setup does it).")
    endif()
  endif()
endif()

if(AXIOM_BUILD_BENCH)
  axiom_require("Google Benchmark" libbenchmark-dev benchmark CONFIG)
endif()
