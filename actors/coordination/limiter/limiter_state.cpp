#include "axiom/coordination/limiter/limiter_state.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "axiom/task/reference.hpp"
#include "coordination/waiting/place_of_impl.hpp"

namespace axiom::detail {

template class place_of<permit_gate<limiter_queue>>;

namespace {

std::string permits(std::uint64_t n) {
  return std::to_string(n) + (n == 1 ? " permit" : " permits");
}

/// All that is wrong with the options, in one text; empty if nothing is.
std::string all_problems(const limiter_options& x) {
  std::vector<std::string> found;
  if (x.max_concurrency == 0)
    found.emplace_back("max_concurrency is 0, so nothing could ever run; use "
                       "at least 1");
  else if (x.max_concurrency > max_permits)
    found.push_back("max_concurrency is " + std::to_string(x.max_concurrency)
                    + "; the most is " + std::to_string(max_permits));
  if (x.ageing < runtime::duration::zero())
    found.emplace_back("ageing is negative; use 0 to turn it off");
  for (auto& text : problems_of(x.adaptive, x.max_concurrency))
    found.push_back("adaptive: " + text);
  if (x.sharing == limiter_sharing::together && !x.shares.empty())
    found.emplace_back("shares are given, but it is not shared by key; set "
                       "sharing to limiter_sharing::by_key");
  std::uint64_t minima = 0;
  for (auto& [key, share] : x.shares) {
    minima += share.minimum;
    if (share.weight == 0 || share.weight > max_key_weight)
      found.push_back("the weight of key " + quoted(key) + " is "
                      + std::to_string(share.weight) + "; it is 1 to "
                      + std::to_string(max_key_weight));
  }
  if (minima > x.max_concurrency && x.max_concurrency != 0)
    found.push_back("the keys' minima add up to " + std::to_string(minima)
                    + ", more than max_concurrency, which is "
                    + std::to_string(x.max_concurrency));
  std::string result;
  for (auto& text : found)
    result += (result.empty() ? "" : "; ") + text;
  return result;
}

const limiter_options& checked(const limiter_options& x) {
  if (x.name.size() > max_task_name)
    throw exception{errc::name_too_long, "the name of a limiter has at most "
                                           + std::to_string(max_task_name)
                                           + " bytes"};
  if (auto problems = all_problems(x); !problems.empty())
    throw exception{errc::invalid_argument,
                    "limiter " + quoted(x.name) + ": " + problems};
  return x;
}

/// How many permits have to come back before `x` is served, as far as those
/// before it are known.
std::uint64_t missing_for(keyed_waiter& x, limiter_state::session& here) {
  auto wanted = x.weight();
  if (auto* before = here.queue().before(x))
    wanted = std::max(wanted, before->weight());
  const auto& balance = here.turn().balance;
  const auto needed = std::uint64_t{balance.in_use} + wanted;
  return needed > balance.limit ? needed - balance.limit : 0;
}

} // namespace

// -- construction -------------------------------------------------------------

limiter_state::limiter_state(runtime::host& where, limiter_options options)
  : place_of(where, checked(options).max_concurrency,
             options.sharing == limiter_sharing::by_key
               ? limiter_queue::kind::keyed
               : limiter_queue::kind::plain,
             options.ageing),
    options_(std::move(options)) {
  if (adapts())
    adaptive_.emplace(options_.adaptive, options_.max_concurrency);
  for (auto& [key, share] : options_.shares)
    set_share(key, share);
  move_in();
}

limiter_state::~limiter_state() = default;

// -- permits that are there ---------------------------------------------------

holder_slot* limiter_state::try_take_in_turn(permit_count weight,
                                             std::string_view key,
                                             task_actor* holder) {
  keyed_waiter x{weight, task_priority::high};
  locked([&](auto& queue, auto& turn) {
    queue.request(x, key, turn);
    queue.cancel(x, turn); // if it is not settled
  });
  switch (x.state()) {
    case permit_waiter::phase::granted:
      return &record(weight, x.part(), holder);
    case permit_waiter::phase::failed:
      throw refused(x);
    default:
      return nullptr;
  }
}

holder_slot& limiter_state::record(permit_count weight, key_part* part,
                                   task_actor* holder) {
  try {
    auto& result = holders_.local().take(*this, weight, holder);
    result.part = part;
    if (adapts()) {
      result.taken_at = now();
      result.in_flight = balance().in_use;
    }
    if (holder != nullptr) {
      holder->holds_one_more();
      note_holder(*holder);
    }
    return result;
  } catch (...) {
    give_back(weight, part);
    throw;
  }
}

template <class Also>
void limiter_state::give_back_and(permit_count weight, key_part* part,
                                  Also also) noexcept {
  limiter_ptr keep{this}; // others may give back the last ones meanwhile
  auto last = false;
  in_session([&](session& here) {
    here.queue().release(part, weight, here.turn());
    also(here.queue(), here.turn());
    last = !here.anything_held() && last_came_back();
  });
  if (last)
    intrusive_ptr_release(this);
}

void limiter_state::give_back_queued(permit_count weight,
                                     key_part* part) noexcept {
  give_back_and(weight, part, [](auto&, auto&) {});
}

void limiter_state::give_back_sampled(holder_slot& x) noexcept {
  auto as = x.sampled_as;
  auto* holder = current_task();
  if (as == holder_slot::sample::counted && holder != nullptr
      && holder == x.holder.load(std::memory_order_relaxed)
      && holder->state().cancelled())
    as = holder->cause()->reason == cancel_reason::deadline
         ? holder_slot::sample::dropped
         : holder_slot::sample::ignored;
  const auto weight = x.weight.load(std::memory_order_relaxed);
  auto* part = x.part;
  const limit_sample sample{x.taken_at, now() - x.taken_at, x.in_flight,
                            as == holder_slot::sample::dropped};
  holder_slots::clear(x); // before the permits are back: see holder_slots
  give_back_and(weight, part, [&](auto& queue, auto& turn) {
    if (as == holder_slot::sample::ignored || queue.closed())
      return;
    const auto limit = static_cast<permit_count>(adaptive_->add(sample));
    if (limit != turn.balance.limit)
      queue.set_limit(limit, turn);
  });
}

// -- waiting ------------------------------------------------------------------

void limiter_state::check_weight(std::uint64_t weight) const {
  if (weight >= 1 && weight <= max_permits)
    return;
  if (weight == 0)
    throw exception{errc::invalid_argument,
                    "0 permits of limiter " + quoted(name())
                      + " are asked for; ask for at least 1"};
  throw exception{errc::exceeds_capacity,
                  permits(weight) + " of limiter " + quoted(name())
                    + " are asked for; no limiter has more than "
                    + std::to_string(max_permits)};
}

bool limiter_state::request(waiter_type& x, std::string_view key) {
  return request_by(
    x, [&](auto& queue, auto& turn) { queue.request(x, key, turn); });
}

std::string limiter_state::who() const {
  return "limiter " + quoted(name());
}

std::string limiter_state::describe(const place_waiter& x) const {
  return permits(static_cast<const waiter_type&>(x).weight()) + " of " + who();
}

std::string limiter_state::not_granted_within(const waiter_type& x,
                                              std::string_view span) {
  return who() + " did not grant " + permits(x.weight()) + " within "
       + std::string{span};
}

exception limiter_state::why_failed(const waiter_type& x) {
  switch (x.refusal()) {
    case permit_refusal::exceeds_capacity:
      return {errc::exceeds_capacity,
              describe(x) + " are asked for; the limit is "
                + std::to_string(balance().limit)
                + (keyed() ? ", and other keys have their minima of it" : "")};
    case permit_refusal::shutting_down:
      return {errc::scope_closed, who() + " is closed: the system stops"};
    default:
      return {errc::scope_closed, who() + " is closed"};
  }
}

// -- waiting_place ------------------------------------------------------------

place_session::shortages limiter_state::shortages_of(waiter_type& x,
                                                     session& here) {
  return {{0, missing_for(x, here)}};
}

void limiter_state::for_each_supplier(
  waiter_type&, std::size_t, session& here,
  const place_session::supply_visitor& visit) {
  std::uint64_t known = 0;
  auto more = true;
  for_each_holder(here, [&](task_actor& task, permit_count weight) {
    known += weight;
    more = visit(&task, weight);
    return more;
  });
  const std::uint64_t in_use = here.turn().balance.in_use;
  if (more && known < in_use)
    visit(nullptr, in_use - known);
}

void limiter_state::lend_to_holders(session& here, priority_loans& loans) {
  const auto level =
    static_cast<runtime::job_level>(*here.queue().most_urgent());
  for_each_holder(here, [&](task_actor& task, permit_count) {
    loans.lend(task, level);
    return true;
  });
}

// -- the limit ----------------------------------------------------------------

void limiter_state::set_limit(std::uint64_t limit) {
  if (adapts())
    throw exception{errc::invalid_argument,
                    "the limit of limiter " + quoted(name())
                      + " cannot be set: it adapts by itself ("
                      + to_string(options_.adaptive.algorithm) + ')'};
  auto why = permit_refusal::limit_out_of_range;
  permit_count minima = 0;
  if (limit <= max_permits)
    locked([&](auto& queue, auto& turn) {
      why = queue.set_limit(static_cast<permit_count>(limit), turn);
      minima = queue.minima();
    });
  switch (why) {
    case permit_refusal::none:
      return;
    case permit_refusal::minima_exceed_limit:
      throw exception{errc::invalid_argument,
                      "the limit of limiter " + quoted(name())
                        + " cannot be set to " + std::to_string(limit)
                        + ": its keys' minima add up to "
                        + std::to_string(minima)};
    default:
      throw exception{errc::invalid_argument,
                      "the limit of limiter " + quoted(name())
                        + " cannot be set to " + std::to_string(limit)
                        + "; it is 1 to " + std::to_string(max_permits)};
  }
}

void limiter_state::set_share(std::string_view key, key_share share) {
  const auto who = "key " + quoted(key) + " of limiter " + quoted(name());
  if (!keyed())
    throw exception{errc::invalid_argument,
                    who
                      + ": it is not shared by key; make it with "
                        "limiter_sharing::by_key"};
  auto why = permit_refusal::none;
  locked(
    [&](auto& queue, auto& turn) { why = queue.set_share(key, share, turn); });
  if (why == permit_refusal::key_weight_out_of_range)
    throw exception{errc::invalid_argument,
                    who + ": its weight is " + std::to_string(share.weight)
                      + "; it is 1 to " + std::to_string(max_key_weight)};
  if (why == permit_refusal::minima_exceed_limit)
    throw exception{errc::invalid_argument,
                    who + ": with a minimum of " + std::to_string(share.minimum)
                      + " the keys' minima add up to more than the limit, "
                        "which is "
                      + std::to_string(balance().limit)};
}

// -- observing ----------------------------------------------------------------

limiter_stats limiter_state::stats() {
  limiter_stats result;
  result.name = name();
  const auto time = now();
  {
    session here{gate(), time};
    result.limit = here.turn().balance.limit;
    result.in_use = here.turn().balance.in_use;
    result.waiting = here.queue().waiting();
    here.queue().for_each([&](permit_waiter& x) {
      result.oldest_wait = std::max<std::chrono::nanoseconds>(
        result.oldest_wait, time - x.arrived());
    });
    result.queued = counters_.queued;
    result.cancelled = counters_.cancelled;
    result.timed_out = counters_.timed_out;
    result.refused = counters_.refused;
    result.deadlocks = counters_.deadlocks;
    result.reclaimed = counters_.reclaimed;
    result.waits = counters_.waits;
  }
  std::uint64_t recorded = 0;
  holders_.for_each([&](holder_slots& x) { recorded += x.count(); });
  // Who was granted and is not written down yet counts; the others that did not
  // queue waited for nothing.
  result.granted = std::max(recorded, result.waits.count);
  result.waits.observe({}, result.granted - result.waits.count);
  return result;
}

void limiter_state::add_holdings(std::vector<permit_holding>& into) {
  std::vector<std::pair<task_ptr, permit_count>> found;
  {
    auto here = inspect();
    for_each_holder(here, [&found](task_actor& task, permit_count weight) {
      found.emplace_back(strong(task), weight);
      return true;
    });
  }
  for (auto& [task, weight] : found)
    into.push_back({name(), as_task(task)->reference(), weight});
}

void limiter_state::count_reclaimed(permit_count n) {
  locked([&](auto&, auto&) { counters_.reclaimed += n; });
}

// -- holder_registry ----------------------------------------------------------

void limiter_state::forget(const task_actor& holder) noexcept {
  // With the word frozen, see holder_slots: nobody is looking at the task.
  locked([&](auto&, auto&) {
    holders_.for_each([&](holder_slots& slots) {
      slots.for_each_held([&](holder_slot& x) {
        const auto* expected = &holder;
        x.holder.compare_exchange_strong(expected, nullptr);
        return true;
      });
    });
  });
}

} // namespace axiom::detail
