#include "axiom/error/error_walk.hpp"

namespace axiom {

error_walk::error_walk(std::span<const task_error> errors) {
  levels_.push_back({errors, 0, false, false});
}

bool error_walk::next() {
  while (!levels_.empty() && levels_.back().left.empty())
    levels_.pop_back();
  if (levels_.empty())
    return false;
  auto& here = levels_.back();
  const auto& error = here.left.front();
  here.left = here.left.subspan(1);
  const auto depth = here.depth;
  suppressed_ = here.suppressed;
  within_suppressed_ = here.within_suppressed;
  below_ = error.nested();
  path_.resize(depth);
  path_.push_back(&error);
  // The last to be pushed is visited first.
  if (!error.suppressed.empty())
    levels_.push_back({error.suppressed, depth + 1, true, true});
  if (below_ != nullptr)
    levels_.push_back({below_->errors(), depth + 1, false, within_suppressed_});
  return true;
}

std::string error_walk::path() const {
  constexpr std::size_t end = 8; // names
  std::string result;
  for (std::size_t i = 0; i < path_.size(); ++i) {
    if (i > 0)
      result += '/';
    if (i == end && path_.size() > 2 * end) {
      result += "...";
      i = path_.size() - end - 1;
      continue;
    }
    result += path_[i]->task.name;
  }
  return result;
}

} // namespace axiom
