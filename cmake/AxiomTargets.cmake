# axiom_add_library(<name>
#   HEADERS <files below include/axiom> ...
#   SOURCES <files below actors> ...
#   PUBLIC <libraries that the headers need> ...
#   PRIVATE <libraries that only the sources need> ...)
#
# Defines the library axiom_<name> with its alias axiom::<name>. Without SOURCES
# it is a header-only library. Its headers form a file set: they are installed
# with it, and with CMAKE_VERIFY_INTERFACE_HEADER_SETS each is compiled alone.
# Every header and source of the tree has to be listed (tests/layers checks it).
function(axiom_add_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;SOURCES;PUBLIC;PRIVATE")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "axiom_add_library(${name}): what is "
      "'${arg_UNPARSED_ARGUMENTS}'? Expected HEADERS, SOURCES, PUBLIC, PRIVATE.")
  endif()
  set(target axiom_${name})
  list(TRANSFORM arg_HEADERS PREPEND "${PROJECT_SOURCE_DIR}/include/axiom/")
  list(TRANSFORM arg_SOURCES PREPEND "${PROJECT_SOURCE_DIR}/actors/")
  if(arg_SOURCES)
    set(scope PUBLIC)
    add_library(${target} ${arg_SOURCES})
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/actors")
    target_link_libraries(${target} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
    set_target_properties(${target} PROPERTIES
      POSITION_INDEPENDENT_CODE ON
      VERSION ${PROJECT_VERSION}
      SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  else()
    set(scope INTERFACE)
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE ${arg_PUBLIC} ${arg_PRIVATE})
  endif()
  target_sources(${target} ${scope}
    FILE_SET HEADERS
    BASE_DIRS "${PROJECT_SOURCE_DIR}/include"
    FILES ${arg_HEADERS})
  target_compile_features(${target} ${scope} cxx_std_20)
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  add_library(axiom::${name} ALIAS ${target})
  set_property(GLOBAL APPEND PROPERTY AXIOM_LIBRARIES ${name})
endfunction()
