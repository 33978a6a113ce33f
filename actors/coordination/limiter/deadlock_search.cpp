#include "axiom/coordination/limiter/deadlock_search.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "axiom/coordination/detail/group_site.hpp"
#include "axiom/coordination/limiter/permit_site.hpp"

namespace axiom::detail {

namespace {

constinit std::mutex one_at_a_time;

constexpr auto goes_on = wait_node::event::goes_on;
constexpr auto ends = wait_node::event::ends;

/// How many of a limiter's holders are looked at before a search.
constexpr std::size_t most_looked_at = 8;

/// How many permits have to come back before `x` is served, as far as those
/// before it are known.
std::uint64_t missing_for(limiter_waiter& x,
                          limiter_state::gate::session& here) {
  auto wanted = x.weight();
  if (auto* before = here.queue().before(x))
    wanted = std::max(wanted, before->weight());
  const auto& balance = here.turn().balance;
  const auto needed = std::uint64_t{balance.in_use} + wanted;
  return needed > balance.limit ? needed - balance.limit : 0;
}

/// Whether a task goes on by itself: it runs, or what it waits for is neither a
/// task nor permits.
bool goes_on_by_itself(task_actor& task) {
  if (!task.state().hold())
    return task.state().current_phase() < task_state::phase::ended;
  const auto result = task.awaited() == nullptr && task.site() == nullptr
                   && !task.state().joins_children();
  task.let_go();
  return result;
}

} // namespace

deadlock_search::deadlock_search(task_actor* running) noexcept
  : running_(running) {
  // nop
}

deadlock_search::~deadlock_search() {
  locked_.clear(); // whoever is let go may want them
  for (auto* task : held_)
    task->let_go();
}

bool deadlock_search::surely_served(limiter_waiter& x, limiter_state& where,
                                    limiter_state::gate::session& here) {
  const auto missing = missing_for(x, here);
  std::uint64_t known = 0;
  std::uint64_t coming = 0;
  std::size_t looked = 0;
  where.for_each_holder(here, [&](task_actor& task, permit_count weight) {
    known += weight;
    if (&task != x.waiting_task() && goes_on_by_itself(task))
      coming += weight;
    return coming < missing && ++looked < most_looked_at;
  });
  if (coming >= missing)
    return true;
  // Those whom nobody knows go on, too; but only if all are looked at is it
  // known how many they are.
  const std::uint64_t in_use = here.turn().balance.in_use;
  return looked < most_looked_at && known < in_use
      && coming + (in_use - known) >= missing;
}

bool deadlock_search::refuse_if_in_circle(limiter_waiter& x,
                                          limiter_state& where) {
  std::lock_guard turn{one_at_a_time};
  deadlock_search search{x.waiting_task()};
  search.lock(where);
  return search.refuse_if_in_circle(x);
}

bool deadlock_search::refuse_all_in_circles(limiter_state& where) {
  std::lock_guard turn{one_at_a_time};
  auto result = false;
  deadlock_search search{nullptr};
  auto& here = search.lock(where).here;
  std::vector<limiter_waiter*> waiting;
  here.queue().for_each([&](keyed_waiter& x) {
    auto& waiter = static_cast<limiter_waiter&>(x);
    if (waiter.waiting_task() != nullptr)
      waiting.push_back(&waiter);
  });
  for (auto* x : waiting) {
    // The ones before may have been refused, and this one be served by that.
    if (x->state() != permit_waiter::phase::waiting
        || surely_served(*x, where, here))
      continue;
    auto& task = *x->waiting_task();
    search.known_.push_back(strong(task));
    if (search.hold(task) && search.refuse_if_in_circle(*x))
      result = true;
  }
  return result;
}

bool deadlock_search::refuse_if_in_circle(limiter_waiter& x) {
  auto& [alive, here] = locked_.front();
  if (x.state() != permit_waiter::phase::waiting)
    return false;
  auto circle = find_wait_cycle(
    wait_node{x.waiting_task(), goes_on},
    [this](const wait_node& node) { return conditions_of(node); });
  if (circle.empty())
    return false;
  auto result = alive->expel(x, describe(x, circle), here, woken_);
  alive->settle(here, woken_);
  return result;
}

deadlock_search::locked_limiter& deadlock_search::lock(limiter_state& x) {
  auto i = std::find_if(locked_.begin(), locked_.end(),
                        [&x](auto& y) { return y.alive.get() == &x; });
  return i != locked_.end() ? *i : locked_.emplace_back(x);
}

bool deadlock_search::hold(task_actor& task) {
  if (&task == running_
      || std::find(held_.begin(), held_.end(), &task) != held_.end())
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
  if (auto* site = dynamic_cast<permit_site*>(task.site())) {
    lock(site->limiter);
    return before_granted(site->waiter);
  }
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

deadlock_search::conditions deadlock_search::before_granted(limiter_waiter& x) {
  auto& site = static_cast<permit_site&>(*x.waiting_task()->site());
  auto& [limiter, here] = lock(site.limiter);
  if (x.state() != permit_waiter::phase::waiting)
    return {};
  condition result;
  result.needed = missing_for(x, here);
  std::uint64_t known = 0;
  limiter->for_each_holder(here, [&](task_actor& task, permit_count weight) {
    known_.push_back(strong(task));
    known += weight;
    result.suppliers.push_back({{&task, goes_on}, weight});
    return true;
  });
  const std::uint64_t in_use = here.turn().balance.in_use;
  if (known < in_use)
    result.suppliers.push_back({{}, in_use - known});
  return {std::move(result)};
}

// -- telling ------------------------------------------------------------------

std::string deadlock_search::describe(limiter_waiter& x,
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
      result += dynamic_cast<permit_site*>(site) != nullptr ? ", held by "
                                                            : ", such as ";
      result += name(to);
    }
  }
  return result + ": it would wait for itself";
}

std::string permit_site::what() const {
  const auto n = waiter.weight();
  return std::to_string(n) + (n == 1 ? " permit" : " permits") + " of limiter "
       + quoted(limiter.name());
}

} // namespace axiom::detail
