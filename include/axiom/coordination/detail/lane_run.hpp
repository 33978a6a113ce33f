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

/// Whether an operation ended with the cancellation of its lane, which is no
/// failure of its own.
inline bool ends_by(const lane_task& lane, const failure& why) noexcept {
  return lane.state().cancelled() && why.is(errc::cancelled);
}

/// What a lane does: takes an item, runs the operation, hands over the outcome,
/// as long as there are items.
///
/// `Run` is what the lanes of one scope share, a `lane_source`. It has
/// - `call`, an `item_call`, and `operation()`, what it calls;
/// - `ticket`, an item on its way: `item` (an `item_place`), `index`, and what
///   else has to be given back if the item ends early;
/// - `take(ticket)`: whether there was an item;
/// - with `has_room`, `room()`, to be awaited before an item is taken, and put
///   into the ticket; false if there are no more items;
/// - with `source_waits`, `fetch(context)`, whose result `take` gets;
/// - `claim_lane(ticket)`: whether another lane is to be started now;
/// - `finish(ticket, value)`: takes over a value, or says why that failed.
template <class Run>
async<void> run_lane(Run& run, lane_task& lane) {
  using call = typename Run::call;
  lane_pace pace{lane};
  for (;;) {
    lane.arrive();
    if (lane.state().cancelled() || pace.due())
      co_await yielding{};
    typename Run::ticket ticket;
    if constexpr (Run::has_room) {
      auto room = co_await run.room();
      while (room.again())
        room = co_await run.room();
      if (!room)
        co_return;
      ticket.room = std::move(room);
    }
    if constexpr (Run::source_waits) {
      auto fetched = co_await run.fetch(lane.context());
      if (!fetched && ends_by(lane, fetched.error()))
        co_await yielding{}; // does not return
      if (!run.take(ticket, fetched))
        co_return;
    } else if (!run.take(ticket)) {
      co_return;
    }
    lane.begin_item(ticket.index);
    if (run.claim_lane(ticket))
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
      if (ends_by(lane, *why))
        co_await yielding{}; // does not return
      lane.fail_item(*why);
    }
    if (lane.state().children() != 0)
      co_await children_end{}; // which may refer to the item
    auto why = lane.end_item();
    if (!why)
      why = run.finish(ticket, std::move(got.value()));
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
                             lane_body<Run>{&run}, run, crew, failures);
  } catch (...) {
    crew.arrived();
    crew.left();
    throw;
  }
}

} // namespace axiom::detail
