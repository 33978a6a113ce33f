# Installs the libraries, their headers and the CMake package `axiom`. Each
# library has an export set of its own: a user of axiom::core needs neither
# prometheus-cpp nor yaml-cpp.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(axiom_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/axiom")
get_property(axiom_libraries GLOBAL PROPERTY AXIOM_LIBRARIES)

foreach(name IN LISTS axiom_libraries)
  install(TARGETS axiom_${name} EXPORT axiom-${name}
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}"
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  install(EXPORT axiom-${name}
    FILE axiom-${name}-targets.cmake
    NAMESPACE axiom::
    DESTINATION "${axiom_package_dir}")
endforeach()

if(TARGET axiom_cli)
  install(TARGETS axiom_cli RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()

configure_package_config_file(
  "${CMAKE_CURRENT_LIST_DIR}/axiomConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/axiomConfig.cmake"
  INSTALL_DESTINATION "${axiom_package_dir}"
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/axiomConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/axiomConfig.cmake"
  "${PROJECT_BINARY_DIR}/axiomConfigVersion.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindCAF.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindHwloc.cmake"
  DESTINATION "${axiom_package_dir}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE"
  DESTINATION "${CMAKE_INSTALL_DOCDIR}")
