#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "axiom/error/concurrent_errors.hpp"

namespace axiom {

/// Goes through a tree of errors, each before those it consists of, and these
/// before those it suppresses. For whoever prints one.
///
///     for (axiom::error_walk at{errors.errors()}; at.next();)
///       print(at.depth(), at.error());
///
/// The tree may be of any depth: it keeps a list of its own. It refers to the
/// errors, which must outlive it. Not thread-safe.
class error_walk {
public:
  explicit error_walk(std::span<const task_error> errors);

  /// Goes on to the first or the next error; false if there is none.
  bool next();

  // -- the error it is at -----------------------------------------------------

  const task_error& error() const noexcept {
    return *path_.back();
  }

  /// What it consists of; null if it is one by itself.
  const concurrent_errors* below() const noexcept {
    return below_;
  }

  /// 0 for those it began with.
  std::size_t depth() const noexcept {
    return path_.size() - 1;
  }

  /// Whether the error at the depth before suppresses it.
  bool suppressed() const noexcept {
    return suppressed_;
  }

  /// Whether any on the way to it is suppressed, or it is.
  bool within_suppressed() const noexcept {
    return within_suppressed_;
  }

  /// The names on the way to it, joined by '/'; in a very long path those in
  /// the middle are left out. O(1).
  std::string path() const;

private:
  struct level {
    std::span<const task_error> left;
    std::size_t depth;
    bool suppressed;
    bool within_suppressed;
  };

  std::vector<level> levels_; ///< what is still to be visited
  std::vector<const task_error*> path_;
  const concurrent_errors* below_ = nullptr;
  bool suppressed_ = false;
  bool within_suppressed_ = false;
};

} // namespace axiom
