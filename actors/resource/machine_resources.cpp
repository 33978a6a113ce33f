#include "axiom/resource/machine_resources.hpp"

#include <algorithm>
#include <optional>
#include <variant>

#include "axiom/resource/pressure/memory_files.hpp"
#include "axiom/runtime/topology.hpp"

namespace axiom {

resource_requirements machine_resources(const std::filesystem::path& root) {
  resource_requirements result;
  std::optional<std::uint64_t> bytes;
  for (const auto& sample : detail::memory_files{root}.read())
    if (const auto* use = std::get_if<detail::memory_use>(&sample.said))
      bytes = std::min(bytes.value_or(use->limit), use->limit);
  if (bytes && *bytes > 0)
    result.add(memory(*bytes));
  result.add(cpu(
    static_cast<double>(runtime::usable_processors((root / "proc").string()))));
  return result;
}

} // namespace axiom
