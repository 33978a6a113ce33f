#include "axiom/coordination/join_policy.hpp"

#include "axiom/error/exception.hpp"

namespace axiom {

join_policy join_policy::wait_for_all() noexcept {
  return {0, patience::unlimited};
}

join_policy join_policy::first_success() noexcept {
  return {1, patience::enough};
}

join_policy join_policy::race() noexcept {
  return {1, patience::none};
}

join_policy join_policy::quorum(std::size_t values) {
  if (values == 0)
    throw exception{errc::invalid_argument,
                    "a quorum of 0 waits for nothing: use at least 1"};
  return {values, patience::enough};
}

join_step join_policy::decide(std::size_t left) noexcept {
  auto impatient = waits_ == patience::none && failures_ > 0;
  if (waits_ == patience::unlimited) {
    if (left == 0)
      state_ = failures_ == 0 ? join_step::success : join_step::failure;
  } else if (values_ == wanted_) {
    state_ = join_step::success;
  } else if (impatient || left < wanted_ - values_) {
    state_ = join_step::failure;
  }
  return state_;
}

} // namespace axiom
