#include "axiom/coordination/detail/problems.hpp"

#include "axiom/error/exception.hpp"

namespace axiom::detail {

void refuse_if_any(const std::vector<std::string>& problems) {
  if (problems.empty())
    return;
  std::string text;
  for (const auto& x : problems)
    text.append(text.empty() ? "" : "; ").append(x);
  throw exception{errc::invalid_argument, std::move(text)};
}

} // namespace axiom::detail
