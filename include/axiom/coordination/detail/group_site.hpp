#pragma once

#include <string>

#include "axiom/task/detail/task_actor.hpp"
#include "axiom/task/detail/wait_site.hpp"

namespace axiom::detail {

/// A wait that ends with what any one child of a group does: leave its place,
/// have a result, take one.
class group_site final : public wait_site {
public:
  explicit group_site(task_actor& x) noexcept : group(x) {
    // nop
  }

  std::string what() const override {
    return "one of the children of group " + quoted(group.task_name());
  }

  task_actor& group;
};

} // namespace axiom::detail
