#pragma once

#include <any>
#include <optional>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "axiom/runtime/timer_service.hpp"

namespace axiom::detail {

/// One value bound to a `task_local`, on top of the bindings below it.
struct local_binding : boost::intrusive_ref_counter<local_binding> {
  const void* key = nullptr;
  std::any value;
  boost::intrusive_ptr<const local_binding> below;
};

/// What a task hands down to its children: immutable, shared by all that
/// change nothing. Most tasks have none (null: no deadline, default grace).
struct task_environment : boost::intrusive_ref_counter<task_environment> {
  runtime::time_point deadline = runtime::time_point::max();
  std::optional<runtime::duration> grace;
  boost::intrusive_ptr<const local_binding> locals;
};

using environment_ptr = boost::intrusive_ptr<const task_environment>;

} // namespace axiom::detail
