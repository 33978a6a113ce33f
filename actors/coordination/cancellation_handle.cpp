#include "axiom/coordination/cancellation_handle.hpp"

#include "axiom/task/detail/blocking_wait.hpp"

namespace axiom::detail {

namespace {

waitable report_of(cancel_request& request) {
  return {[&request] { return request.published(); },
          [&request](waiter& x) { return request.add_waiter(x); },
          [&request](waiter& x) { request.remove_waiter(x); },
          request.target()};
}

} // namespace

bool wait_for_report(cancel_request& request,
                     std::optional<std::chrono::nanoseconds> timeout) {
  return block_until(report_of(request), timeout);
}

void notify_report(cancel_request& request,
                   caf::actor_control_block* observer, caf::message_id id) {
  notify_when(report_of(request), observer, id);
}

} // namespace axiom::detail
