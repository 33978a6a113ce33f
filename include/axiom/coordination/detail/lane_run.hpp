#pragma once

#include <exception>
#include <optional>
#include <utility>

#include "axiom/coordination/detail/item_call.hpp"
#include "axiom/coordination/detail/lane.hpp"
#include "axiom/task/async.hpp"
#include "axiom/task/detail/make_task.hpp"
#include "axiom/task/detail/sleep.hpp"

namespace axiom::detail {

/// What a lane does: takes an item, runs the operation, hands over the outcome,
/// as long as there are items.
///
/// `Run` is what the lanes of one scope share. It has
/// - `call`, an `item_call`;
/// - `ticket`, an item on its way: `item` (an `item_place`) and `index`;
/// - `take(lane, ticket)`, an awaitable or a bool: whether there was an item;
/// - `more()`: whether another lane should be started, and `start_lane()`;
/// - `operation()`;
/// - `finish(ticket, value)`: takes over a value; gives why that failed, or
///   none; and `drop(ticket)`: the item has none.
template <class Run>
async<void> run_lane(Run& run, lane_task& lane) {
  using call = typename Run::call;
  lane_pace pace{lane};
  for (;;) {
    lane.arrive();
    if (lane.state().cancelled() || pace.due())
      co_await yielding{};
    typename Run::ticket ticket;
    if constexpr (Run::waits) {
      auto taken = co_await run.take(ticket);
      if (!taken)
        co_return;
    } else {
      if (!run.take(ticket))
        co_return;
    }
    lane.begin_item(ticket.index);
    if (run.claim_lane())
      run.start_lane();
    if (lane.state().cancelled())
      co_await yielding{}; // does not return
    typename call::outcome got;
    try {
      if constexpr (call::is_plain) {
        call::now(run.operation(), ticket.item.get(), lane.context(), got);
      } else {
        auto ended = co_await call::later(run.operation(), ticket.item.get(),
                                          lane.context());
        got.accept(std::move(ended));
      }
    } catch (...) {
      got.fail(failure::from(std::current_exception()));
    }
    if (auto* why = got.why_failed()) {
      if (lane.state().cancelled() && why->is(errc::cancelled))
        co_await yielding{}; // its own cancellation; does not return
      lane.fail_item(*why);
    }
    if (lane.state().children() != 0)
      co_await children_end{}; // which may refer to the item
    auto why = lane.end_item();
    if (!why)
      why = run.finish(ticket, std::move(got.value()));
    else
      run.drop(ticket);
    if (why)
      lane.note(*why);
    lane.item_done();
  }
}

/// The operation of a lane's task.
template <class Run>
struct lane_body {
  Run* run;

  async<void> operator()(task_context& self) const {
    return run_lane(*run, static_cast<lane_task&>(self.impl()));
  }
};

/// Starts a lane in `scope`; it counts already, and no longer if this throws.
template <class Run>
void start_lane(Run& run, task_actor& scope, lane_crew& crew,
                item_failures& failures) {
  using impl = operation_task<lane_task, lane_body<Run>>;
  try {
    spawn_unowned_task<impl>(scope, {.name = "lane"}, task_kind::plain,
                             lane_body<Run>{&run}, crew, failures);
  } catch (...) {
    crew.arrived();
    crew.left();
    throw;
  }
}

} // namespace axiom::detail
