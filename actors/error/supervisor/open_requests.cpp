#include "error/supervisor/open_requests.hpp"

#include <utility>

#include "axiom/error/errc.hpp"

namespace axiom::detail {

// -- what becomes of a child --------------------------------------------------

void open_requests::refuse(supervision_ticket ticket, const caf::error& why) {
  auto i = waiting_.find(ticket);
  i->second.deliver(why);
  waiting_.erase(i);
}

void open_requests::settle(supervision_ticket ticket, supervision_verdict how,
                           child_key key, const supervised_child* child,
                           const child_table& all, const supervision& core) {
  using verdict = supervision_verdict;
  auto i = waiting_.find(ticket);
  if (i == waiting_.end())
    return;
  auto promise = std::move(i->second);
  waiting_.erase(i);
  switch (how) {
    case verdict::done:
      promise.deliver(all.describe(key, core));
      return;
    case verdict::start_failed:
      promise.deliver(child->last_failure->error());
      return;
    case verdict::interrupted:
      promise.deliver(
        make_error(errc::scope_closed,
                   quoted(child->name) + " was stopped before it had started"));
      return;
    case verdict::no_such_child:
      promise.deliver(make_error(errc::no_such_child));
      return;
    case verdict::busy:
      promise.deliver(make_error(
        errc::child_not_stopped,
        quoted(child->name) + " is "
          + to_string(core.state_of(key).value_or(child_state::stopped))
          + ", not stopped"));
      return;
    case verdict::closed:
      promise.deliver(closed());
      return;
  }
}

// -- the others ---------------------------------------------------------------

void open_requests::started(const child_counts& x) {
  for (auto& promise : std::exchange(starts_, {}))
    promise.deliver(x);
}

// -- the end ------------------------------------------------------------------

caf::error open_requests::closed() const {
  return make_error(errc::scope_closed, who_ + " is ending");
}

void open_requests::end(const supervisor_stats& x, const caf::error& why) {
  for (auto& promise : std::exchange(ends_, {}))
    promise.deliver(x);
  refuse_others(why);
}

void open_requests::refuse_all(const caf::error& why) {
  for (auto& promise : std::exchange(ends_, {}))
    promise.deliver(why);
  refuse_others(why);
}

void open_requests::refuse_others(const caf::error& why) {
  for (auto& promise : std::exchange(starts_, {}))
    promise.deliver(why);
  for (auto& [ticket, promise] : std::exchange(waiting_, {}))
    promise.deliver(why);
}

} // namespace axiom::detail
