#pragma once

#include <string_view>

namespace axiom::tools {

/// Makes sure that descriptors 0, 1 and 2 are taken: where the caller closed
/// one, the next file opened would get its number, and what is printed would
/// go there. Writing to a closed one stays an error. To be called first.
void hold_standard_descriptors();

/// Writes to standard output. Returns the exit status: failed, after saying
/// why, if that is not possible.
int print(std::string_view text);

/// Writes to standard error. There is nobody to tell if that fails.
void print_error(std::string_view text);

} // namespace axiom::tools
