#include "axiom/task/local.hpp"

namespace axiom::detail {

const std::any* find_local(const void* key) noexcept {
  auto* task = current_task();
  if (task == nullptr || !task->environment())
    return nullptr;
  for (auto* i = task->environment()->locals.get(); i != nullptr;
       i = i->below.get())
    if (i->key == key)
      return &i->value;
  return nullptr;
}

local_scope::local_scope(task_actor& task, const void* key, std::any value)
  : task_(task), before_(task.environment()) {
  boost::intrusive_ptr<local_binding> binding{new local_binding};
  boost::intrusive_ptr<task_environment> env{
    before_ ? new task_environment(*before_) : new task_environment};
  binding->key = key;
  binding->value = std::move(value);
  binding->below = env->locals;
  env->locals = std::move(binding);
  task_.environment(std::move(env));
}

local_scope::~local_scope() {
  task_.environment(std::move(before_));
}

} // namespace axiom::detail
