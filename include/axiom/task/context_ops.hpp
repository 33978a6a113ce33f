#pragma once

// The members of task_context that are templates: they need the task types,
// which themselves need task_context.

#include <type_traits>
#include <utility>

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/make_message.hpp>

#include "axiom/task/context.hpp"
#include "axiom/task/detail/adopted_actor.hpp"
#include "axiom/task/detail/extras.hpp"
#include "axiom/task/detail/make_task.hpp"
#include "axiom/task/detail/request.hpp"
#include "axiom/task/detail/start_signal.hpp"
#include "axiom/task/options.hpp"
#include "axiom/task/task.hpp"

namespace axiom {

namespace detail {

/// Starts `op` as a child of `parent`.
template <class F>
task<operation_result_t<std::decay_t<F>>>
start_child(task_actor& parent, const task_options& options, F&& op) {
  using traits = operation_traits<std::decay_t<F>>;
  using impl = operation_task<typed_task<typename traits::type>,
                              std::decay_t<F>>;
  return task<typename traits::type>{spawn_task<impl>(
    parent, options, kind_of<std::decay_t<F>>, std::forward<F>(op))};
}

} // namespace detail

template <class F>
auto task_context::create_child_task(const task_options& options, F&& op) {
  return detail::start_child(*task_, options, std::forward<F>(op));
}

template <class F>
auto task_context::create_child_task(std::string_view name, F&& op) {
  return create_child_task(task_options{.name = name}, std::forward<F>(op));
}

template <class F>
auto task_context::create_child_task(std::string_view name,
                                     task_priority priority, F&& op) {
  return create_child_task(task_options{.name = name, .priority = priority},
                           std::forward<F>(op));
}

template <class F>
auto task_context::shielded(F&& op, std::optional<runtime::duration> budget) {
  using operation = detail::operation_t<F>;
  using traits = detail::operation_traits<operation>;
  using impl = detail::operation_task<detail::typed_task<typename traits::type>,
                                      operation>;
  // Called by the running body, which may be a group's inside this task.
  auto* current = detail::current_task();
  auto& owner = current != nullptr ? *current : *task_;
  auto ptr = detail::task_storage<impl>::make(
    detail::make_seed(owner, {.name = "shield"}, detail::task_kind::shield),
    detail::take_operation<F>(std::forward<F>(op)));
  auto& shield = *detail::as_task(ptr);
  shield.extras().shield_budget = budget;
  shield.launch();
  // Either a walk finds the shield in the list, or it announced itself before
  // the launch: then the budget starts here. (To ask for `cancelled` would miss
  // a walk that is past the list, but has not signalled the owner yet.)
  if (owner.state().announced())
    shield.extras().start_shield_budget(*owner.cause());
  return task<typename traits::type>{std::move(ptr)};
}

template <class... Rs, class Handle, class... Ts>
auto task_context::request(const Handle& receiver, runtime::duration timeout,
                           Ts&&... xs) {
  using reader =
    typename detail::reader_of<Handle, caf::detail::type_list<Rs...>,
                               Ts...>::type;
  return detail::request<reader>{
    caf::actor_cast<caf::strong_actor_ptr>(receiver), timeout,
    caf::make_message(std::forward<Ts>(xs)...)};
}

template <class V>
void task_context::started(V&& value) {
  using type = std::remove_cvref_t<V>;
  auto& signal = detail::require_start_signal(*task_, typeid(type));
  static_cast<detail::typed_start_signal<type>&>(signal).say(
    std::forward<V>(value));
}

inline void task_context::started() {
  auto& signal = detail::require_start_signal(*task_, typeid(void));
  static_cast<detail::typed_start_signal<void>&>(signal).say(std::monostate{});
}

template <class Impl, class... Ts>
auto task_context::spawn_child(Ts&&... xs) {
  auto node = detail::make_adopted_actor(*task_, "actor");
  auto& adopted = static_cast<detail::adopted_actor&>(*detail::as_task(node));
  try {
    auto handle = system().template spawn<Impl>(std::forward<Ts>(xs)...);
    adopted.adopt(caf::actor_cast<caf::strong_actor_ptr>(handle));
    return handle;
  } catch (...) {
    adopted.end_externally(std::nullopt, false); // it never came to be
    throw;
  }
}

} // namespace axiom
