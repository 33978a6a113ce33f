#include "axiom/runtime/scheduler/worker.hpp"

#include <algorithm>
#include <chrono>

#include <pthread.h>

#include <caf/actor_system.hpp>
#include <caf/logger.hpp>
#include <caf/make_counted.hpp>

#include "axiom/runtime/scheduler/level_order.hpp"
#include "axiom/runtime/scheduler/scheduler_module.hpp"

namespace axiom::runtime {

namespace {

/// At most so many jobs change hands at a time: more would be stolen back.
constexpr std::size_t max_loot = 32;

/// Every so many picks a worker looks whether others have something more urgent:
/// at those halfway between two that a lower level has, since it would lose its
/// share to whatever is found.
constexpr std::uint64_t glance_share = 8;

std::int64_t now_ns() noexcept {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

thread_local constinit worker* this_worker = nullptr;

/// The same name with a reference count of its own.
caf::node_id deep_copy(const caf::node_id& from) {
  using default_data = caf::node_id::default_data;
  using uri_data = caf::node_id::uri_data;
  if (!from)
    return from;
  if (auto* x = dynamic_cast<const default_data*>(&*from))
    return caf::node_id{caf::make_counted<default_data>(x->process_id(),
                                                        x->host_id())};
  if (auto* x = dynamic_cast<const uri_data*>(&*from))
    return caf::node_id{caf::make_counted<uri_data>(x->value())};
  return from;
}

} // namespace

worker::worker(scheduler_module& parent, id_type id,
               std::optional<processor_id> place)
  : caf::execution_unit(&parent.system()),
    parent_(parent),
    id_(id),
    place_(place),
    random_(0x9e3779b97f4a7c15ULL * (id + 1)) {
  // nop
}

worker::~worker() = default;

// -- the thread ---------------------------------------------------------------

worker* worker::here() noexcept {
  return this_worker;
}

void worker::start() {
  thread_ = std::thread{[this] {
    CAF_SET_LOGGER_SYS(&system());
    pthread_setname_np(pthread_self(), "axiom.worker");
    system().thread_started();
    // Where that is forbidden, as in some containers, it runs unpinned.
    pinned_ = place_ && !pin_this_thread(*place_);
    node_ = deep_copy(system().node());
    this_worker = this;
    run();
    this_worker = nullptr;
    system().thread_terminates();
  }};
}

void worker::join() {
  thread_.join();
}

std::chrono::nanoseconds worker::busy() const noexcept {
  const auto now = busy_now();
  auto said = busy_said_.load(std::memory_order_relaxed);
  while (said < now
         && !busy_said_.compare_exchange_weak(said, now,
                                              std::memory_order_relaxed)) {
    // again
  }
  return std::chrono::nanoseconds{std::max(said, now)};
}

std::int64_t worker::busy_now() const noexcept {
  // A running worker's time counts up to now only if it runs now.
  auto seen = busy_.load(std::memory_order_acquire);
  while (seen < 0) {
    const auto now = now_ns();
    const auto again = busy_.load(std::memory_order_acquire);
    if (again == seen)
      return seen + now;
    seen = again;
  }
  return seen;
}

void worker::run() {
  work();
  for (;;) {
    if (dismissed()) {
      if (parent_.active() == 0)
        return;
      retire();
    } else if (auto* job = pick()) {
      execute(job);
    } else if ((job = idle())) {
      execute(job);
    }
  }
}

bool worker::dismissed() const noexcept {
  return id_ >= parent_.active();
}

void worker::execute(caf::resumable* job) {
  bump(picks_);
  auto* newcomer = seen_actors::newcomer(*job);
  if (newcomer != nullptr)
    actors_.begins(*newcomer);
  const auto result = job->resume(this, parent_.max_throughput());
  if (newcomer != nullptr)
    actors_.has_run(*newcomer, result);
  switch (result) {
    case caf::resumable::resume_later:
      add(job, medium_level, placement::last);
      break;
    default:
      intrusive_ptr_release(job);
  }
}

void worker::retire() {
  drain([this](caf::resumable* job, job_level level) {
    parent_.inject({&job, 1}, level);
  });
  present_ = 0;
  rest(worker_state::retired);
  while (dismissed() && parent_.active() != 0)
    parker_.wait();
  work();
}

void worker::work() noexcept {
  bump(busy_, -now_ns());
  state_.store(worker_state::running, std::memory_order_relaxed);
}

void worker::rest(worker_state state) noexcept {
  bump(busy_, now_ns());
  state_.store(state, std::memory_order_relaxed);
}

// -- adding jobs --------------------------------------------------------------

void worker::push(caf::resumable* job, job_level level) {
  queues_[level].push(job);
  present_ |= 1U << level;
}

void worker::add_unannounced(caf::resumable* job, job_level level) {
  push(job, level);
}

void worker::add(caf::resumable* job, job_level level, placement where) {
  switch (where) {
    case placement::next:
      // What is less urgent than something that is ready does not go before it.
      if ((present_ >> (level + 1)) != 0)
        break;
      if (auto* displaced = slot_.exchange(job, std::memory_order_seq_cst)) {
        push(displaced, slot_level());
        slot_level_.store(level, std::memory_order_relaxed);
        return parent_.announce();
      }
      slot_level_.store(level, std::memory_order_relaxed);
      return parent_.announce_slot();
    case placement::last:
      // Behind nothing at all it stays here, and nobody has to be woken, since
      // this worker looks for a job next.
      if (present_ == 0 && slot_.load(std::memory_order_relaxed) == nullptr
          && parent_.shared().levels() == 0)
        return push(job, level);
      return parent_.inject({&job, 1}, level);
    default:
      break;
  }
  push(job, level);
  parent_.announce();
}

void worker::exec_later(caf::resumable* job) {
  add(job, medium_level, placement::next);
}

bool worker::has_jobs() const noexcept {
  return std::any_of(queues_.begin(), queues_.end(),
                     [](auto& x) { return !x.empty(); });
}

worker_stats worker::stats() const {
  worker_stats result;
  if (pinned_)
    result.processor = place_;
  result.state = state_.load(std::memory_order_relaxed);
  result.executed = picks_.load(std::memory_order_relaxed);
  result.stolen = stolen_.load(std::memory_order_relaxed);
  result.parks = parks_.load(std::memory_order_relaxed);
  result.busy = busy();
  for (std::size_t level = 0; level < job_levels; ++level)
    result.queued[level] = queues_[level].size();
  if (slot_.load(std::memory_order_relaxed) != nullptr)
    ++result.queued[slot_level()];
  return result;
}

// -- finding a job ------------------------------------------------------------

caf::resumable* worker::pick() {
  const auto number = picks_.load(std::memory_order_relaxed) + 1;
  auto in_slot = slot_.load(std::memory_order_relaxed) != nullptr;
  auto ready = present_ | parent_.shared().levels()
               | (in_slot ? 1U << slot_level() : 0U);
  while (ready != 0) {
    const auto level = level_to_serve(ready, number);
    if (number % glance_share == glance_share / 2)
      if (auto* job = glance(level + std::size_t{1}))
        return job;
    if (takes_oldest(number))
      if (auto* job = take_oldest(level, prefers_own(number)))
        return job;
    if (auto* job = take_own(level))
      return job;
    ready &= ~(1U << level);
  }
  return nullptr;
}

caf::resumable* worker::take_own(job_level level) {
  if (slot_level() == level)
    if (auto* job = take_slot())
      return job;
  if (auto* job = queues_[level].pop())
    return job;
  present_ &= ~(1U << level);
  return take_shared(level);
}

caf::resumable* worker::take_oldest(job_level level, bool own_first) {
  if (own_first)
    if (auto* job = queues_[level].steal())
      return job;
  if (auto* job = take_shared(level))
    return job;
  return own_first ? nullptr : queues_[level].steal();
}

caf::resumable* worker::take_shared(job_level level) {
  auto& shared = parent_.shared();
  if ((shared.levels() & (1U << level)) == 0)
    return nullptr;
  auto* result = shared.take(level, parent_.started().size(), max_loot, taken_);
  if (taken_.empty())
    return result;
  // Pushed in reverse, since the newest runs first: the order they came in.
  for (; !taken_.empty(); taken_.pop_back())
    push(taken_.back(), level);
  parent_.announce(); // on the way from queue to queue nobody saw them
  return result;
}

caf::resumable* worker::take_slot() {
  if (slot_.load(std::memory_order_relaxed) == nullptr)
    return nullptr;
  return slot_.exchange(nullptr, std::memory_order_acquire);
}

worker& worker::random_worker() noexcept {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  auto all = parent_.started();
  return *all[(random_ >> 32) % all.size()];
}

caf::resumable* worker::glance(std::size_t lowest) {
  auto& victim = random_worker();
  if (&victim != this)
    for (auto level = job_levels; level > lowest; --level)
      if (auto* job = raid(victim, static_cast<job_level>(level - 1)))
        return job;
  return nullptr;
}

caf::resumable* worker::raid() {
  auto all = parent_.started();
  const auto first = random_worker().id_;
  for (auto level = job_levels; level > 0; --level)
    for (std::size_t i = 0; i < all.size(); ++i) {
      auto& victim = *all[(first + i) % all.size()];
      if (&victim != this)
        if (auto* job = raid(victim, static_cast<job_level>(level - 1)))
          return job;
    }
  return nullptr;
}

caf::resumable* worker::raid(worker& victim, job_level level) {
  auto& from = victim.queues_[level];
  const auto share = std::min(from.size() / 2, max_loot);
  caf::resumable* result = nullptr;
  while (result == nullptr && !from.empty())
    result = from.steal();
  if (result == nullptr)
    return nullptr;
  bump(stolen_);
  if (share <= 1)
    return result;
  for (std::size_t i = 1; i < share; ++i) {
    auto* job = from.steal();
    if (job == nullptr)
      break;
    push(job, level);
    bump(stolen_);
  }
  parent_.announce(); // on the way from queue to queue nobody saw them
  return result;
}

} // namespace axiom::runtime
