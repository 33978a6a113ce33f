#include "axiom/deploy/task_types.hpp"

#include <stdexcept>
#include <utility>

#include "axiom/deploy/digest/digest_tree.hpp"
#include "deploy/drill.hpp"

namespace axiom::deploy {

task_program::~task_program() {
  // nop
}

std::string_view task_program::unit() const noexcept {
  return "steps";
}

bool task_program::parts_take_permits() const noexcept {
  return false;
}

bool task_program::says_started() const noexcept {
  return false;
}

std::string_view task_program::why_not_repeatable() const noexcept {
  return {};
}

std::size_t task_program::takes_buffers() const noexcept {
  return 0;
}

void task_program::check_environment(problem_list&) const {
  // nop
}

const task_type* task_type_registry::find(
  std::string_view name) const noexcept {
  const auto found = types_.find(name);
  return found == types_.end() ? nullptr : &found->second;
}

std::vector<std::string> task_type_registry::names() const {
  std::vector<std::string> result;
  for (const auto& [name, type] : types_)
    result.push_back(name);
  return result;
}

void task_type_registry::insert(std::string name, task_type entry) {
  if (!types_.try_emplace(name, std::move(entry)).second)
    throw std::invalid_argument("task type registered twice: " + name);
}

task_type_registry builtin_task_types() {
  task_type_registry result;
  digest::add_digest_tree(result);
  add_drill(result);
  return result;
}

} // namespace axiom::deploy
