#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "axiom/task/detail/make_task.hpp"
#include "axiom/task/detail/typed_task.hpp"

namespace axiom::detail {

class phased_run;

/// The task of an operation that was added to a phase has ended: notes its
/// error, if it has one.
void note_end(phased_run& run, std::size_t phase, task_actor& task) noexcept;

/// What was added to a phase, until it becomes a task.
class shutdown_operation {
public:
  explicit shutdown_operation(std::string_view name) : name_(name) {
    // nop
  }

  virtual ~shutdown_operation() = default;

  /// Makes it a child of `parent`. Once.
  /// @param run outlives `parent`
  virtual void start(task_actor& parent, phased_run& run,
                     std::size_t phase) = 0;

protected:
  std::string name_;
};

using shutdown_operation_ptr = std::unique_ptr<shutdown_operation>;

/// The task made from one.
template <class T>
class shutdown_task : public typed_task<T> {
public:
  shutdown_task(caf::actor_config& cfg, const task_seed& seed, phased_run& run,
                std::size_t phase)
    : typed_task<T>(cfg, seed), run_(run), phase_(phase) {
    // nop
  }

protected:
  void deliver() noexcept override {
    note_end(run_, phase_, *this);
  }

private:
  phased_run& run_;
  const std::size_t phase_;
};

template <class F>
class typed_shutdown_operation final : public shutdown_operation {
public:
  typed_shutdown_operation(std::string_view name, F op)
    : shutdown_operation(name), op_(std::move(op)) {
    // nop
  }

  void start(task_actor& parent, phased_run& run, std::size_t phase) override {
    using task_type = shutdown_task<operation_result_t<F>>;
    spawn_unowned_task<operation_task<task_type, F>>(
      parent, {.name = name_}, kind_of<F>, std::move(op_), run, phase);
  }

private:
  F op_;
};

} // namespace axiom::detail
