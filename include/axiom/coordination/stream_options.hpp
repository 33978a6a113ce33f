#pragma once

#include <cstdint>

#include "axiom/coordination/item_options.hpp"

namespace axiom {

/// In which order a stream gives its results.
enum class stream_order : std::uint8_t {
  items, ///< that of their items; one that is late holds up those behind it
  completion, ///< as they come
};

/// How `transform_stream` runs: as `item_options` says, and in which order.
struct stream_options {
  std::string_view name = "stream";
  axiom::failure_mode failure_mode = axiom::failure_mode::throw_on_first;
  stream_order order = stream_order::items;
  std::optional<task_priority> priority{};
  std::optional<runtime::duration> timeout{};
  std::optional<runtime::duration> grace{};
};

} // namespace axiom
