# Read by ctest, not by cmake: registers the top-level suites (and free test
# cases) of one Boost.Test program. A program that is missing, cannot be asked or
# has nothing to run becomes a failing test, so nothing is passed over silently.
function(axiom_test_suites name program)
  set(suites "")
  if(EXISTS "${program}")
    # One name a line; nested ones are indented, enabled ones end in an asterisk.
    execute_process(COMMAND "${program}" --list_content
      ERROR_VARIABLE content OUTPUT_QUIET RESULT_VARIABLE status TIMEOUT 60)
    if(status EQUAL 0)
      string(REGEX MATCHALL "(^|\n)[A-Za-z0-9_]+[*]" suites "${content}")
      string(REGEX REPLACE "[*\n]" "" suites "${suites}")
    endif()
  endif()
  if(NOT suites)
    add_test("${name}.has_suites" "${program}" --list_content=there-are-none)
    set_tests_properties("${name}.has_suites" PROPERTIES ${ARGN})
    return()
  endif()
  foreach(suite IN LISTS suites)
    add_test("${name}.${suite}" "${program}" "--run_test=${suite}"
      --log_level=test_suite --catch_system_errors=no --detect_memory_leaks=0 --color_output=no)
    set_tests_properties("${name}.${suite}" PROPERTIES ${ARGN})
  endforeach()
endfunction()
