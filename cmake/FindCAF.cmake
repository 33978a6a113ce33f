# Finds CAF, the C++ Actor Framework, in the release line that Axiom supports.
# (Debian's libcaf-dev ships neither a CMake configuration nor a .pc file.)
#
#   find_package(CAF COMPONENTS core [io] [openssl])
#
# Without COMPONENTS: core. Defines the imported targets CAF::core, CAF::io and
# CAF::openssl, each only if it is found and no such target is there yet, and
# sets CAF_FOUND, CAF_VERSION, CAF_<component>_FOUND. An installation elsewhere
# is named with CAF_ROOT (a variable of CMake or of the environment).

set(_caf_oldest 0.17.6)
set(_caf_beyond 0.18)
set(_caf_advice "Axiom needs ${_caf_oldest} <= CAF < ${_caf_beyond}: it is \
built on the actor internals of that release line. Debian 12 has it: apt-get \
install libcaf-dev. For an installation elsewhere, set CAF_ROOT.")

if(NOT CAF_FIND_COMPONENTS)
  set(CAF_FIND_COMPONENTS core)
  set(CAF_FIND_REQUIRED_core TRUE)
elseif(openssl IN_LIST CAF_FIND_COMPONENTS)
  list(PREPEND CAF_FIND_COMPONENTS core io)
  list(REMOVE_DUPLICATES CAF_FIND_COMPONENTS)
endif()

# A target that somebody else has defined decides which headers are meant.
set(_caf_hints "")
if(TARGET CAF::core)
  get_target_property(_caf_hints CAF::core INTERFACE_INCLUDE_DIRECTORIES)
  if(NOT _caf_hints)
    set(_caf_hints "")
  endif()
endif()

find_path(CAF_INCLUDE_DIR caf/config.hpp HINTS ${_caf_hints}
          DOC "Directory of caf/config.hpp")
mark_as_advanced(CAF_INCLUDE_DIR)

set(CAF_VERSION "")
set(_caf_reason "")
if(NOT CAF_INCLUDE_DIR)
  set(_caf_reason "caf/config.hpp was not found. ${_caf_advice}")
else()
  # CAF_VERSION is major * 10000 + minor * 100 + patch, up to 1.x.
  file(STRINGS "${CAF_INCLUDE_DIR}/caf/config.hpp" _caf_line
       REGEX "#[ ]*define[ ]+CAF_VERSION[ ]+[0-9]+")
  if(NOT _caf_line AND EXISTS
                       "${CAF_INCLUDE_DIR}/caf/detail/build_config.hpp")
    file(STRINGS "${CAF_INCLUDE_DIR}/caf/detail/build_config.hpp" _caf_line
         REGEX "#[ ]*define[ ]+CAF_VERSION[ ]+[0-9]+")
  endif()
  if(_caf_line MATCHES "CAF_VERSION[ ]+([0-9]+)")
    math(EXPR _caf_major "${CMAKE_MATCH_1} / 10000")
    math(EXPR _caf_minor "(${CMAKE_MATCH_1} / 100) % 100")
    math(EXPR _caf_patch "${CMAKE_MATCH_1} % 100")
    set(CAF_VERSION ${_caf_major}.${_caf_minor}.${_caf_patch})
    if(CAF_VERSION VERSION_LESS _caf_oldest)
      set(_caf_reason "CAF ${CAF_VERSION} in ${CAF_INCLUDE_DIR} is too old. \
${_caf_advice}")
    elseif(CAF_VERSION VERSION_GREATER_EQUAL _caf_beyond)
      set(_caf_reason "CAF ${CAF_VERSION} in ${CAF_INCLUDE_DIR} is too new. \
${_caf_advice}")
    endif()
  else()
    set(_caf_reason "${CAF_INCLUDE_DIR}/caf/config.hpp does not say which \
release of CAF it belongs to. ${_caf_advice}")
  endif()
endif()

if(NOT _caf_reason)
  find_package(Threads QUIET)
  set(_caf_header_core caf/actor_system.hpp)
  set(_caf_header_io caf/io/middleman.hpp)
  set(_caf_header_openssl caf/openssl/manager.hpp)
  foreach(_caf_component IN LISTS CAF_FIND_COMPONENTS)
    if(NOT DEFINED _caf_header_${_caf_component})
      string(APPEND _caf_reason "'${_caf_component}' is no component of CAF, \
which has core, io and openssl. ")
      continue()
    endif()
    if(TARGET CAF::${_caf_component})
      set(CAF_${_caf_component}_FOUND TRUE)
      continue()
    endif()
    string(TOUPPER ${_caf_component} _caf_upper)
    find_library(CAF_${_caf_upper}_LIBRARY caf_${_caf_component}
                 DOC "The library caf_${_caf_component}")
    mark_as_advanced(CAF_${_caf_upper}_LIBRARY)
    if(CAF_${_caf_upper}_LIBRARY
       AND EXISTS "${CAF_INCLUDE_DIR}/${_caf_header_${_caf_component}}")
      set(CAF_${_caf_component}_FOUND TRUE)
    else()
      set(CAF_${_caf_component}_FOUND FALSE)
      if(CAF_FIND_REQUIRED_${_caf_component})
        string(APPEND _caf_reason "CAF ${CAF_VERSION} in ${CAF_INCLUDE_DIR} \
lacks its component ${_caf_component} (the library caf_${_caf_component} or \
the header ${_caf_header_${_caf_component}}). ")
      endif()
    endif()
  endforeach()
endif()

include(FindPackageHandleStandardArgs)
if(_caf_reason)
  string(STRIP "${_caf_reason}" _caf_reason)
  # Cached results would hide an installation that is mended later.
  unset(CAF_INCLUDE_DIR CACHE)
  set(CAF_IN_SUPPORTED_RELEASE FALSE)
  find_package_handle_standard_args(CAF
    REQUIRED_VARS CAF_IN_SUPPORTED_RELEASE
    VERSION_VAR CAF_VERSION
    REASON_FAILURE_MESSAGE "${_caf_reason}")
else()
  find_package_handle_standard_args(CAF
    REQUIRED_VARS CAF_INCLUDE_DIR
    VERSION_VAR CAF_VERSION
    HANDLE_VERSION_RANGE
    HANDLE_COMPONENTS)
endif()

if(CAF_FOUND)
  set(_caf_needs_core Threads::Threads)
  set(_caf_needs_io CAF::core)
  set(_caf_needs_openssl CAF::io)
  foreach(_caf_component IN ITEMS core io openssl)
    if(CAF_${_caf_component}_FOUND AND NOT TARGET CAF::${_caf_component})
      string(TOUPPER ${_caf_component} _caf_upper)
      add_library(CAF::${_caf_component} UNKNOWN IMPORTED)
      set_target_properties(CAF::${_caf_component} PROPERTIES
        IMPORTED_LOCATION "${CAF_${_caf_upper}_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${CAF_INCLUDE_DIR}"
        INTERFACE_LINK_LIBRARIES "${_caf_needs_${_caf_component}}")
    endif()
  endforeach()
endif()
