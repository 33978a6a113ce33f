#include "axiom/coordination/detail/group_join.hpp"

#include <algorithm>
#include <iterator>

namespace axiom::detail {

void require_tolerant(const group_core& group, std::string_view join,
                      std::string_view group_name) {
  if (group.mode() != failure_mode::throw_on_first)
    return;
  throw exception{
    errc::invalid_argument,
    std::string{join} + " in group " + quoted(group_name)
      + " needs the failure mode partial or collect_all: with throw_on_first a "
        "first failure cancels the group before another child can succeed"};
}

void refuse_join(std::string_view join, std::string_view group_name,
                 std::size_t wanted, std::size_t children) {
  auto count = [](std::size_t n, const char* one, const char* many) {
    return std::to_string(n) + ' ' + (n == 1 ? one : many);
  };
  throw exception{errc::invalid_argument,
                  std::string{join} + " in group " + quoted(group_name)
                    + " needs " + count(wanted, "value", "values") + " and has "
                    + count(children, "child", "children")};
}

void throw_joined(std::vector<task_error>& all, std::size_t first,
                  std::size_t last) {
  auto at = [&all](std::size_t i) {
    return std::make_move_iterator(all.begin()
                                   + static_cast<std::ptrdiff_t>(i));
  };
  std::vector<task_error> errors{at(first), at(last)};
  auto earliest = std::min_element(
    errors.begin(), errors.end(), [](auto& a, auto& b) { return a.at < b.at; });
  auto& suppressed = earliest->suppressed;
  suppressed.insert(suppressed.end(), at(last), at(all.size()));
  all.erase(at(first).base(), all.end());
  throw concurrent_errors{std::move(errors)};
}

} // namespace axiom::detail
