#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "axiom/error/exception.hpp"
#include "axiom/error/failure.hpp"
#include "axiom/task/reference.hpp"

namespace axiom {

class concurrent_errors;
struct flat_error;
struct split_errors;

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
/// Immutable, cheap to copy, safe to read from any thread. The tree may be of
/// any depth: nothing here recurses along it, its destruction included.
///
/// It lives in the process it was made in. What crosses to another node is
/// `error()`, with the code, the path of the first error and its text, in which
/// an exception has left the name of its type; for all of it there is
/// `to_json`.
class concurrent_errors : public exception {
public:
  /// Throws `errc::invalid_argument` if there is none.
  explicit concurrent_errors(std::vector<task_error> errors);

  /// The first error in one line, which is `printable`, and if there is more to
  /// tell the tree below it, as `to_string` prints it. Printed when asked for.
  const char* what() const noexcept override;

  /// One entry a failed task, in order of time.
  std::span<const task_error> errors() const noexcept;

  std::size_t size() const noexcept {
    return errors().size();
  }

  /// The error that came first.
  const task_error& first() const noexcept {
    return errors().front();
  }

  /// How many errors there are in the whole tree, those that consist of others
  /// and suppressed ones not counted. O(1).
  std::size_t total() const noexcept;

  /// Whether any error in the tree, suppressed ones included, has this code.
  /// O(tree).
  bool matches(errc code) const noexcept;

  /// The same for any condition. `holds` is called for each error until one
  /// fulfils it, also for those that consist of others.
  bool any_of(const std::function<bool(const task_error&)>& holds) const;

  // -- other views ------------------------------------------------------------

  /// The errors without the tree: all that do not consist of others, parents'
  /// before their suppressed ones. They refer to this object and its copies.
  std::vector<flat_error> flat() const;

  /// Those of them that nothing in here explains: neither suppressed ones, nor
  /// cancellations if there is anything else, since what failed first is why
  /// the others were cancelled. Never empty.
  std::vector<flat_error> root_causes() const;

  /// Parts the tree in two, each of the same structure: what `matches` says and
  /// the rest. As with the exception groups of Python, an error that matches is
  /// taken as a whole, with all that it consists of; one that does not match is
  /// looked into. Suppressed errors are not asked about: they stay with the one
  /// that suppresses them, and with both parts where that is divided.
  split_errors split(
    const std::function<bool(const task_error&)>& matches) const;

private:
  struct content;

  explicit concurrent_errors(std::shared_ptr<const content> x);

  std::shared_ptr<const content> content_;
};

/// One error of a tree, by itself.
struct flat_error {
  /// The names of the tasks from the scope down to the one that failed, joined
  /// by '/'. Of a very long path only the two ends.
  std::string path;
  const task_error* error; ///< valid as long as the tree
  std::size_t depth; ///< 0 for a child of the scope
  bool suppressed; ///< or part of one that is
};

/// Two parts of a tree of errors, at least one of which is there.
struct split_errors {
  std::optional<concurrent_errors> matching;
  std::optional<concurrent_errors> rest;
};

/// The errors as an indented tree, at most `limit` lines and then a count of
/// what was left out. A line an error; nothing in it can control a terminal.
std::string to_string(const concurrent_errors& errors, std::size_t limit = 100);

/// The errors as one JSON object: `errors`, an array of objects with `task`
/// (its name), `id`, `parent`, `at` (ISO 8601, UTC), `code`, `category`,
/// `text`, and `errors` and `suppressed` where there are any; `total`; and
/// `omitted`, the number beyond the first `limit`. Valid whatever the texts
/// consist of: bytes that are not UTF-8 become U+FFFD.
std::string to_json(const concurrent_errors& errors, std::size_t limit = 1000);

/// A failure that carries `errors` without a throw.
failure to_failure(concurrent_errors errors);

/// What `who` failed with, together with errors that nobody else will see. `at`
/// is when it failed.
failure with_suppressed(const failure& primary, const task_reference& who,
                        std::vector<task_error> suppressed,
                        timestamp at = timestamp::clock::now());

/// The same, but where it failed with several errors of others that stay what
/// it fails with, and the first of them suppresses these too.
failure with_lost(const failure& primary, const task_reference& who,
                  std::vector<task_error> lost, timestamp at);

} // namespace axiom
