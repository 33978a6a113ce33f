#pragma once

#include "axiom/coordination/detail/phased_run.hpp"
#include "axiom/coordination/detail/report_handle.hpp"

namespace axiom {

/// A phased shutdown under way; its report, a `shutdown_phases_report`, is
/// there when the last phase is over or the run was cut short. May outlive the
/// coordinator, but keeps its memory.
class phased_shutdown : public detail::report_handle<detail::phased_run> {
public:
  using report_handle::report_handle;
};

} // namespace axiom
