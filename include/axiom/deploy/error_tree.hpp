#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "axiom/error/failure.hpp"

namespace axiom::deploy {

/// Appends `label: what went wrong`, and below it, two columns further in, the
/// errors that it is made of: those of children that failed and those that
/// lost the race to be reported. Every line starts with `indent` blanks and
/// ends in a newline; nothing in it can control a terminal. There are at most
/// `limit` of the lines below, as in `to_string`, and then a count of what was
/// left out.
void append_error_tree(std::string& out, std::string_view label,
                       const failure& error, std::size_t indent = 0,
                       std::size_t limit = 100);

} // namespace axiom::deploy
