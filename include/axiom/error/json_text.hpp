#pragma once

#include <string>
#include <string_view>

#include "axiom/task/reference.hpp"

namespace axiom {

/// Appends `bytes` as a JSON string with its quotes, valid whatever they are:
/// what is not UTF-8 becomes U+FFFD.
void append_json(std::string& out, std::string_view bytes);

/// A point in time as ISO 8601 has it, in UTC, to the millisecond:
/// 2026-02-03T04:05:06.789Z.
std::string iso_8601(timestamp at);

} // namespace axiom
