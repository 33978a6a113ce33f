#include "axiom/error/supervisor/supervisor_state.hpp"

#include <utility>

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

namespace axiom::detail {

supervisor_state::supervisor_state(runtime::host& where,
                                   const supervisor_options& options,
                                   supervisor_family_ptr family)
  : host_(where),
    name_(options.name),
    root_(family == nullptr),
    family_(root_ ? supervisor_family_ptr{new supervisor_family}
                  : std::move(family)),
    window_(options.within, options.error_history),
    tasks_(options.coordinator) {
  // nop
}

supervisor_state::~supervisor_state() = default;

// -- events -------------------------------------------------------------------

void supervisor_state::post(event x) noexcept {
  supervisor_actor actor;
  {
    std::lock_guard guard{mutex_};
    if (gone_)
      return;
    events_.push_back(std::move(x));
    actor = actor_;
  }
  // A child that fills the mailbox does not keep others' ends from being heard.
  caf::anon_send<caf::message_priority::high>(actor, child_event_atom_v, false);
}

void supervisor_state::tick() noexcept {
  supervisor_actor actor;
  {
    std::lock_guard guard{mutex_};
    if (gone_)
      return;
    actor = actor_;
  }
  caf::anon_send<caf::message_priority::high>(actor, tick_atom_v);
}

// -- for the actor ------------------------------------------------------------

void supervisor_state::begin(supervisor_actor actor) {
  {
    std::lock_guard guard{mutex_};
    actor_ = std::move(actor);
  }
  family_->enter(*this);
  if (root_)
    host_.residents().add(*family_);
}

std::optional<supervisor_state::event> supervisor_state::take() {
  std::lock_guard guard{mutex_};
  if (events_.empty())
    return std::nullopt;
  auto result = std::move(events_.front());
  events_.pop_front();
  return result;
}

void supervisor_state::note(task_error error, runtime::time_point now) {
  std::vector<task_error> dropped; // destroyed without the lock
  std::lock_guard guard{mutex_};
  errors_.fetch_add(1, std::memory_order_relaxed);
  window_.add(std::move(error), now, dropped);
}

void supervisor_state::hold_errors() noexcept {
  std::lock_guard guard{mutex_};
  window_.hold();
}

void supervisor_state::published(std::uint64_t children, std::uint64_t active,
                                 std::uint64_t restarts) noexcept {
  children_.store(children, std::memory_order_relaxed);
  active_.store(active, std::memory_order_relaxed);
  restarts_.store(restarts, std::memory_order_relaxed);
}

void supervisor_state::conclude(std::optional<failure> outcome) {
  {
    std::lock_guard guard{mutex_};
    outcome_ = std::move(outcome);
  }
  ended_.store(true, std::memory_order_release);
}

void supervisor_state::gone() noexcept {
  if (root_)
    host_.residents().remove(*family_);
  family_->leave(*this);
  supervisor_actor actor; // all released without the lock
  std::deque<event> events;
  std::optional<structured_task_coordinator> tasks;
  std::lock_guard guard{mutex_};
  gone_ = true;
  std::swap(actor, actor_);
  std::swap(events, events_);
  std::swap(tasks, tasks_);
}

structured_task_coordinator supervisor_state::tasks() {
  auto known = [this]() -> std::optional<structured_task_coordinator> {
    std::lock_guard guard{mutex_};
    if (gone_)
      throw exception{errc::scope_closed,
                      "supervisor " + quoted(name_) + " has ended"};
    return tasks_;
  };
  if (auto result = known())
    return *std::move(result);
  // Without the lock, since it asks for the time; of two, one is dropped.
  auto made =
    structured_task_coordinator::spawn(*host_.info().system, {.name = name_});
  {
    std::lock_guard guard{mutex_};
    if (!gone_ && !tasks_)
      tasks_ = made;
  }
  return *known();
}

// -- for everybody ------------------------------------------------------------

std::optional<failure> supervisor_state::outcome() const {
  std::lock_guard guard{mutex_};
  return outcome_;
}

std::vector<task_error> supervisor_state::errors() const {
  std::lock_guard guard{mutex_};
  return window_.list();
}

bool supervisor_state::errors_overflowed() const {
  std::lock_guard guard{mutex_};
  return window_.overflowed();
}

supervisor_stats supervisor_state::stats() const {
  supervisor_stats result;
  result.name = name_;
  result.children = children_.load(std::memory_order_relaxed);
  result.active = active_.load(std::memory_order_relaxed);
  result.starts = starts_.load(std::memory_order_relaxed);
  result.restarts = restarts_.load(std::memory_order_relaxed);
  result.errors = errors_.load(std::memory_order_relaxed);
  return result;
}

} // namespace axiom::detail
