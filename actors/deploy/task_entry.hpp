#pragma once

#include <optional>
#include <string>
#include <variant>

#include "axiom/deploy/deployment.hpp"
#include "axiom/deploy/types.hpp"

namespace axiom::deploy {

/// A task while it is read: `with` has to wait for `type`.
struct task_entry : task_spec {
  types::located<std::string> at_type;
  std::monostate with;
  std::optional<resource_requirements> wanted;
};

} // namespace axiom::deploy
