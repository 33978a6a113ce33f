#pragma once

#include "axiom/coordination/detail/report_handle.hpp"
#include "axiom/task/detail/cancel_request.hpp"

namespace axiom {

/// A cancellation under way. Every task is signalled when this exists; the
/// report, a `cancellation_report`, is there when all have ended or the grace
/// is over. May outlive the tasks.
class cancellation : public detail::report_handle<detail::cancel_request> {
public:
  using report_handle::report_handle;
};

} // namespace axiom
