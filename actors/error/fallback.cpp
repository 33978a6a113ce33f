#include "axiom/error/fallback.hpp"

#include <exception>
#include <utility>

#include "axiom/error/exception.hpp"

namespace axiom::detail {

fallback_run::fallback_run(const fallback_options& options)
  : options_(options), name_(options.name), task_(*current_task()) {
  if (name_.size() > max_task_name)
    throw exception{errc::name_too_long,
                    "the name of a fallback is longer than "
                      + std::to_string(max_task_name) + " bytes"};
  if (options_.timeout)
    require_timeout(name_, *options_.timeout);
}

fallback_run::~fallback_run() {
  if (errors_.empty())
    return;
  if (options_.suppressed != nullptr) // it was cancelled
    *options_.suppressed = std::move(errors_);
  else
    task_.bear(std::move(errors_));
}

attempt_options fallback_run::next() const {
  return {attempt_name(name_, errors_.size() + 1), options_.priority,
          options_.timeout, options_.grace};
}

bool fallback_run::failed(const task_reference& who, failure why) {
  errors_.push_back({who, std::move(why), task_.wall_time(), {}});
  auto& error = errors_.back();
  try {
    stopped_ = !options_.after(error.error);
  } catch (...) { // then nobody knows; and neither error is lost
    stopped_ = true;
    error.suppressed.push_back(
      {who, failure::from(std::current_exception()), error.at, {}});
  }
  return !stopped_;
}

failure fallback_run::why_failed() {
  auto errors = std::exchange(errors_, {});
  if (stopped_ && errors.size() == 1 && errors.front().suppressed.empty())
    return std::move(errors.front().error);
  return to_failure(concurrent_errors{std::move(errors)});
}

void fallback_run::succeeded() {
  if (options_.suppressed != nullptr)
    *options_.suppressed = std::move(errors_);
  errors_.clear();
}

} // namespace axiom::detail
