#include "axiom/task/detail/task_domain.hpp"

#include "axiom/error/enum_names.hpp"

namespace axiom {

lifecycle_sink::~lifecycle_sink() = default;

std::string to_string(task_phase phase) {
  constexpr enum_names<task_phase, 5> names{
    {"created", "started", "completed", "failed", "cancelled"}};
  return names.print(phase);
}

namespace detail {

task_domain::task_domain(caf::actor_system& sys)
  : system_(runtime::host::of(sys).info()),
    sinks_(std::make_shared<sink_list>()) {
  // nop
}

task_domain::~task_domain() = default;

void task_domain::add_sink(std::shared_ptr<lifecycle_sink> sink) {
  std::lock_guard guard{sinks_mutex_};
  auto next = std::make_shared<sink_list>(*sinks_);
  next->push_back(std::move(sink));
  sinks_ = std::move(next);
  watched_.store(true, std::memory_order_release);
}

void task_domain::remove_sink(const std::shared_ptr<lifecycle_sink>& sink) {
  std::lock_guard guard{sinks_mutex_};
  auto next = std::make_shared<sink_list>(*sinks_);
  std::erase(*next, sink);
  watched_.store(!next->empty(), std::memory_order_release);
  sinks_ = std::move(next);
}

void task_domain::publish(const task_lifecycle_event& event) noexcept {
  std::shared_ptr<const sink_list> sinks;
  {
    std::lock_guard guard{sinks_mutex_};
    sinks = sinks_;
  }
  for (auto& sink : *sinks)
    sink->on_event(event);
}

} // namespace detail

} // namespace axiom
