#pragma once

#include <string>
#include <vector>

namespace axiom::detail {

/// Throws `errc::invalid_argument` with all of `problems`, if there are any.
/// Whoever passed bad options then learns everything at once.
void refuse_if_any(const std::vector<std::string>& problems);

} // namespace axiom::detail
