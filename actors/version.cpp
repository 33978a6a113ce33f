// Part of Axiom, structured concurrency for CAF. BSD-3-Clause, see LICENSE.

#include <axiom/version.hpp>

#include <caf/config.hpp>

#include <string>

namespace axiom {

namespace {

std::string dotted(int major, int minor, int patch) {
  return std::to_string(major) + '.' + std::to_string(minor) + '.'
       + std::to_string(patch);
}

} // namespace

std::string_view version() noexcept {
  static const std::string result =
    dotted(version_major, version_minor, version_patch);
  return result;
}

std::string_view caf_version() noexcept {
  static const std::string result =
    dotted(CAF_MAJOR_VERSION, CAF_MINOR_VERSION, CAF_PATCH_VERSION);
  return result;
}

} // namespace axiom
