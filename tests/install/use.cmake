# Configures, builds and runs the consumer project in SOURCE.
#
# AXIOM_BUILD, PREFIX: first install that build of Axiom there, and let the
# consumer find it. AXIOM_SOURCE: let the consumer add this source tree.

function(run what)
  message(STATUS "${what}")
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status
    OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${what} failed (${status}): ${command}\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE "${BUILD}")
set(arguments -S "${SOURCE}" -B "${BUILD}" -G "${GENERATOR}"
  "-DCMAKE_BUILD_TYPE=${CONFIG}" "-DCMAKE_CXX_COMPILER=${COMPILER}"
  # The consumer's own headers and ours, without a warning.
  "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Werror")
if(SANITIZE)
  list(APPEND arguments
    "-DCMAKE_CXX_FLAGS=-fsanitize=${SANITIZE}")
endif()
if(CAF)
  list(APPEND arguments "-DCAF_ROOT=${CAF}")
endif()
if(PREFIX)
  file(REMOVE_RECURSE "${PREFIX}")
  run("Installing Axiom" "${CMAKE_COMMAND}" --install "${AXIOM_BUILD}"
    --config "${CONFIG}" --prefix "${PREFIX}")
  list(APPEND arguments "-DCMAKE_PREFIX_PATH=${PREFIX}")
else()
  list(APPEND arguments "-DAXIOM_SOURCE=${AXIOM_SOURCE}")
endif()
find_program(ccache ccache)
if(ccache)
  list(APPEND arguments "-DCMAKE_CXX_COMPILER_LAUNCHER=${ccache}")
endif()
run("Configuring the consumer" "${CMAKE_COMMAND}" ${arguments})
run("Building the consumer" "${CMAKE_COMMAND}" --build "${BUILD}" --config
  "${CONFIG}")
run("Running the consumer" "${CMAKE_COMMAND}" --build "${BUILD}" --config
  "${CONFIG}" --target run)
