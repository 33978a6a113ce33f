#include "axiom/task/detail/task_actor.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <mutex>
#include <utility>

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>

#include "axiom/error/concurrent_errors.hpp"
#include "axiom/task/detail/extras.hpp"
#include "axiom/task/detail/tree_walk.hpp"
#include "axiom/task/detail/work_list.hpp"

namespace axiom::detail {

// -- the thread's current task ---------------------------------------------------

namespace {

struct thread_context {
  task_actor* task = nullptr;
  caf::execution_unit* unit = nullptr;
  /// The task this thread resumed last. The scheduler releases its reference
  /// right after resuming; a release of anything else is of a job never run.
  const task_actor* just_ran = nullptr;
  bool in_handler = false;
};

thread_local constinit thread_context here;

} // namespace

task_actor* current_task() noexcept {
  return here.task;
}

caf::execution_unit* current_unit() noexcept {
  return here.unit;
}

bool in_cancel_handler() noexcept {
  return here.in_handler;
}

current_task_scope::current_task_scope(task_actor* task,
                                       caf::execution_unit* unit) noexcept
  : previous_task_(std::exchange(here.task, task)),
    previous_unit_(std::exchange(here.unit, unit)) {
  // nop
}

current_task_scope::~current_task_scope() {
  here.task = previous_task_;
  here.unit = previous_unit_;
}

handler_scope::handler_scope() noexcept
  : no_task_(nullptr, nullptr),
    previous_(std::exchange(here.in_handler, true)) {
  // nop
}

handler_scope::~handler_scope() {
  here.in_handler = previous_;
}

// -- construction ----------------------------------------------------------------

task_actor::task_actor(caf::actor_config& cfg, const task_seed& seed)
  : caf::monitorable_actor(cfg),
    parent_(seed.parent),
    node_kind_(seed.kind),
    domain_(seed.domain),
    environment_(seed.environment),
    name_(seed.name.data()),
    created_at_(seed.domain->host().timers().now()),
    parent_number_(
      seed.parent != nullptr && seed.parent->node_kind_ != task_kind::root
        ? seed.parent->id()
        : 0),
    context_(*this),
    name_length_(static_cast<std::uint8_t>(seed.name.size())),
    priority_(seed.priority            ? *seed.priority
              : seed.parent != nullptr ? seed.parent->priority_
                                       : task_priority::medium),
    own_deadline_(seed.own_deadline) {
  // nop
}

task_actor::~task_actor() {
  if (outcome_ == outcome_kind::failed && !observed())
    domain_->unobserved_failure(reference(), *failure_);
  if (auto* cause = cause_.load(std::memory_order_relaxed))
    intrusive_ptr_release(cause);
  delete extras_.load(std::memory_order_relaxed);
}

void task_actor::launch() {
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
  if (admitted == task_state::admission::closed)
    throw exception{errc::scope_closed,
                    quoted(parent_->task_name())
                      + " takes no more children: it has ended or is "
                        "shutting down"};
  intrusive_ptr_add_ref(ctrl()); // invariant 1
  domain_->host().metrics().local().add(runtime::counter::created);
  if (domain_->watched())
    publish(task_phase::created);
  if (admitted == task_state::admission::cancelled)
    return born_cancelled();
  if (own_deadline_)
    extras().deadline.set(environment_->deadline);
  if (node_kind_ == task_kind::external) {
    if (domain_->watched())
      publish(task_phase::started);
    return;
  }
  state_.queue();
  submit(current_unit());
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

// -- identity ----------------------------------------------------------------------

const char* task_actor::name() const {
  return name_;
}

task_reference task_actor::reference() const {
  task_reference result;
  result.id = identity();
  result.parent = visible_parent().value_or(task_id{});
  result.name = task_name();
  result.priority = priority_;
  result.created_at = domain_->wall_time(created_at_);
  result.local = caf::weak_actor_ptr{ctrl()};
  return result;
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
  if (here.task == this)
    return environment_;
  std::lock_guard guard{lock_};
  return environment_;
}

void task_actor::environment(environment_ptr value) noexcept {
  std::lock_guard guard{lock_};
  environment_.swap(value);
}

// -- outcome -----------------------------------------------------------------------

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

// -- waiting -----------------------------------------------------------------------

void waiter::call_out(task_actor&) noexcept {
  // nop
}

bool task_actor::add_waiter(waiter& x) noexcept {
  std::lock_guard guard{lock_};
  if (state_.terminal())
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

void task_actor::submit(caf::execution_unit* unit) noexcept {
  intrusive_ptr_add_ref(ctrl());
  if (node_kind_ == task_kind::blocking && !started_)
    host().submit_blocking(this);
  else
    host().submit(this, unit);
}

// -- running -----------------------------------------------------------------------

caf::resumable::subtype_t task_actor::subtype() const {
  // Not function_object: CAF's network backend runs those on its own thread.
  return unspecified;
}

void task_actor::intrusive_ptr_add_ref_impl() {
  intrusive_ptr_add_ref(ctrl());
}

void task_actor::intrusive_ptr_release_impl() {
  if (here.just_ran == this) {
    here.just_ran = nullptr;
  } else if (!state_.terminal()) {
    // The scheduler stops and throws away what it never ran. A task does not
    // vanish without its end.
    auto cause = cancel_cause_ptr{[this] {
      auto* result = new cancel_cause;
      result->reason = cancel_reason::shutdown;
      result->target = identity();
      result->target_name = task_name();
      result->origin = "the scheduler, which has stopped";
      result->at = domain_->wall_time(host().timers().now());
      return result;
    }()};
    tree_walk::run(*this, cause, tree_walk::mode::kill,
                   tree_walk::context::open, nullptr);
    resume(nullptr, 0);
    here.just_ran = nullptr;
  }
  intrusive_ptr_release(ctrl());
}

caf::resumable::resume_result task_actor::resume(caf::execution_unit* unit,
                                                 std::size_t) {
  struct mark_ran {
    const task_actor* self;
    ~mark_ran() {
      here.just_ran = self;
    }
  } mark{this};
  current_task_scope scope{this, unit};
  if (auto phase = state_.current_phase(); phase >= task_state::phase::ended) {
    // Handed over by a thread that must run no user code: to be settled, or
    // only to be released.
    if (phase == task_state::phase::ended)
      complete();
    return done;
  }
  step todo = step::suspend;
  auto verdict = state_.begin_run();
  if (!started_) {
    started_ = true;
    if (verdict == task_state::verdict::stop) {
      cancel_outcome(); // before its body ran
      todo = step::done;
    } else {
      todo = begin_body();
    }
    verdict = task_state::verdict::go;
  } else {
    todo = step::transfer;
  }
  for (;;) {
    switch (verdict) {
      case task_state::verdict::leave:
        return awaiting_message; // maybe running elsewhere already
      case task_state::verdict::stop:
        todo = unwind();
        break;
      case task_state::verdict::go:
        break;
    }
    verdict = task_state::verdict::go;
    switch (todo) {
      case step::transfer:
        top_->self.resume();
        todo = step_;
        break;
      case step::suspend:
      case step::join:
        verdict = state_.suspend(todo == step::join);
        todo = step::transfer;
        break;
      case step::yield:
        // Behind all others: some schedulers put `resume_later` in front, others
        // what comes through the unit.
        state_.requeue();
        submit(nullptr);
        return awaiting_message;
      case step::done:
        if (outcome_ == outcome_kind::pending)
          harvest();
        body_ended();
        if (state_.end_body())
          complete();
        return done;
    }
  }
}

task_actor::step task_actor::begin_body() noexcept {
  if (domain_->watched())
    publish(task_phase::started);
  return start_body();
}

task_actor::step task_actor::unwind() noexcept {
  auto to_the_top = state_.killed();
  while (top_ != nullptr) {
    auto* done = top_;
    top_ = done->caller;
    auto caught = done->boundary && !to_the_top;
    if (done->owner != nullptr)
      *done->owner = nullptr;
    done->self.destroy(); // runs the destructors of its variables
    if (caught)
      return step::transfer; // the caller finds its callee gone
  }
  cancel_outcome();
  return step::done;
}

void task_actor::end_externally(std::optional<failure> why,
                                bool was_cancelled) noexcept {
  if (why)
    fail(std::move(*why));
  else if (was_cancelled)
    cancel_outcome();
  else
    succeed();
  if (state_.end_body())
    complete();
}

void task_actor::end_root() noexcept {
  succeed();
  if (state_.end_body())
    complete();
}

// -- the end -----------------------------------------------------------------------

void task_actor::complete() noexcept {
  work_list::settle(*this);
}

void task_actor::before_end() noexcept {
  surface_children_failures();
}

void task_actor::deliver() noexcept {
  // nop
}

void task_actor::killed() noexcept {
  // nop
}

void task_actor::settle() noexcept {
  auto& dom = *domain_;
  auto is_root = node_kind_ == task_kind::root;
  // What is called from here runs in no task: functors of other actors, say.
  // (The one that this thread just ran takes no more children.)
  current_task_scope no_task{nullptr, here.unit};
  if (auto* extras = extras_if())
    extras->deadline.clear();
  {
    current_task_scope scope{this, here.unit};
    release_body(); // gives back what the task held
    before_end();
  }
  if (!is_root) {
    auto [what, phase] = [this] {
      switch (outcome_) {
        case outcome_kind::failed:
          return std::pair{runtime::counter::failed, task_phase::failed};
        case outcome_kind::cancelled:
          return std::pair{runtime::counter::cancelled, task_phase::cancelled};
        default:
          return std::pair{runtime::counter::completed, task_phase::completed};
      }
    }();
    dom.host().metrics().local().add(what);
    if (dom.watched())
      publish(phase);
  }
  deliver();
  bool observed_by_caf;
  {
    std::lock_guard guard{lock_};
    observed_by_caf = state_.finish();
  }
  if (observed_by_caf)
    cleanup(exit_error(), here.unit);
  // Waiters that only wake fire under the lock, so that a waiter which leaves
  // at this moment knows where it stands. The others follow without it.
  waiter* calling = nullptr;
  for (;;) {
    std::unique_lock guard{lock_};
    auto* next = waiters_.pop();
    if (next == nullptr)
      break;
    auto calls_out = waiter_list::calls_out(*next);
    if (next->fire(*this))
      mark_observed();
    calling = calls_out ? next : nullptr;
    guard.unlock();
    if (calling != nullptr)
      calling->call_out(*this);
  }
  if (is_root)
    dom.tree_ended();
  else
    leave_parent();
  intrusive_ptr_release(ctrl()); // invariant 1; maybe the last one
}

void task_actor::leave_parent() noexcept {
  if (parent_ == nullptr)
    return; // born cancelled
  auto& parent = *parent_;
  if (outcome_ == outcome_kind::failed && !observed())
    parent.child_failed(*this);
  {
    std::lock_guard guard{parent.lock_};
    if (pins_ > 0) {
      intrusive_ptr_add_ref(ctrl()); // the walk's, released by it
      gone_ = true;
      return;
    }
    parent.unlink(*this);
  }
  switch (parent.child_removed()) {
    case task_state::after_child::submit:
      parent.submit(here.unit);
      break;
    case task_state::after_child::settle:
      parent.complete();
      break;
    default:
      break;
  }
}

void task_actor::unlink(task_actor& child) noexcept {
  (child.previous_ != nullptr ? child.previous_->next_ : first_) = child.next_;
  (child.next_ != nullptr ? child.next_->previous_ : last_) = child.previous_;
}

task_state::after_child task_actor::child_removed() noexcept {
  return state_.child_gone();
}

void task_actor::body_ended() noexcept {
  // nop
}

void task_actor::child_failed(task_actor& child) noexcept {
  if (node_kind_ == task_kind::root)
    return; // reported when the last handle to the child is gone
  auto& x = extras();
  std::vector<task_ptr> seen; // released without the lock
  std::lock_guard guard{lock_};
  x.failed.push_back(strong(child));
  if (x.failed.size() >= x.prune_at) {
    auto middle = std::partition(x.failed.begin(), x.failed.end(),
                                 [](auto& y) { return !as_task(y)->observed(); });
    seen.assign(std::make_move_iterator(middle),
                std::make_move_iterator(x.failed.end()));
    x.failed.erase(middle, x.failed.end());
    x.prune_at = 2 * x.failed.size() + 16;
  }
}

void task_actor::surface_children_failures() noexcept {
  auto* x = extras_if();
  if (x == nullptr || x->failed.empty())
    return;
  auto children = std::exchange(x->failed, {});
  std::vector<task_error> errors;
  for (auto& ptr : children) {
    auto& child = *as_task(ptr);
    if (child.observed())
      continue;
    child.mark_observed();
    errors.push_back({child.reference(), child.why_failed(), timestamp::clock::now(), {}});
  }
  if (errors.empty())
    return;
  if (outcome_ == outcome_kind::failed) {
    fail(with_suppressed(*failure_, reference(), std::move(errors)));
  } else {
    // It returned a value, or was cancelled: either way the error is real.
    fail(to_failure(concurrent_errors{std::move(errors)}));
  }
}

void task_actor::publish(task_phase phase) const noexcept {
  task_lifecycle_event event;
  event.task = reference();
  event.phase = phase;
  event.at = domain_->wall_time(host().timers().now());
  if (phase == task_phase::failed)
    event.detail = failure_->what();
  else if (phase == task_phase::cancelled)
    event.detail = to_string(*cause());
  domain_->publish(event);
}

// -- tree --------------------------------------------------------------------------

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
