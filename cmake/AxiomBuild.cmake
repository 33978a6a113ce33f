# How everything in this source tree is compiled. Directory-wide settings, which
# reach neither a project that adds Axiom as a subdirectory nor one that finds it
# installed.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION
                                            VERSION_LESS 12)
  message(FATAL_ERROR "Axiom needs g++ 12 or later for its coroutines; "
    "${CMAKE_CXX_COMPILER} is ${CMAKE_CXX_COMPILER_VERSION}. Choose another "
    "compiler with -DCMAKE_CXX_COMPILER=...")
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION
                                                  VERSION_LESS 14)
  message(FATAL_ERROR "Axiom needs clang 14 or later for its coroutines; "
    "${CMAKE_CXX_COMPILER} is ${CMAKE_CXX_COMPILER_VERSION}. Choose another "
    "compiler with -DCMAKE_CXX_COMPILER=...")
endif()

if(PROJECT_IS_TOP_LEVEL)
  get_property(axiom_multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
  if(NOT CMAKE_BUILD_TYPE AND NOT axiom_multi_config)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Type of the build" FORCE)
    message(STATUS "No build type given: Release")
  endif()
  if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
    find_program(AXIOM_CCACHE ccache DOC "Compiler cache, used when present")
    mark_as_advanced(AXIOM_CCACHE)
    if(AXIOM_CCACHE)
      set(CMAKE_CXX_COMPILER_LAUNCHER "${AXIOM_CCACHE}")
    endif()
  endif()
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

# Our own headers are not SYSTEM here, those of all dependencies are (imported
# targets), so the warnings are about our code only.
add_compile_options(-Wall -Wextra -Wpedantic)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION
                                            VERSION_LESS 13)
  # At -O3 g++ 12 takes `"literal" + std::string` for an overlapping copy (GCC
  # bug 105651). The headers and the library avoid it; tests need not.
  add_compile_options(-Wno-restrict)
endif()
if(AXIOM_WERROR)
  add_compile_options(-Werror)
endif()

# __FILE__ and std::source_location name files as seen from the source tree.
add_compile_options("-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=")

# 1 without sanitizers; test time limits are multiplied by it.
set(AXIOM_TEST_TIME_FACTOR 1)
if(AXIOM_SANITIZE STREQUAL "address,undefined" OR AXIOM_SANITIZE STREQUAL
                                                  "thread")
  set(AXIOM_TEST_TIME_FACTOR 5)
  # UndefinedBehaviorSanitizer can only suppress what it could recover from, and
  # CAF's headers need that; the tests' environment makes it stop all the same.
  add_compile_options(-fsanitize=${AXIOM_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${AXIOM_SANITIZE})
elseif(AXIOM_SANITIZE)
  message(FATAL_ERROR "AXIOM_SANITIZE is '${AXIOM_SANITIZE}'; it can be "
    "'address,undefined', 'thread' or empty.")
endif()
