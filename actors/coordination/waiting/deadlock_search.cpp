#include "axiom/coordination/waiting/deadlock_search.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "axiom/coordination/detail/group_site.hpp"

namespace axiom::detail {

namespace {

constinit std::mutex one_at_a_time;

constexpr auto goes_on = wait_node::event::goes_on;
constexpr auto ends = wait_node::event::ends;

/// How many of a place's holders are looked at before a search.
constexpr std::size_t most_looked_at = 8;

/// Whether what a task that stands still waits for is neither a task nor
/// something that others hold.
bool waits_for_nobody(task_actor& task) {
  return task.awaited() == nullptr && task.site() == nullptr
      && !task.state().joins_children();
}

/// Whether a task goes on by itself: it runs, or it waits for nobody.
bool goes_on_by_itself(task_actor& task) {
  if (!task.state().hold())
    return task.state().current_phase() < task_state::phase::ended;
  const auto result = waits_for_nobody(task);
  task.let_go();
  return result;
}

/// Whether enough of what `x` wants comes from those who are seen to go on.
template <class Predicate>
bool is_served_by(place_waiter& x, place_session& here, Predicate goes_on) {
  struct look {
    const task_actor* self;
    std::uint64_t missing;
    std::uint64_t coming = 0;
    std::size_t looked = 0;
  };
  for (const auto& [kind, missing] : here.shortages_of(x)) {
    look found{x.waiting_task(), missing};
    here.for_each_supplier(
      x, kind, [&](task_actor* task, std::uint64_t amount) {
        // Those whom nobody knows go on, too.
        if (task == nullptr || (task != found.self && goes_on(*task)))
          found.coming += amount;
        return found.coming < found.missing && ++found.looked < most_looked_at;
      });
    if (found.coming < missing)
      return false;
  }
  return true;
}

} // namespace

deadlock_search::deadlock_search(task_actor* running,
                                 runtime::time_point now) noexcept
  : running_(running), now_(now) {
  // nop
}

deadlock_search::~deadlock_search() {
  locked_.clear(); // whoever is let go may want them
  for (auto* task : held_)
    task->let_go();
}

bool deadlock_search::surely_served(place_waiter& x, place_session& here) {
  return is_served_by(x, here, goes_on_by_itself)
      || here.all_holders([&x](task_actor& task) {
           return &task != x.waiting_task() && goes_on_by_itself(task);
         });
}

bool deadlock_search::refuse_if_in_circle(place_waiter& x,
                                          waiting_place& where) {
  std::lock_guard turn{one_at_a_time};
  deadlock_search search{x.waiting_task(), where.time()};
  return search.refuse_if_in_circle(x, search.lock(where));
}

bool deadlock_search::refuse_all_in_circles(waiting_place& where) {
  std::lock_guard turn{one_at_a_time};
  auto result = false;
  deadlock_search search{nullptr, where.time()};
  auto& here = search.lock(where);
  if (here.all_holders(goes_on_by_itself))
    return false;
  std::vector<place_waiter*> tasks;
  for (auto* x : here.waiting())
    if (x->waiting_task() != nullptr)
      tasks.push_back(x);
  for (auto* x : tasks) {
    // The ones before may have been refused, and this one be served by that.
    if (x->state() != place_waiter::phase::waiting)
      continue;
    // Whom the searches before hold does not run.
    const auto goes_on = [&search](task_actor& task) {
      return search.holds(task) ? waits_for_nobody(task)
                                : goes_on_by_itself(task);
    };
    if (is_served_by(*x, here, goes_on))
      continue;
    auto& task = *x->waiting_task();
    search.known_.push_back(strong(task));
    if (search.hold(task) && search.refuse_if_in_circle(*x, here))
      result = true;
  }
  return result;
}

bool deadlock_search::refuse_if_in_circle(place_waiter& x,
                                          place_session& here) {
  if (x.state() != place_waiter::phase::waiting)
    return false;
  auto circle = find_wait_cycle(
    wait_node{x.waiting_task(), goes_on},
    [this](const wait_node& node) { return conditions_of(node); });
  return !circle.empty() && here.expel(x, describe(x, circle), woken_);
}

place_session& deadlock_search::lock(waiting_place& x) {
  auto i = std::find_if(locked_.begin(), locked_.end(),
                        [&x](auto& y) { return y.alive.get() == &x; });
  if (i == locked_.end())
    i = locked_.insert(i, {&x, x.open(now_)});
  return *i->here;
}

bool deadlock_search::holds(const task_actor& task) const noexcept {
  return std::find(held_.begin(), held_.end(), &task) != held_.end();
}

bool deadlock_search::hold(task_actor& task) {
  if (&task == running_ || holds(task))
    return true;
  if (!task.state().hold())
    return false;
  held_.push_back(&task);
  return true;
}

// -- what a node waits for ----------------------------------------------------

deadlock_search::conditions deadlock_search::conditions_of(
  const wait_node& node) {
  if (node.task == nullptr)
    return {};
  auto& task = *node.task;
  if (node.what == goes_on)
    return before_going_on(task);
  if (task.state().terminal())
    return {};
  auto result = before_children_end(task);
  result.push_back({1, {{{&task, goes_on}}}});
  return result;
}

deadlock_search::conditions deadlock_search::before_going_on(task_actor& task) {
  if (!hold(task)) {
    // A body that has ended keeps what it captured until its children end.
    return task.state().current_phase() == task_state::phase::ended
           ? before_children_end(task)
           : conditions{};
  }
  if (auto* site = dynamic_cast<place_site*>(task.site()))
    return before_granted(*site);
  if (auto* site = dynamic_cast<group_site*>(task.site())) {
    condition any;
    for (auto& child : site->group.children()) {
      any.suppliers.push_back({{as_task(child), goes_on}});
      known_.push_back(std::move(child));
    }
    return {std::move(any)};
  }
  if (auto other = task.awaited()) {
    known_.push_back(other);
    return {{1, {{{as_task(other), ends}}}}};
  }
  if (task.state().joins_children())
    return before_children_end(task);
  return {};
}

deadlock_search::conditions deadlock_search::before_children_end(
  task_actor& task) {
  conditions result;
  for (auto& child : task.children()) {
    result.push_back({1, {{{as_task(child), ends}}}});
    known_.push_back(std::move(child));
  }
  return result;
}

deadlock_search::conditions deadlock_search::before_granted(place_site& site) {
  auto& here = lock(site.place);
  auto& x = site.waiter;
  conditions result;
  for (const auto& [kind, missing] : here.shortages_of(x)) {
    auto& wait = result.emplace_back();
    wait.needed = missing;
    here.for_each_supplier(
      x, kind, [&](task_actor* task, std::uint64_t amount) {
        if (task != nullptr)
          known_.push_back(strong(*task));
        wait.suppliers.push_back({{task, goes_on}, amount});
        return true;
      });
  }
  return result;
}

// -- telling ------------------------------------------------------------------

std::string deadlock_search::describe(place_waiter& x,
                                      const std::vector<wait_node>& circle) {
  auto name = [](const wait_node& node) {
    return quoted(node.task->task_name());
  };
  std::string result = name(circle.front());
  const char* before = "";
  for (std::size_t i = 0; i < circle.size(); ++i) {
    auto& from = circle[i];
    auto& to = circle[(i + 1) % circle.size()];
    if (from.task == to.task && from.what == ends && to.what == goes_on)
      continue; // no wait, but two sides of one task
    result += std::exchange(before, ", which");
    if (from.what == ends) {
      result += " does not end before its child " + name(to);
    } else if (to.what == ends) {
      result += to.task->parent() == from.task
                ? " waits for the end of its child "
                : " waits for the end of ";
      result += name(to);
    } else {
      auto* site = from.task->site();
      result += from.task == x.waiting_task() ? " asks for " : " waits for ";
      result += site->what();
      result += dynamic_cast<place_site*>(site) != nullptr ? ", held by "
                                                           : ", such as ";
      result += name(to);
    }
  }
  return result + ": it would wait for itself";
}

} // namespace axiom::detail
