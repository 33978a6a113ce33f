#pragma once

#include <string_view>

namespace axiom::tools {

/// Writes to standard output. Returns the exit status: failed, after saying
/// why, if that is not possible.
int print(std::string_view text);

/// Writes to standard error. There is nobody to tell if that fails.
void print_error(std::string_view text);

} // namespace axiom::tools
