// Running a task: the trampoline of its coroutines, and what the thread knows
// about the task it runs.

#include "axiom/task/detail/task_actor.hpp"

#include <utility>

#include "axiom/task/detail/tree_walk.hpp"

namespace axiom::detail {

// -- the thread's current task ------------------------------------------------

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

// -- running ------------------------------------------------------------------

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
      result->at = wall_time();
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
    if (phase == task_state::phase::ended && state_.take_over())
      complete();
    return done;
  }
  step todo = step::suspend;
  auto verdict = state_.begin_run();
  if (verdict == task_state::verdict::leave)
    return awaiting_message;
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
        state_.requeue();
        submit(unit, runtime::placement::last);
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

} // namespace axiom::detail
