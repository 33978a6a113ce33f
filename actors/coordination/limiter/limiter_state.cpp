#include "axiom/coordination/limiter/limiter_state.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <caf/send.hpp>

#include "axiom/coordination/limiter/deadlock_search.hpp"
#include "axiom/task/reference.hpp"

namespace axiom::detail {

namespace {

std::string milliseconds(runtime::duration x) {
  auto ms = std::chrono::duration<double, std::milli>(x).count();
  auto result = std::to_string(ms);
  result.erase(result.find('.') + 2); // one digit is enough
  return result + " ms";
}

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

limiter_options checked(limiter_options x) {
  if (x.name.size() > max_task_name)
    throw exception{errc::name_too_long, "the name of a limiter has at most "
                                           + std::to_string(max_task_name)
                                           + " bytes"};
  if (auto problems = all_problems(x); !problems.empty())
    throw exception{errc::invalid_argument,
                    "limiter " + quoted(x.name) + ": " + problems};
  return x;
}

} // namespace

// -- construction -------------------------------------------------------------

limiter_state::limiter_state(runtime::host& where, limiter_options options)
  : options_(checked(std::move(options))),
    gate_(options_.max_concurrency,
          keyed() ? limiter_queue::kind::keyed : limiter_queue::kind::plain,
          options_.ageing),
    host_(&where) {
  if (adapts())
    adaptive_.emplace(options_.adaptive, options_.max_concurrency);
  for (auto& [key, share] : options_.shares)
    set_share(key, share);
  where.residents().add(*this);
}

limiter_state::~limiter_state() = default;

// -- its actor ----------------------------------------------------------------

void limiter_state::begin(limiter_actor actor) {
  std::lock_guard guard{timer_mutex_};
  actor_ = std::move(actor);
}

void limiter_state::actor_ended() noexcept {
  close(permit_refusal::closed);
  auto& host = *host_.load();
  host.residents().remove(*this);
  limiter_actor gone; // released without the lock
  std::lock_guard guard{timer_mutex_};
  host_ = nullptr;
  host.timers().cancel(attention_);
  std::swap(gone, actor_);
}

void limiter_state::attention::fire() noexcept {
  owner.armed_for_ = never;
  caf::anon_send(owner.actor_, tick_atom_v);
}

void limiter_state::attend(runtime::time_point when) noexcept {
  if (armed_for_.load(std::memory_order_relaxed) <= when)
    return;
  std::lock_guard guard{timer_mutex_};
  auto* host = host_.load();
  if (host == nullptr || armed_for_.load() <= when)
    return;
  host->timers().cancel(attention_);
  armed_for_ = when;
  host->timers().arm(attention_, when);
}

void limiter_state::tick() {
  std::size_t waiting = 0;
  locked([&waiting](auto& queue, auto& turn) {
    queue.advance(turn);
    waiting = queue.waiting();
  });
  if (waiting == 0) {
    search_interval_ = {};
    return;
  }
  // Circles that a task closed which began to wait for another one: nobody has
  // searched since. Less often while there are none.
  auto found = deadlock_search::refuse_all_in_circles(*this);
  search_interval_ = found || search_interval_ == runtime::duration::zero()
                     ? runtime::duration{defaults::deadlock_search_interval}
                     : std::min<runtime::duration>(
                       2 * search_interval_, defaults::deadlock_search_longest);
  attend(now() + search_interval_);
}

// -- permits that are there ---------------------------------------------------

holder_slot* limiter_state::try_take_in_turn(permit_count weight,
                                             std::string_view key,
                                             task_actor* holder) {
  struct asker final : limiter_waiter {
    using limiter_waiter::limiter_waiter;

    bool settled(woken_tasks&) noexcept override {
      return true; // does not wait
    }
  };
  asker x{weight, task_priority::high};
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
    if (holder != nullptr)
      holder->holds_one_more();
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
  locked([&](auto& queue, auto& turn) {
    queue.release(part, weight, turn);
    also(queue, turn);
    last = turn.balance.in_use == 0 && std::exchange(permits_counted_, false);
  });
  if (last)
    intrusive_ptr_release(this); // invariant 1
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

bool limiter_state::wake(limiter_waiter& x, runtime::time_point now,
                         woken_tasks& woken) noexcept {
  const auto granted = x.state() == permit_waiter::phase::granted;
  const auto waited = now - x.arrived();
  if (!granted)
    ++counters_.refused;
  if (!x.settled(woken))
    return false;
  if (granted)
    counters_.waits.observe(waited);
  return true;
}

template <class Event>
void limiter_state::locked(Event event) {
  std::optional<runtime::time_point> due;
  {
    woken_tasks woken;
    gate::session here{gate_, now()};
    event(here.queue(), here.turn());
    due = settle(here, woken);
  }
  if (due)
    attend(*due);
}

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

bool limiter_state::request(limiter_waiter& x, std::string_view key) {
  const auto time = now();
  x.expelled = limiter_waiter::expulsion::none;
  auto settled = false;
  auto stuck = false;
  std::optional<runtime::time_point> due;
  {
    woken_tasks woken;
    gate::session here{gate_, time};
    auto& turn = here.turn();
    here.queue().request(x, key, turn);
    due = here.settle([&](permit_waiter& other) {
      if (&other != &x)
        return wake(static_cast<limiter_waiter&>(other), time, woken);
      settled = true; // the caller's to see
      if (x.state() == permit_waiter::phase::granted)
        counters_.waits.observe({});
      else
        ++counters_.refused;
      return true;
    });
    if (!settled) {
      ++counters_.queued;
      stuck = x.waiting_task() != nullptr
           && !deadlock_search::surely_served(x, *this, here);
    }
  }
  if (settled)
    return true;
  // From here on `x` may be settled by others, and its owner may not, since
  // this is its thread: it is still there.
  if (stuck)
    deadlock_search::refuse_if_in_circle(x, *this);
  attend(
    std::min(due.value_or(never), time + defaults::deadlock_search_interval));
  return false;
}

bool limiter_state::withdraw(limiter_waiter& x) noexcept {
  auto result = false;
  locked([&](auto& queue, auto& turn) {
    result = queue.cancel(x, turn);
    counters_.cancelled += result ? 1 : 0;
  });
  return result;
}

void limiter_state::time_out(limiter_waiter& x,
                             runtime::time_point when) noexcept {
  // Called by a timer that fires: the service must not be called here.
  woken_tasks woken;
  gate::session here{gate_, when};
  if (here.queue().cancel(x, here.turn())) {
    x.expelled = limiter_waiter::expulsion::timed_out;
    ++counters_.timed_out;
    x.settled(woken);
  }
  settle(here, woken);
}

std::optional<runtime::time_point> limiter_state::settle(
  gate::session& here, woken_tasks& woken) noexcept {
  return here.settle([&](permit_waiter& x) {
    return wake(static_cast<limiter_waiter&>(x), here.turn().now, woken);
  });
}

bool limiter_state::expel(limiter_waiter& x, std::string circle,
                          gate::session& here, woken_tasks& woken) noexcept {
  if (!here.queue().cancel(x, here.turn()))
    return false;
  x.expelled = limiter_waiter::expulsion::deadlock;
  x.circle = std::move(circle);
  ++counters_.deadlocks;
  x.settled(woken);
  return true;
}

exception limiter_state::refused(const limiter_waiter& x) {
  const auto who = "limiter " + quoted(name());
  switch (x.expelled) {
    case limiter_waiter::expulsion::timed_out:
      locked([](auto&, auto&) {}); // to arm what `time_out` could not
      return {errc::deadline_exceeded, who + " did not grant "
                                         + permits(x.weight()) + " within "
                                         + milliseconds(now() - x.arrived())};
    case limiter_waiter::expulsion::deadlock:
      return {errc::resource_deadlock, x.circle};
    default:
      break;
  }
  switch (x.refusal()) {
    case permit_refusal::exceeds_capacity:
      return {errc::exceeds_capacity,
              permits(x.weight()) + " of " + who + " are asked for; the limit "
                + "is " + std::to_string(balance().limit)
                + (keyed() ? ", and other keys have their minima of it" : "")};
    case permit_refusal::shutting_down:
      return {errc::scope_closed, who + " is closed: the system stops"};
    default:
      return {errc::scope_closed, who + " is closed"};
  }
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

void limiter_state::close(permit_refusal why) noexcept {
  locked([&](auto& queue, auto& turn) {
    if (queue.closed())
      return;
    queue.close(why, turn);
    if (turn.balance.in_use > 0) {
      permits_counted_ = true; // invariant 1
      intrusive_ptr_add_ref(this);
    }
  });
}

// -- observing ----------------------------------------------------------------

limiter_stats limiter_state::stats() {
  limiter_stats result;
  result.name = name();
  const auto time = now();
  {
    gate::session here{gate_, time};
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

runtime::time_point limiter_state::now() const noexcept {
  auto* here = host();
  return here != nullptr ? here->timers().now() : runtime::time_point{};
}

// -- holder_registry ----------------------------------------------------------

void limiter_state::forget(const task_actor& holder) noexcept {
  // With the word frozen, see holder_slots: nobody is looking at the task.
  auto here = inspect();
  holders_.for_each([&](holder_slots& slots) {
    slots.for_each_held([&](holder_slot& x) {
      const auto* expected = &holder;
      x.holder.compare_exchange_strong(expected, nullptr);
      return true;
    });
  });
}

} // namespace axiom::detail
