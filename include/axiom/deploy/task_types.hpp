#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "axiom/deploy/section.hpp"

namespace axiom {

class task_context;

template <class T>
class async;

} // namespace axiom

namespace axiom::deploy {

class run_services;

/// What one task of a deployment does: the fields of its `with`, read and
/// checked, and the operation itself.
///
/// Immutable after loading, so that one program may run more than once and on
/// any thread.
class task_program {
public:
  virtual ~task_program();

  /// What its progress counts, such as "files".
  virtual std::string_view unit() const noexcept;

  /// Whether its parts take the permits of the task's limiter, each one of its
  /// own, instead of the task. A task that held one while its parts wait for
  /// one would wait for itself.
  virtual bool parts_take_permits() const noexcept;

  /// How large the buffers are that it takes of the task's pool, if that has
  /// one, each for one of its parts; 0 if it has no use for a pool.
  virtual std::size_t takes_buffers() const noexcept;

  /// Whether it calls `run_services::started` when it is ready, as a child of a
  /// supervisor has to that is told to say so (`start: said`). Files that ask
  /// that of a type that does not are refused: its start would never succeed.
  virtual bool says_started() const noexcept;

  /// Why it cannot be run a second time after it failed, for people, with what
  /// would be right; empty if it can, as it is unless it says otherwise. What
  /// it leaves behind when it fails has to be gone, or be replaced. (Where it
  /// depends on how far it came, it notes `output_state::partial`.)
  virtual std::string_view why_not_repeatable() const noexcept;

  /// Adds what stands against running it here and now, such as a path that
  /// does not exist. Looks, but changes nothing.
  virtual void check_environment(problem_list& problems) const;

  /// The body of the task. Both arguments outlive the coroutine.
  virtual async<void> run(task_context& self, run_services& services) const = 0;
};

/// A kind of task that files can name: the fields of `with` and what they
/// become.
struct task_type {
  std::string doc;
  std::shared_ptr<const section_info> fields;
  /// Reads `with`; null after a mistake, which has been reported.
  std::function<std::shared_ptr<const task_program>(const node&, reader&)> load;
};

/// The task types that a loader knows. Applications add their own.
///
/// Not thread-safe while types are added; any number of loads may share it
/// afterwards.
class task_type_registry {
public:
  /// Adds a type whose `with` is a `T` made into a program by `make`.
  /// @pre there is no type of this name yet
  template <class T, class Make>
  void add(std::string name, section<T> fields, Make make) {
    auto table = std::make_shared<const section<T>>(std::move(fields));
    task_type entry;
    entry.doc = table->doc();
    entry.fields = table;
    entry.load = [table, make = std::move(make)](
                   const node& with,
                   reader& in) -> std::shared_ptr<const task_program> {
      return make(table->read(with, in));
    };
    insert(std::move(name), std::move(entry));
  }

  const task_type* find(std::string_view name) const noexcept;

  /// All names, sorted.
  std::vector<std::string> names() const;

private:
  void insert(std::string name, task_type entry);

  std::map<std::string, task_type, std::less<>> types_;
};

/// The registry with every task type that Axiom brings.
task_type_registry builtin_task_types();

} // namespace axiom::deploy
