#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "axiom/coordination/coordinator.hpp"
#include "axiom/error/supervisor/child_body.hpp"
#include "axiom/task/detail/make_task.hpp"
#include "axiom/task/detail/start_signal.hpp"
#include "axiom/task/detail/typed_task.hpp"
#include "axiom/task/options.hpp"

namespace axiom::detail {

/// A task whose supervisor hears of its start and takes its outcome.
template <class T>
class supervised_task : public typed_task<T>, private start_listener {
public:
  supervised_task(caf::actor_config& cfg, const task_seed& seed,
                  std::function<void()> report)
    : typed_task<T>(cfg, seed),
      report_(std::move(report)),
      signal_(*this, this) {
    // nop
  }

  start_signal* starting() noexcept override {
    return &signal_;
  }

protected:
  void deliver() noexcept override {
    this->mark_observed(); // by the supervisor, which holds the task
  }

private:
  void child_started() noexcept override {
    report_();
  }

  const std::function<void()> report_;
  typed_start_signal<void> signal_;
};

/// One incarnation of a child that is a task.
class task_run final : public child_run {
public:
  explicit task_run(task_ptr task) : child_run(std::move(task)) {
    // nop
  }

  void ask(runtime::duration budget, const std::string& who) override;
  void kill() override;
  bool killed(const caf::error& reason) const noexcept override;
  child_exit explain(const caf::error& reason) override;
  task_reference reference(std::uint64_t prefix,
                           std::string name) const override;

private:
  task_actor& task() const noexcept {
    return *as_task(actor());
  }
};

template <class F>
class task_body final : public child_body {
public:
  static_assert(std::is_copy_constructible_v<F>,
                "the operation of a child is copied for each start");

  task_body(F op, const task_options& how) : op_(std::move(op)), how_(how) {
    how_.name = {}; // a child's is the site's
    how_.grace.reset();
  }

  std::unique_ptr<child_run> start(child_site& site) const override {
    using result = operation_result_t<F>;
    using impl = operation_task<supervised_task<result>, F>;
    auto how = how_;
    how.name = site.name;
    return std::make_unique<task_run>(spawn_task<impl>(
      site.tasks().root(), how, kind_of<F>, F(op_), site.report));
  }

  kind what() const noexcept override {
    return kind::task;
  }

private:
  F op_;
  task_options how_;
};

} // namespace axiom::detail
