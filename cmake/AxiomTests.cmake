# What the tests are built and registered with.

# The shared main function of all test programs.
add_library(axiom_test_main OBJECT "${PROJECT_SOURCE_DIR}/tests/main.cpp")
target_link_libraries(axiom_test_main PUBLIC Boost::unit_test_framework)

# Sanitizers stop at the first finding, with the stacks of both sides. (Quoted,
# for a path with a space.)
set(AXIOM_TEST_ENVIRONMENT
  "ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1"
  "LSAN_OPTIONS=print_suppressions=0:suppressions='${PROJECT_SOURCE_DIR}/tests/lsan.supp'"
  "UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1:suppressions='${PROJECT_SOURCE_DIR}/tests/ubsan.supp'"
  "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:suppressions='${PROJECT_SOURCE_DIR}/tests/tsan.supp'")

# axiom_add_test(<name> SOURCES <files> ... [LIBS <libraries> ...]
#                [LABELS <labels> ...] [TIMEOUT <seconds>] [ALONE])
#
# One Boost.Test program, test_<name>. ctest asks it for its top-level suites and
# runs each as a test <name>.<suite>, so that a new suite needs no entry here.
# LIBS default to axiom::core and axiom::testing. TIMEOUT is for one suite (120,
# more under sanitizers). ALONE: no other test runs beside (for measurements).
# The label is <name>, plus LABELS.
function(axiom_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "ALONE" "TIMEOUT"
                        "SOURCES;LIBS;LABELS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "axiom_add_test(${name}): what is "
      "'${arg_UNPARSED_ARGUMENTS}'?")
  endif()
  if(NOT arg_LIBS)
    set(arg_LIBS axiom::core axiom::testing)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * ${AXIOM_TEST_TIME_FACTOR}")
  add_executable(test_${name} ${arg_SOURCES})
  target_link_libraries(test_${name} PRIVATE ${arg_LIBS} axiom_test_main)
  target_include_directories(test_${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  # Escaped once for the list in the generated call.
  string(REPLACE ";" "\\;" labels "${name};${arg_LABELS}")
  string(REPLACE ";" "\\;" environment "${AXIOM_TEST_ENVIRONMENT}")
  set(script "${CMAKE_CURRENT_BINARY_DIR}/test_${name}_suites.cmake")
  file(GENERATE OUTPUT "${script}" CONTENT
"include([==[${PROJECT_SOURCE_DIR}/cmake/AxiomTestSuites.cmake]==])
axiom_test_suites([==[${name}]==] [==[$<TARGET_FILE:test_${name}>]==]
  LABELS \"${labels}\" TIMEOUT ${arg_TIMEOUT} RUN_SERIAL ${arg_ALONE}
  ENVIRONMENT \"${environment}\")
")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${script}")
endfunction()

# axiom_add_bats_test(<name> FILE <file.bats> [LABELS <labels> ...]
#                     [TIMEOUT <seconds>])
#
# One file of shell-level tests, run by bats as the test <name>. It finds the
# command in $AXIOM and the source tree in $AXIOM_SOURCE_DIR.
function(axiom_add_bats_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "FILE;TIMEOUT" "LABELS")
  find_program(AXIOM_BATS bats DOC "Shell-level tests")
  mark_as_advanced(AXIOM_BATS)
  if(NOT AXIOM_BATS)
    message(FATAL_ERROR "bats is missing. On Debian: apt-get install bats "
      "(scripts/setup does it).")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * ${AXIOM_TEST_TIME_FACTOR}")
  add_test(NAME ${name}
    COMMAND "${AXIOM_BATS}" "${CMAKE_CURRENT_SOURCE_DIR}/${arg_FILE}")
  set(environment ${AXIOM_TEST_ENVIRONMENT}
                  "AXIOM_SOURCE_DIR=${PROJECT_SOURCE_DIR}")
  if(TARGET axiom_cli)
    list(APPEND environment "AXIOM=$<TARGET_FILE:axiom_cli>")
  endif()
  set_tests_properties(${name} PROPERTIES
    LABELS "${name};${arg_LABELS}"
    TIMEOUT ${arg_TIMEOUT}
    ENVIRONMENT "${environment}")
endfunction()
