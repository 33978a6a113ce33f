#include "axiom/error/supervisor/exit_class.hpp"

#include <caf/exit_reason.hpp>

#include "axiom/error/errc.hpp"

namespace axiom::detail {

exit_class class_of(const caf::error& reason) noexcept {
  const auto normal = !reason || reason == caf::exit_reason::user_shutdown
                   || is(reason, errc::cancelled);
  return normal ? exit_class::normal : exit_class::failure;
}

exit_class class_of(cancel_reason reason) noexcept {
  switch (reason) {
    case cancel_reason::user:
    case cancel_reason::shutdown:
    case cancel_reason::parent_cancelled:
    case cancel_reason::limit_shed:
      return exit_class::normal;
    default:
      return exit_class::failure;
  }
}

} // namespace axiom::detail
