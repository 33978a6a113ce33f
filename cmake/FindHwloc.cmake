# Finds hwloc, which knows the caches, cores and NUMA nodes of a machine.
# (Debian's libhwloc-dev ships no CMake configuration.)
#
#   find_package(Hwloc [version])
#
# Defines the imported target hwloc::hwloc, unless there is one already, and
# sets Hwloc_FOUND and Hwloc_VERSION: that of the interface, which hwloc.h
# names. An installation elsewhere is named with Hwloc_ROOT (a variable of
# CMake or of the environment).

find_path(Hwloc_INCLUDE_DIR hwloc.h DOC "Directory of hwloc.h")
find_library(Hwloc_LIBRARY hwloc DOC "The library hwloc")
mark_as_advanced(Hwloc_INCLUDE_DIR Hwloc_LIBRARY)

set(Hwloc_VERSION "")
if(Hwloc_INCLUDE_DIR)
  # HWLOC_API_VERSION is major * 65536 + minor * 256 + release.
  file(STRINGS "${Hwloc_INCLUDE_DIR}/hwloc.h" _hwloc_line
       REGEX "#[ ]*define[ ]+HWLOC_API_VERSION[ ]+0x[0-9a-fA-F]+")
  if(_hwloc_line MATCHES "HWLOC_API_VERSION[ ]+(0x[0-9a-fA-F]+)")
    math(EXPR _hwloc_major "${CMAKE_MATCH_1} >> 16")
    math(EXPR _hwloc_minor "(${CMAKE_MATCH_1} >> 8) & 0xff")
    math(EXPR _hwloc_release "${CMAKE_MATCH_1} & 0xff")
    set(Hwloc_VERSION ${_hwloc_major}.${_hwloc_minor}.${_hwloc_release})
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Hwloc
  REQUIRED_VARS Hwloc_LIBRARY Hwloc_INCLUDE_DIR
  VERSION_VAR Hwloc_VERSION
  HANDLE_VERSION_RANGE)

if(Hwloc_FOUND AND NOT TARGET hwloc::hwloc)
  add_library(hwloc::hwloc UNKNOWN IMPORTED)
  set_target_properties(hwloc::hwloc PROPERTIES
    IMPORTED_LOCATION "${Hwloc_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${Hwloc_INCLUDE_DIR}")
endif()
