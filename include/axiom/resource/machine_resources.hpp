#pragma once

#include <filesystem>

#include "axiom/resource/resource_requirement.hpp"

namespace axiom {

/// What this process may use of the machine: memory up to the nearest limit of
/// its control groups, else all that the machine has; and processor cores, as
/// many as its affinity mask and CPU quota let it use. Memory is left out where
/// the kernel does not say how much there is.
///
/// Reads files of the kernel, below `root`.
resource_requirements machine_resources(
  const std::filesystem::path& root = "/");

} // namespace axiom
