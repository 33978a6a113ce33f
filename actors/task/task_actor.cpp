#include "axiom/task/detail/task_actor.hpp"

#include <algorithm>
#include <memory>
#include <mutex>

#include "axiom/task/detail/extras.hpp"
#include "axiom/task/detail/live_tasks.hpp"

namespace axiom::detail {

// -- construction -------------------------------------------------------------

task_actor::task_actor(caf::actor_config& cfg, const task_seed& seed)
  : caf::monitorable_actor(cfg),
    state_(seed.kind == task_kind::root || seed.kind == task_kind::external
             ? task_state::phase::idle
             : task_state::phase::woken),
    parent_(seed.parent),
    node_kind_(seed.kind),
    system_(&seed.domain->system()),
    domain_(seed.domain),
    environment_(seed.environment),
    created_at_(host().timers().recently()),
    parent_number_(seed.parent != nullptr
                       && seed.parent->node_kind_ != task_kind::root
                     ? seed.parent->id()
                     : 0),
    context_(*this),
    urgency_(seed.priority            ? *seed.priority
             : seed.parent != nullptr ? seed.parent->priority()
                                      : task_priority::medium),
    name_offset_(static_cast<std::uint16_t>(
      seed.name.data() - reinterpret_cast<const char*>(this))),
    name_length_(static_cast<std::uint8_t>(seed.name.size())),
    own_deadline_(seed.own_deadline),
    holds_domain_(seed.kind == task_kind::root),
    sheddable_(seed.sheddable) {
  if (holds_domain_)
    intrusive_ptr_add_ref(domain_);
  if (parent_ != nullptr)
    urgency_.lent_by_parent(parent_->urgency_.to_children());
  live_tasks::add(1);
}

task_actor::~task_actor() {
  live_tasks::add(-1);
  if (holds_domain_) {
    if (outcome_ == outcome_kind::failed && !observed())
      domain_->unobserved_failure(reference(), *failure_);
    intrusive_ptr_release(domain_);
  }
  if (auto* cause = cause_.load(std::memory_order_relaxed))
    intrusive_ptr_release(cause);
  delete extras_.load(std::memory_order_relaxed);
}

void task_actor::launch(std::size_t kept) {
  if (sheddable_)
    extras(); // here it may fail
  // Nobody else knows the task yet: no need to count one by one. One reference
  // is invariant 1, the other goes with the task into the scheduler's queue.
  auto& references = ctrl()->strong_refs;
  references.store(kept + 2, std::memory_order_relaxed);
  auto admitted = task_state::admission::admitted;
  {
    std::lock_guard guard{parent_->lock_};
    if (node_kind_ == task_kind::shield)
      parent_->state_.admit_shielded();
    else
      admitted = parent_->state_.admit();
    if (admitted == task_state::admission::admitted) {
      previous_ = parent_->last_;
      (previous_ != nullptr ? previous_->next_ : parent_->first_) = this;
      parent_->last_ = this;
    }
  }
  if (admitted == task_state::admission::closed) {
    references.store(1, std::memory_order_relaxed);
    throw exception{errc::scope_closed,
                    quoted(parent_->task_name())
                      + " takes no more children: it has ended or is "
                        "shutting down"};
  }
  host().metrics().local().add(runtime::counter::created);
  if (domain_->watched())
    publish(task_phase::created);
  if (admitted == task_state::admission::cancelled) {
    intrusive_ptr_release(ctrl());
    return born_cancelled();
  }
  if (own_deadline_)
    extras().deadline.set(environment_->deadline);
  if (sheddable_)
    domain_->sheddable().add(extras().sheddable);
  if (node_kind_ == task_kind::external) {
    if (domain_->watched())
      publish(task_phase::started);
    intrusive_ptr_release(ctrl());
    return;
  }
  // Others know it since it is in its parent's list, and raise it where that is
  // raised: it does not begin before it is complete and its creation was told.
  urgency_.lent_by_parent(parent_->urgency_.to_children());
  state_.queue();
  enqueue_self(current_unit(), runtime::placement::fresh);
}

void task_actor::born_cancelled() noexcept {
  auto* cause = parent_->cause_.load(std::memory_order_acquire);
  intrusive_ptr_add_ref(cause);
  cause_.store(cause, std::memory_order_release);
  parent_ = nullptr; // never in its list
  state_.signal(false);
  cancel_outcome();
  if (state_.end_body())
    complete();
}

// -- identity -----------------------------------------------------------------

task_reference task_actor::reference() const {
  task_reference result;
  result.id = identity();
  result.parent = visible_parent().value_or(task_id{});
  result.name = task_name();
  result.priority = priority();
  result.created_at = system_->wall_time(created_at_);
  result.local = caf::weak_actor_ptr{ctrl()};
  return result;
}

timestamp task_actor::wall_time() const noexcept {
  return system_->wall_time(host().timers().now());
}

bool task_actor::is_below(const task_actor& other) const noexcept {
  for (auto* i = this; i != nullptr; i = i->parent_)
    if (i == &other)
      return true;
  return false;
}

cancel_reason task_actor::reason() const noexcept {
  auto* cause = cause_.load(std::memory_order_acquire);
  return cause->target == identity() ? cause->reason
                                     : cancel_reason::parent_cancelled;
}

environment_ptr task_actor::environment_snapshot() const noexcept {
  if (current_task() == this)
    return environment_;
  std::lock_guard guard{lock_};
  return environment_;
}

void task_actor::environment(environment_ptr value) noexcept {
  std::lock_guard guard{lock_};
  environment_.swap(value);
}

// -- outcome ------------------------------------------------------------------

void task_actor::throw_unless_value() const {
  switch (outcome_) {
    case outcome_kind::failed:
      failure_->rethrow();
    case outcome_kind::cancelled:
      throw cancelled_error{cause()};
    default:
      break;
  }
}

caf::error task_actor::exit_error() const {
  switch (outcome_) {
    case outcome_kind::failed:
      return failure_->error();
    case outcome_kind::cancelled:
      return make_cancelled_error(*cause());
    default:
      return caf::none;
  }
}

void task_actor::end_by(std::exception_ptr thrown) noexcept {
  if (state_.cancelled()) {
    try {
      std::rethrow_exception(thrown);
    } catch (const cancelled_error&) {
      return cancel_outcome();
    } catch (...) {
      // a failure of its own, cancelled or not
    }
  }
  fail(failure::from(std::move(thrown)));
}

start_signal* task_actor::starting() noexcept {
  return nullptr;
}

// -- waiting ------------------------------------------------------------------

void waiter::call_out(task_actor&) noexcept {
  // nop
}

bool task_actor::add_waiter(waiter& x) noexcept {
  std::lock_guard guard{lock_};
  if (!state_.note_waiter())
    return false;
  waiters_.push(x);
  return true;
}

void task_actor::remove_waiter(waiter& x) noexcept {
  std::lock_guard guard{lock_};
  if (x.linked())
    waiter_list::remove(x);
}

bool task_actor::wake(std::uint16_t epoch) noexcept {
  switch (state_.wake(epoch)) {
    case task_state::wake_result::submit:
      submit(current_unit());
      return true;
    case task_state::wake_result::noted:
      return true;
    default:
      return false;
  }
}

void task_actor::let_go() noexcept {
  if (state_.let_go())
    submit(current_unit());
}

void task_actor::submit(caf::execution_unit* unit,
                        runtime::placement where) noexcept {
  prepare_submission();
  enqueue_self(unit, where);
}

runtime::job_level task_actor::prepare_submission() noexcept {
  intrusive_ptr_add_ref(ctrl()); // the queue's
  // The parent lives: this thread alone can bring the task to its end now.
  if (parent_ != nullptr)
    urgency_.lent_by_parent(parent_->urgency_.to_children());
  return level();
}

task_ptr task_actor::awaited() const noexcept {
  // It is there as long as it is awaited, and so while the task stands still.
  auto* x = awaited_.load(std::memory_order_seq_cst);
  return x != nullptr ? strong(*x) : nullptr;
}

void task_actor::awaits_nothing() noexcept {
  std::lock_guard guard{lock_}; // who follows the wait holds it
  awaited_.store(nullptr, std::memory_order_relaxed);
}

void task_actor::queues_at(wait_site& where) noexcept {
  std::lock_guard guard{lock_};
  site_ = &where;
  queues_ = true;
}

void task_actor::queues_no_more() noexcept {
  std::lock_guard guard{lock_};
  queues_ = false;
  site_ = nullptr;
}

void task_actor::enqueue_self(caf::execution_unit* unit,
                              runtime::placement where) noexcept {
  if (node_kind_ == task_kind::blocking && !started_)
    host().submit_blocking(this);
  else
    host().submit(this, unit, level(), where);
}

// -- tree ---------------------------------------------------------------------

std::vector<task_ptr> task_actor::children() const {
  std::vector<task_ptr> result;
  // Room is made without the lock; a list that grows meanwhile starts again.
  for (auto room = std::size_t{8};; room *= 2) {
    room = std::max<std::size_t>(room, state_.children() + 8);
    result.clear();
    result.reserve(room);
    std::lock_guard guard{lock_};
    auto* child = first_;
    for (; child != nullptr && result.size() < result.capacity();
         child = child->next_)
      if (!child->state_.terminal())
        result.emplace_back(child->ctrl(), true);
    if (child == nullptr)
      return result;
  }
}

task_extras& task_actor::extras() {
  if (auto* result = extras_if())
    return *result;
  auto fresh = std::make_unique<task_extras>(*this);
  task_extras* none = nullptr;
  if (extras_.compare_exchange_strong(none, fresh.get(),
                                      std::memory_order_acq_rel))
    return *fresh.release();
  return *none;
}

} // namespace axiom::detail
