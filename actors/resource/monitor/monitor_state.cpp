#include "axiom/resource/monitor/monitor_state.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "axiom/task/reference.hpp"
#include "coordination/waiting/place_of_impl.hpp"

namespace axiom::detail {

template class place_of<resource_gate>;

namespace {

/// All that is wrong with the options, in one text; empty if nothing is.
std::string all_problems(const resource_monitor_options& x) {
  std::vector<std::string> found;
  for (auto i = x.capacities.begin(); i != x.capacities.end(); ++i) {
    if (i->name().empty())
      found.emplace_back("a resource has no name");
    if (i->amount() == 0)
      found.push_back("the capacity of " + quoted(i->name())
                      + " is 0, so no request for it could ever be granted");
    if (std::any_of(x.capacities.begin(), i,
                    [i](auto& other) { return other.same_resource(*i); }))
      found.push_back("the capacity of " + quoted(i->name())
                      + " is given twice");
  }
  if (x.ageing < runtime::duration::zero())
    found.emplace_back("ageing is negative; use 0 to turn it off");
  std::string result;
  for (auto& text : found)
    result += (result.empty() ? "" : "; ") + text;
  return result;
}

const resource_monitor_options& checked(const resource_monitor_options& x) {
  if (x.name.size() > max_task_name)
    throw exception{errc::name_too_long,
                    "the name of a resource monitor has at most "
                      + std::to_string(max_task_name) + " bytes"};
  if (auto problems = all_problems(x); !problems.empty())
    throw exception{errc::invalid_argument,
                    "resource monitor " + quoted(x.name) + ": " + problems};
  return x;
}

resource_balances balances(const resource_monitor_options& x) {
  resource_balances result;
  for (const auto& capacity : checked(x).capacities)
    result.push_back({capacity.amount()});
  return result;
}

std::vector<resource_requirement> resources(const resource_requirements& x) {
  std::vector<resource_requirement> result;
  for (const auto& capacity : x)
    result.emplace_back(capacity.kind(),
                        capacity.kind() == resource_kind::custom
                          ? std::string{capacity.name()}
                          : std::string{},
                        0);
  return result;
}

/// Where the amounts of `x` go back to: the next one above that is not released
/// itself; null if they are free then.
lease_record* drawn_on(const lease_record& x) noexcept {
  auto* above = x.parent;
  while (above != nullptr && above->released)
    above = above->parent;
  return above;
}

/// Whose lease has to be given back before anything of `x` is free again.
lease_record& last_to_give_back(lease_record& x) noexcept {
  auto* result = &x;
  while (auto* above = drawn_on(*result))
    result = above;
  return *result;
}

} // namespace

// -- construction -------------------------------------------------------------

monitor_state::monitor_state(runtime::host& where,
                             resource_monitor_options options)
  : place_of(where, *this, balances(options), options.ageing),
    name_(std::move(options.name)),
    resources_(resources(options.capacities)),
    reclaimed_(resources_.size()) {
  move_in();
}

std::string monitor_state::who() const {
  return "resource monitor " + quoted(name_);
}

// -- names and numbers --------------------------------------------------------

std::size_t monitor_state::find(const resource_requirement& x) const noexcept {
  for (std::size_t i = 0; i < resources_.size(); ++i)
    if (resources_[i].same_resource(x))
      return i;
  return npos;
}

exception monitor_state::unknown(const resource_requirement& x) const {
  std::string known;
  for (const auto& y : resources_)
    known += (known.empty() ? "" : ", ") + quoted(y.name());
  return {errc::invalid_argument,
          who() + " has no " + quoted(x.name()) + "; it has " + known};
}

resource_amounts monitor_state::resolve(
  const resource_requirements& wanted) const {
  resource_amounts result;
  for (const auto& x : wanted) {
    const auto resource = find(x);
    if (resource == npos)
      throw unknown(x);
    if (x.amount() == 0)
      throw exception{errc::invalid_argument,
                      to_string(x) + " is asked for of " + who()
                        + "; ask for at least 1, or leave it out"};
    result.add({static_cast<std::uint32_t>(resource), x.amount()});
  }
  if (result.empty())
    throw exception{errc::invalid_argument, "nothing is asked for of " + who()
                                              + "; name at least one resource"};
  return result;
}

resource_requirement monitor_state::say(const resource_amount& x) const {
  const auto& resource = resources_[x.resource];
  return {resource.kind(),
          resource.kind() == resource_kind::custom
            ? std::string{resource.name()}
            : std::string{},
          x.units};
}

resource_requirements monitor_state::say(const resource_amounts& x) const {
  resource_requirements result;
  for (const auto& amount : x)
    result.add(say(amount));
  return result;
}

// -- requests -----------------------------------------------------------------

lease_record* monitor_state::try_take_in_turn(const resource_amounts& wanted,
                                              task_actor* holder) {
  resource_waiter x{wanted, task_priority::high};
  locked([&](auto& queue, auto& turn) {
    queue.request(x, turn);
    queue.cancel(x, turn); // if it is not settled
  });
  switch (x.state()) {
    case place_waiter::phase::granted:
      return &record(x, holder);
    case place_waiter::phase::failed:
      throw refused(x);
    default:
      return nullptr;
  }
}

bool monitor_state::request(waiter_type& x) {
  if (auto* task = x.waiting_task())
    note_holder(*task); // it may be granted at any time
  return request_by(x,
                    [&](auto& queue, auto& turn) { queue.request(x, turn); });
}

lease_record& monitor_state::record(const waiter_type& x, task_actor* holder) {
  auto& result = *x.record;
  if (holder == nullptr)
    return result;
  if (result.holder.load(std::memory_order_relaxed) != holder) {
    // A thread waited for it: others may wait for the task that it works for.
    note_holder(*holder);
    in_session([&result, holder](session&) {
      result.holder.store(holder, std::memory_order_relaxed);
    });
  }
  holder->holds_one_more();
  return result;
}

// -- leases -------------------------------------------------------------------

void monitor_state::drop(lease_record& x, session& here) noexcept {
  for (auto* next = &x; next != nullptr;) {
    auto* above = next->parent;
    here.records().give_back(*next);
    const auto done =
      above != nullptr && --above->shares == 0 && above->released;
    next = done ? above : nullptr;
  }
}

void monitor_state::give_back_in_session(lease_record& x) noexcept {
  monitor_ptr keep{this};
  auto last = false;
  in_session([&](session& here) {
    if (auto* above = drawn_on(x))
      above->amounts.add(x.amounts);
    else
      here.queue().release(x.amounts, here.turn());
    x.amounts.clear();
    x.holder.store(nullptr, std::memory_order_relaxed);
    x.released = true;
    if (x.shares == 0)
      drop(x, here);
    last = !here.anything_held() && last_came_back();
  });
  if (last)
    intrusive_ptr_release(this);
}

void monitor_state::give_back_part(lease_record& x,
                                   const resource_amounts& part) {
  resource_amounts has;
  in_session([&](session& here) {
    has = x.amounts;
    if (!has.covers(part))
      return;
    x.amounts.subtract(part);
    if (auto* above = drawn_on(x))
      above->amounts.add(part);
    else
      here.queue().release(part, here.turn());
  });
  if (!has.covers(part))
    throw exception{errc::invalid_argument,
                    to_string(say(part)) + " cannot be given back to " + who()
                      + ": the lease has " + to_string(say(has))};
}

lease_record& monitor_state::share(lease_record& x,
                                   const resource_amounts& part,
                                   task_actor* holder) {
  if (holder != nullptr)
    note_holder(*holder);
  lease_record* result = nullptr;
  resource_amounts has;
  in_session([&](session& here) {
    has = x.amounts;
    if (!has.covers(part))
      return;
    result = &here.records().take(*this, part);
    result->holder.store(holder, std::memory_order_relaxed);
    result->parent = &x;
    ++x.shares;
    x.amounts.subtract(part);
  });
  if (result == nullptr)
    throw exception{errc::exceeds_capacity,
                    to_string(say(part)) + " cannot be drawn on a lease of "
                      + who() + " that has " + to_string(say(has)) + " left"};
  if (holder != nullptr)
    holder->holds_one_more();
  return *result;
}

void monitor_state::absorb(lease_record& x, lease_record& other) {
  auto possible = x.monitor == other.monitor;
  if (possible)
    in_session([&](session& here) {
      possible =
        x.parent == nullptr && other.parent == nullptr && other.shares == 0;
      if (!possible)
        return;
      x.amounts.add(other.amounts);
      returns(other);
      here.records().give_back(other);
    });
  if (!possible)
    throw exception{errc::invalid_argument,
                    "a lease of " + who()
                      + " takes over another one of the same monitor on which "
                        "nothing is drawn, and neither is drawn on another"};
}

resource_requirements monitor_state::held(const lease_record& x) {
  auto here = inspect();
  return say(x.amounts);
}

// -- what there is ------------------------------------------------------------

void monitor_state::set_capacity(const resource_requirement& x) {
  const auto resource = find(x);
  if (resource == npos)
    throw unknown(x);
  if (x.amount() == 0)
    throw exception{errc::invalid_argument,
                    "the capacity of " + quoted(x.name()) + " of " + who()
                      + " cannot be set to 0; use at least 1, or close it"};
  locked([&](auto& queue, auto& turn) {
    queue.set_capacity(resource, x.amount(), turn);
  });
}

void monitor_state::set_headroom(resource_kind kind, std::uint64_t units) {
  const auto resource = find({kind, {}, 0});
  if (resource != npos)
    locked([&](auto& queue, auto& turn) {
      queue.set_headroom(resource, units, turn);
    });
}

void monitor_state::set_admission(resource_admission how) {
  locked([how](auto& queue, auto& turn) { queue.set_admission(how, turn); });
}

// -- observing ----------------------------------------------------------------

resource_stats monitor_state::stats() {
  resource_stats result;
  result.name = name_;
  const auto time = now();
  session here{gate(), time};
  auto& queue = here.queue();
  const auto& balances = here.turn().balances;
  for (std::size_t i = 0; i < resources_.size(); ++i)
    result.resources.push_back(
      {say({static_cast<std::uint32_t>(i), balances[i].capacity}),
       balances[i].in_use, queue.waiting_for(i), reclaimed_[i]});
  result.waiting = queue.waiting();
  queue.for_each([&](place_waiter& x) {
    result.oldest_wait = std::max<std::chrono::nanoseconds>(result.oldest_wait,
                                                            time - x.arrived());
  });
  here.records().for_each([&](lease_record&) { ++result.leases; });
  result.granted = here.granted();
  result.queued = counters_.queued;
  result.cancelled = counters_.cancelled;
  result.timed_out = counters_.timed_out;
  result.refused = counters_.refused;
  result.deadlocks = counters_.deadlocks;
  result.waits = counters_.waits;
  // The others did not queue, and waited for nothing.
  result.waits.observe({}, result.granted - result.waits.count);
  return result;
}

void monitor_state::add_holdings(std::vector<resource_holding>& into) {
  std::vector<std::pair<task_ptr, resource_amounts>> found;
  {
    auto here = inspect();
    here.records().for_each([&found](lease_record& x) {
      if (auto* holder = x.holder.load(std::memory_order_relaxed))
        found.emplace_back(strong(*holder), x.amounts);
    });
  }
  for (auto& [task, amounts] : found) {
    const auto held = say(amounts);
    into.push_back(
      {name_, as_task(task)->reference(), {held.begin(), held.end()}});
  }
}

void monitor_state::count_reclaimed(const resource_requirements& what) {
  auto here = inspect();
  for (const auto& x : what)
    reclaimed_[find(x)] += x.amount();
}

// -- waiting_place ------------------------------------------------------------

std::string monitor_state::describe(const place_waiter& x) const {
  const auto& waiter = static_cast<const waiter_type&>(x);
  return to_string(say(waiter.amounts())) + " of " + who();
}

std::string monitor_state::not_granted_within(const waiter_type& x,
                                              std::string_view span) {
  return who() + " did not grant " + to_string(say(x.amounts())) + " within "
       + std::string{span};
}

exception monitor_state::too_much(const resource_amounts& wanted,
                                  session& here) const {
  for (const auto& x : wanted) {
    const auto capacity = here.turn().balances[x.resource].capacity;
    if (x.units > capacity)
      return {errc::exceeds_capacity,
              to_string(say(x)) + " is asked for; " + who() + " has "
                + to_string(say({x.resource, capacity}))};
  }
  // The capacity has risen again meanwhile.
  return {errc::exceeds_capacity,
          to_string(say(wanted)) + " was more than " + who() + " had"};
}

exception monitor_state::why_failed(const waiter_type& x) {
  if (x.refusal() != resource_refusal::exceeds_capacity)
    return {errc::scope_closed, who() + " is closed"};
  auto here = inspect();
  return too_much(x.amounts(), here);
}

place_session::shortages monitor_state::shortages_of(waiter_type& x,
                                                     session& here) {
  place_session::shortages result;
  const auto& balances = here.turn().balances;
  for (const auto& [resource, units] : x.amounts()) {
    auto demand = saturated_sum(balances[resource].in_use, units);
    here.queue().for_each_before(x, [&](resource_waiter& other) {
      demand = saturated_sum(demand, other.amounts().of(resource));
    });
    // What is kept back for the memory's sake comes by itself.
    if (demand > balances[resource].capacity)
      result.push_back({resource, demand - balances[resource].capacity});
  }
  return result;
}

void monitor_state::for_each_supplier(
  waiter_type& x, std::size_t kind, session& here,
  const place_session::supply_visitor& visit) {
  const auto resource = static_cast<std::uint32_t>(kind);
  std::uint64_t known = 0;
  auto more = true;
  here.records().for_each([&](lease_record& record) {
    const auto units = record.amounts.of(resource);
    if (units == 0 || !more)
      return;
    auto* holder =
      last_to_give_back(record).holder.load(std::memory_order_relaxed);
    if (holder == nullptr)
      return; // nobody knows who
    known += units;
    more = visit(holder, units);
  });
  here.queue().for_each_before(x, [&](resource_waiter& other) {
    const auto units = other.amounts().of(resource);
    if (units > 0 && more)
      more = visit(other.waiting_task(), units);
  });
  const auto in_use = here.turn().balances[kind].in_use;
  if (more && known < in_use)
    visit(nullptr, in_use - known);
}

bool monitor_state::all_holders(
  session& here, const place_session::holder_predicate& goes_on) {
  // A waiter is short of all that those before him ask for, so a search would
  // look at each of them, and at all before each.
  auto result = true;
  here.records().for_each([&](lease_record& record) {
    auto* holder = record.holder.load(std::memory_order_relaxed);
    result = result && (holder == nullptr || goes_on(*holder));
  });
  return result;
}

void monitor_state::lend_to_holders(session& here, priority_loans& loans) {
  const auto wanted = urgency_of_resources(here);
  here.records().for_each([&](lease_record& record) {
    runtime::job_level level = 0;
    for (const auto& x : record.amounts)
      level = std::max(level, wanted[x.resource]);
    // What is drawn on a lease is free when that comes back as well.
    for (auto* x = &record; x != nullptr && level > 0; x = x->parent)
      if (auto* holder = x->holder.load(std::memory_order_relaxed))
        loans.lend(*holder, level);
  });
}

std::vector<runtime::job_level> monitor_state::urgency_of_resources(
  session& here) {
  constexpr auto nobody = std::numeric_limits<std::size_t>::max();
  const auto& balances = here.turn().balances;
  const auto admission = here.queue().admission();
  // One at a time: each waits for whatever is held.
  if (admission == resource_admission::serial)
    return std::vector(resources_.size(), static_cast<runtime::job_level>(
                                            *here.queue().most_urgent()));
  // Whoever does not fit beside those before him is short of a resource; and so
  // are all behind him that want it, for what he wants is set aside.
  std::vector<resource_waiter*> waiting;
  std::vector<std::uint64_t> aside(resources_.size());
  std::vector<std::size_t> first_short(resources_.size(), nobody);
  here.queue().for_each_in_turn([&](resource_waiter& x) {
    for (const auto& [resource, units] : x.amounts()) {
      auto& before = aside[resource];
      if (first_short[resource] == nobody
          && units > balances[resource].room(admission, before))
        first_short[resource] = waiting.size();
      before = saturated_sum(before, units);
    }
    waiting.push_back(&x);
  });
  // From the last to the first, since who is kept waiting by what is set aside
  // for another one waits for all that this one is short of.
  std::vector<runtime::job_level> result(resources_.size());
  for (auto i = waiting.size(); i-- > 0;) {
    const auto& x = *waiting[i];
    auto level = static_cast<runtime::job_level>(x.priority());
    for (const auto& amount : x.amounts())
      level = std::max(level, result[amount.resource]);
    for (const auto& amount : x.amounts())
      if (first_short[amount.resource] <= i)
        result[amount.resource] = level;
  }
  return result;
}

// -- holder_registry ----------------------------------------------------------

void monitor_state::forget(const task_actor& holder) noexcept {
  in_session([&holder](session& here) {
    here.records().for_each([&holder](lease_record& x) {
      if (x.holder.load(std::memory_order_relaxed) == &holder)
        x.holder.store(nullptr, std::memory_order_relaxed);
    });
  });
}

} // namespace axiom::detail
