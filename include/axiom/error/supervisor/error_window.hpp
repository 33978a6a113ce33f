#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "axiom/error/concurrent_errors.hpp"
#include "axiom/runtime/timer_service.hpp"

namespace axiom::detail {

/// The errors of the last while, up to a number: the latest ones.
///
/// Once it is held, it loses nothing: neither by age nor for the sake of later
/// errors. For a supervisor that gives up takes its time to stop the others,
/// and what it gave up for is not to grow old meanwhile.
class error_window {
public:
  /// @param most at least 1
  error_window(runtime::duration within, std::size_t most) noexcept
    : within_(within), most_(most) {
    // nop
  }

  /// @param dropped takes what is not kept any longer, to be destroyed where
  ///        that may take its time
  void add(task_error error, runtime::time_point now,
           std::vector<task_error>& dropped) {
    if (!held_)
      while (!kept_.empty() && now - kept_.front().at > within_)
        drop_oldest(dropped);
    if (kept_.size() == most_) {
      left_out_at_ = held_ ? now : kept_.front().at;
      if (held_) {
        dropped.push_back(std::move(error));
        return;
      }
      drop_oldest(dropped);
    }
    kept_.push_back({std::move(error), now});
  }

  /// From now on nothing is lost that is there.
  void hold() noexcept {
    if (!overflowed())
      left_out_at_.reset(); // that was long ago
    held_ = true;
  }

  /// The oldest first.
  std::vector<task_error> list() const {
    std::vector<task_error> result;
    result.reserve(kept_.size());
    for (auto& x : kept_)
      result.push_back(x.error);
    return result;
  }

  /// Whether there were more errors in that while than it keeps.
  bool overflowed() const noexcept {
    return left_out_at_
        && (held_ || kept_.back().at - *left_out_at_ <= within_);
  }

private:
  struct noted {
    task_error error;
    runtime::time_point at;
  };

  void drop_oldest(std::vector<task_error>& dropped) {
    dropped.push_back(std::move(kept_.front().error));
    kept_.pop_front();
  }

  const runtime::duration within_;
  const std::size_t most_;
  bool held_ = false;
  std::deque<noted> kept_;
  std::optional<runtime::time_point> left_out_at_; ///< the latest left out
};

} // namespace axiom::detail
