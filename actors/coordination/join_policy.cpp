#include "axiom/coordination/join_policy.hpp"

#include <string>

#include "axiom/error/exception.hpp"

namespace axiom {

namespace {

[[noreturn]] void refuse(std::string what) {
  throw exception{errc::invalid_argument, std::move(what)};
}

} // namespace

join_policy::join_policy(std::size_t children, std::size_t wanted,
                         std::size_t tolerated, patience waits)
  : ended_(children), wanted_(wanted), tolerated_(tolerated), waits_(waits) {
  // Room for all at once: taking an outcome then never fails for want of
  // memory.
  winners_.reserve(children);
  failed_.reserve(children);
}

join_policy join_policy::wait_for_all(std::size_t children) {
  join_policy result{children, children, 0, patience::waits_for_all};
  if (children == 0)
    result.state_ = join_step::success;
  return result;
}

join_policy join_policy::first_success(std::size_t children) {
  if (children == 0)
    refuse("first_success of no children has nothing to wait for");
  return {children, 1, children - 1};
}

join_policy join_policy::race(std::size_t children) {
  if (children == 0)
    refuse("a race of no children has nothing to wait for");
  return {children, 1, 0};
}

join_policy join_policy::quorum(std::size_t wanted, std::size_t children) {
  if (wanted == 0)
    refuse("a quorum of 0 waits for nothing (expected at least 1)");
  if (wanted > children)
    refuse(std::string{"a quorum of "}
             .append(std::to_string(wanted))
             .append(" cannot be reached with ")
             .append(std::to_string(children))
             .append(children == 1 ? " child" : " children"));
  return {children, wanted, children - wanted};
}

join_step join_policy::add(std::size_t child, join_outcome outcome) {
  if (child >= ended_.size())
    refuse(std::string{"child "}
             .append(std::to_string(child))
             .append(" ended, of a join that has ")
             .append(std::to_string(ended_.size())));
  if (ended_[child])
    refuse(std::string{"child "}
             .append(std::to_string(child))
             .append(" of a join ended twice"));
  ended_[child] = true;
  ++count_;
  if (decided()) {
    if (outcome == join_outcome::failure)
      failed_.push_back(child);
    return join_step::late;
  }
  (outcome == join_outcome::success ? winners_ : failed_).push_back(child);
  decide();
  return state_;
}

void join_policy::decide() noexcept {
  if (waits_ == patience::waits_for_all && running() > 0)
    return;
  if (winners_.size() == wanted_) {
    state_ = join_step::success;
  } else if (failed_.size() > tolerated_) {
    state_ = join_step::failure;
    primary_ = failed_.size();
  }
}

std::span<const std::size_t> join_policy::errors() const noexcept {
  return std::span{failed_}.first(primary_);
}

std::span<const std::size_t> join_policy::suppressed() const noexcept {
  if (!decided())
    return {};
  return std::span{failed_}.subspan(primary_);
}

} // namespace axiom
