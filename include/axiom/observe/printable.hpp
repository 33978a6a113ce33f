#pragma once

#include <string>
#include <string_view>

#include "axiom/error/printable.hpp"

namespace axiom::observe {

using axiom::printable;
using axiom::truncate_utf8;
using axiom::utf8_length;

/// `printable` in double quotes.
std::string in_quotes(std::string_view bytes);

} // namespace axiom::observe
