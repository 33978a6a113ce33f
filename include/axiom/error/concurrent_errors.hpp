#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "axiom/error/exception.hpp"
#include "axiom/error/failure.hpp"
#include "axiom/task/reference.hpp"

namespace axiom {

class concurrent_errors;

/// The error of one task: whose it was, when, and what else went wrong beside
/// it and lost the race to be reported first.
struct task_error {
  task_reference task;
  failure error;
  timestamp at;
  std::vector<task_error> suppressed;

  /// The errors of that task's own children, if that is what it failed with.
  const concurrent_errors* nested() const noexcept;
};

/// All errors of a scope: what a group or a parent fails with when children
/// failed. A tree, since a child may itself have failed with one.
///
/// Immutable, cheap to copy, safe to read from any thread.
class concurrent_errors : public exception {
public:
  /// @pre `errors` is not empty
  explicit concurrent_errors(std::vector<task_error> errors);

  /// One entry a failed task, in order of time.
  std::span<const task_error> errors() const noexcept {
    return *errors_;
  }

  std::size_t size() const noexcept {
    return errors_->size();
  }

  /// The error that came first.
  const task_error& first() const noexcept {
    return errors_->front();
  }

  /// Whether any error in the tree, suppressed ones included, has this code.
  bool matches(errc code) const noexcept;

private:
  explicit concurrent_errors(
    std::shared_ptr<const std::vector<task_error>> errors);

  std::shared_ptr<const std::vector<task_error>> errors_;
};

/// The errors as an indented tree, at most `limit` lines and then a count of
/// what was left out.
std::string to_string(const concurrent_errors& errors, std::size_t limit = 100);

/// A failure that carries `errors` without a throw.
failure to_failure(concurrent_errors errors);

/// What `who` failed with, together with errors that nobody else will see.
failure with_suppressed(const failure& primary, const task_reference& who,
                        std::vector<task_error> suppressed);

} // namespace axiom
