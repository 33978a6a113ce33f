#include "axiom/runtime/scheduler/scheduler_module.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <thread>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include "axiom/error/exception.hpp"

namespace axiom::runtime {

scheduler_module::scheduler_module(caf::actor_system& sys,
                                   const runtime_options& options)
  : super(sys),
    host(sys, options),
    threads_(options.threads),
    affinity_(options.affinity),
    clock_(timers()) {
  // nop
}

scheduler_module::~scheduler_module() = default;

// -- for workers --------------------------------------------------------------

bool scheduler_module::any_job() const noexcept {
  if (shared_.levels() != 0)
    return true;
  auto all = started();
  return std::any_of(all.begin(), all.end(),
                     [](auto& x) { return x->has_jobs(); });
}

void scheduler_module::inject(std::span<caf::resumable* const> jobs,
                              job_level level) {
  shared_.push(jobs, level);
  announce();
}

// -- host ---------------------------------------------------------------------

void scheduler_module::submit(caf::resumable* job, caf::execution_unit*,
                              job_level level, placement where) {
  // Not the unit tells where we are: it may be one that CAF makes up.
  auto* self = worker::here();
  if (self != nullptr && &self->parent() == this)
    self->add(job, level, where);
  else
    inject_from_outside({&job, 1}, level);
}

void scheduler_module::submit_batch(std::span<caf::resumable* const> jobs,
                                    caf::execution_unit*, job_level level) {
  if (jobs.empty())
    return;
  auto* self = worker::here();
  if (self != nullptr && &self->parent() == this) {
    for (auto* job : jobs)
      self->add_unannounced(job, level);
    announce();
  } else {
    inject_from_outside(jobs, level);
  }
}

void scheduler_module::inject_from_outside(
  std::span<caf::resumable* const> jobs, job_level level) {
  inject(jobs, level);
  // Either stop() finds the jobs in the queue, or we see that it has begun.
  if (leftovers_.is_open())
    give_up_shared();
}

void scheduler_module::give_up_shared() {
  std::vector<caf::resumable*> jobs;
  for (job_level level = 0; level < job_levels; ++level)
    if (auto* job = shared_.take(level, 1, shared_.size(level), jobs))
      leftovers_.take(job);
  for (auto* job : jobs)
    leftovers_.take(job);
}

host::new_identity scheduler_module::identify() noexcept {
  auto* self = worker::here();
  if (self == nullptr || &self->parent() != this)
    return host::identify();
  if (self->numbers_left() == 0)
    self->give_numbers(reserve_numbers(worker::numbers_at_once));
  return {self->take_number(), self->node()};
}

bool scheduler_module::on_worker_thread() const noexcept {
  auto* self = worker::here();
  return self != nullptr && &self->parent() == this;
}

bool scheduler_module::crowded() const noexcept {
  auto* self = worker::here();
  return self != nullptr && self->crowded();
}

std::size_t scheduler_module::workers() const noexcept {
  return active();
}

std::size_t scheduler_module::max_workers() const noexcept {
  return workers_.size();
}

void scheduler_module::set_workers(std::size_t n) {
  if (n < 1 || n > workers_.size())
    throw exception{errc::invalid_argument,
                    std::to_string(n)
                      + " workers asked for; this system takes 1 to "
                      + std::to_string(workers_.size())};
  std::lock_guard guard{changes_};
  if (active() != 0) // else it has stopped
    activate(static_cast<std::uint32_t>(n));
}

scheduler_stats scheduler_module::stats() const {
  scheduler_stats result;
  for (auto& x : started())
    result.workers.push_back(x->stats());
  for (std::size_t level = 0; level < job_levels; ++level)
    result.injected[level] = shared_.size(static_cast<job_level>(level));
  return result;
}

bool scheduler_module::look_at_actors(actor_sightings& into) const {
  for (auto& x : started())
    x->actors().look(into);
  return true;
}

void scheduler_module::activate(std::uint32_t n) {
  const auto before = active_.exchange(n, std::memory_order_seq_cst);
  for (auto i = started_.load(); i < n; ++i) {
    started_.store(i + 1, std::memory_order_release);
    workers_[i]->start();
  }
  // Who is parked may have to retire; who has retired, to come back.
  while (auto id = idle_.claim_any())
    workers_[*id]->wake();
  for (auto i = std::min(before, n); i < started_.load(); ++i)
    workers_[i]->wake();
}

// -- CAF's interface ----------------------------------------------------------

void scheduler_module::init(caf::actor_system_config& cfg) {
  super::init(cfg);
  max_throughput_ = finite_throughput(max_throughput_);
  num_workers_ = threads_ != 0 ? threads_ : usable_processors();
  const auto most = std::max<std::size_t>(num_workers_,
                                          std::thread::hardware_concurrency());
  const auto places = plan_workers(affinity_, most);
  workers_.reserve(most);
  for (std::size_t i = 0; i < most; ++i)
    workers_.push_back(std::make_unique<worker>(
      *this, static_cast<worker::id_type>(i), places[i]));
}

void scheduler_module::start() {
  activate(static_cast<std::uint32_t>(num_workers_));
  super::start();
}

void scheduler_module::stop() {
  // First what feeds the workers, then the workers.
  stop_services();
  clock_.stop();
  leftovers_.open();
  {
    std::lock_guard guard{changes_};
    activate(0);
  }
  for (auto& x : started())
    x->join();
  stop_actors();
  for (auto& x : started())
    x->drain([this](caf::resumable* job, job_level) { leftovers_.take(job); });
  give_up_shared();
  leftovers_.close();
}

void scheduler_module::enqueue(caf::resumable* job) {
  submit(job, nullptr, medium_level, placement::next);
}

actor_clock& scheduler_module::clock() noexcept {
  return clock_;
}

} // namespace axiom::runtime
