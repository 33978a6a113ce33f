#pragma once

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <caf/actor_config.hpp>
#include <caf/monitorable_actor.hpp>
#include <caf/resumable.hpp>
#include <caf/system_messages.hpp>

#include "axiom/error/failure.hpp"
#include "axiom/runtime/small_mutex.hpp"
#include "axiom/task/cancellation.hpp"
#include "axiom/task/context.hpp"
#include "axiom/task/detail/environment.hpp"
#include "axiom/task/detail/frame.hpp"
#include "axiom/task/detail/task_domain.hpp"
#include "axiom/task/detail/task_state.hpp"
#include "axiom/task/detail/urgency.hpp"
#include "axiom/task/detail/waiter.hpp"
#include "axiom/task/lifecycle.hpp"

namespace axiom {
struct task_error;
} // namespace axiom

namespace axiom::detail {

struct task_extras;
class start_signal;
class task_actor;
class wait_site;

using task_ptr = caf::intrusive_ptr<caf::actor_control_block>;

/// How a task ended.
enum class outcome_kind : std::uint8_t { pending, value, failed, cancelled };

/// What kind of node this is in the tree.
enum class task_kind : std::uint8_t {
  plain, ///< runs a callable or a coroutine on a worker
  blocking, ///< runs a callable on a thread of its own
  external, ///< stands for something that ends by itself: an adopted actor
  shield, ///< clean-up which a walk spares within its budget
  root ///< a coordinator's node; has no body
};

/// What a new task is made from.
struct task_seed {
  task_domain* domain;
  task_actor* parent; ///< null for a root node
  std::string_view name;
  std::optional<task_priority> priority;
  task_kind kind = task_kind::plain;
  environment_ptr environment{}; ///< what it inherits
  bool own_deadline = false; ///< earlier than any above: it needs a timer
  bool sheddable = false; ///< see task_options
};

/// A task: a lean CAF actor with a place in a tree.
///
/// The problem: an `event_based_actor` takes over a kilobyte and a trip through
/// a mailbox for everything, and CAF's links cost O(n) each. A task has no
/// mailbox: a message to it is handled in `enqueue`, on the sender's thread;
/// its links to parent and children are an intrusive list.
///
/// Who may touch what:
/// - `state_`: anybody; see task_state for the protocol.
/// - `first_`, `last_`, and in each child `next_`, `previous_`, `pins_`,
///   `gone_`: under `lock_` of the *parent*.
/// - `waiters_`, the contents of `extras_`, `queues_`, and changes of
///   `environment_`: under `lock_` of the task itself. `site_` too while
///   `queues_` is set.
/// - `top_`, `step_`, `site_`, `holdings_` while the body runs: the thread that
///   runs it.
///   The outcome is immutable once the task is terminal.
/// - `parent_`: set at creation, valid until the task is out of its parent's
///   list, and thus as long as the task has not ended.
///
/// Invariants:
/// 1. A task holds one reference to itself from creation until it has settled.
/// 2. A parent is not terminal before all its children have left its list.
/// 3. A child that ended leaves the list at once, unless a walk is pinned on
///    it; then the walk takes it out when it moves on.
/// 4. At most two list locks are held at a time, the parent's first. No lock of
///    CAF's (`mtx_`) is taken while one is held, nor any user code run; so an
///    exit message may be handled inside CAF's own critical sections, where
///    `mtx_` of both partners of a link is held.
/// 5. Nothing recurses along the tree: ends climb through the thread's work
///    list, walks go by the tree's own pointers.
class task_actor : public caf::monitorable_actor, public caf::resumable {
public:
  // -- construction -----------------------------------------------------------

  task_actor(caf::actor_config& cfg, const task_seed& seed);
  ~task_actor() override;

  /// Takes its place in the parent's list and goes to the scheduler. Throws
  /// `errc::scope_closed` if the parent takes no more children. Under a
  /// cancelled parent the task ends at once, without running its body.
  /// @param kept how many references the caller has from now on, 1 or 0; with 0
  ///   the task may be gone when this returns
  /// @pre nobody but the caller knows the task, by one reference
  void launch(std::size_t kept = 1);

  // -- identity ---------------------------------------------------------------

  const char* name() const override {
    // In the same block of memory: see task_storage.
    return reinterpret_cast<const char*>(this) + name_offset_;
  }

  std::string_view task_name() const noexcept {
    return {name(), name_length_};
  }

  task_id identity() const noexcept {
    return id_of(id());
  }

  task_reference reference() const;

  /// Its own.
  task_priority priority() const noexcept {
    return urgency_.own();
  }

  /// The level that counts: its own, or that of a more urgent task which waits
  /// for it. See inheritance.
  runtime::job_level level() const noexcept {
    return urgency_.level();
  }

  /// Whether who waits for it with `level` has something to lend.
  bool gains_from(runtime::job_level level) const noexcept {
    return level > urgency_.level_without_parent();
  }

  /// Whether it is more urgent than of its own.
  bool raised() const noexcept {
    return urgency_.raised();
  }

  /// @pre the task has not ended
  task_domain& domain() const noexcept {
    return *domain_;
  }

  const runtime::system_info& system() const noexcept {
    return *system_;
  }

  /// @pre the actor system exists
  runtime::host& host() const noexcept {
    return *system_->home;
  }

  task_context& context() noexcept {
    return context_;
  }

  /// @pre the task has not ended
  task_actor* parent() const noexcept {
    return parent_;
  }

  /// The parent's identity, unless that is a coordinator's root node.
  std::optional<task_id> visible_parent() const noexcept {
    if (parent_number_ == 0)
      return std::nullopt;
    return id_of(parent_number_);
  }

  /// The time on the wall by the clock of its system.
  /// @pre the actor system exists; no lock is held that a timer may want
  timestamp wall_time() const noexcept;

  /// What its children inherit; for the thread that runs the task.
  const environment_ptr& environment() const noexcept {
    return environment_;
  }

  /// The same for any thread.
  environment_ptr environment_snapshot() const noexcept;

  /// Replaces it; for the thread that runs the task.
  void environment(environment_ptr value) noexcept;

  task_kind node_kind() const noexcept {
    return node_kind_;
  }

  /// Whether `other` is this task or above it. O(depth).
  /// @pre the task has not ended
  bool is_below(const task_actor& other) const noexcept;

  // -- state ------------------------------------------------------------------

  task_state& state() noexcept {
    return state_;
  }

  const task_state& state() const noexcept {
    return state_;
  }

  /// Why it is being cancelled; null if it is not.
  cancel_cause_ptr cause() const noexcept {
    return cancel_cause_ptr{cause_.load(std::memory_order_acquire)};
  }

  /// The reason as this task sees it: the request's own for its target,
  /// `parent_cancelled` below.
  cancel_reason reason() const noexcept;

  // -- outcome; valid once terminal -------------------------------------------

  outcome_kind outcome() const noexcept {
    return outcome_;
  }

  const failure& why_failed() const noexcept {
    return *failure_;
  }

  /// Somebody has looked at the outcome: a failure no longer surfaces above.
  void mark_observed() noexcept {
    outcome_seen_.store(true, std::memory_order_release);
  }

  bool observed() const noexcept {
    return outcome_seen_.load(std::memory_order_acquire);
  }

  /// Throws unless the task has a value.
  void throw_unless_value() const;

  /// The error that an actor linked to it gets: none on success.
  caf::error exit_error() const;

  // -- waiting ----------------------------------------------------------------

  /// Returns false if the task has ended: `x` will not be fired.
  bool add_waiter(waiter& x) noexcept;

  /// After this `x` has been fired or never will be.
  void remove_waiter(waiter& x) noexcept;

  /// Notes what the task waits for until `awaits_nothing`; for the thread that
  /// runs it, which holds a reference to `other` that long.
  void awaits(task_actor& other) noexcept {
    awaited_.store(&other, std::memory_order_seq_cst);
  }

  void awaits_nothing() noexcept;

  /// What it waits for; null if it awaits nothing, `site` if that is no task.
  /// @pre the caller holds the task, or runs it
  task_ptr awaited() const noexcept;

  /// The same for waits for anything else, null if there is none.
  /// @pre the caller holds the task, or runs it
  wait_site* site() const noexcept {
    return site_;
  }

  /// Sets it; for the thread that runs the task.
  void waits_at(wait_site* where) noexcept {
    site_ = where;
  }

  /// The same for a site with a listener, until `queues_no_more`.
  void queues_at(wait_site& where) noexcept;

  void queues_no_more() noexcept;

  /// Null if it queues nowhere.
  /// @pre the caller has the lock
  wait_site* queue_site() const noexcept {
    return queues_ ? site_ : nullptr;
  }

  /// Counts what is written down in a holder_registry as held by this task; for
  /// the thread that runs it. What is given back elsewhere stays counted.
  void holds_one_more() noexcept {
    ++holdings_;
  }

  void holds_one_less() noexcept {
    --holdings_;
  }

  /// Ends `state().hold()`.
  void let_go() noexcept;

  /// Wakes the suspension `epoch` and hands the task to a worker. Returns
  /// false if that suspension is over: see task_state::wake.
  bool wake(std::uint16_t epoch) noexcept;

  // -- for the body, on its own thread ----------------------------------------

  /// What the trampoline does when the coroutine returns to it.
  enum class step : std::uint8_t { transfer, suspend, join, yield, done };

  void next(step value) noexcept {
    step_ = value;
  }

  frame* top() const noexcept {
    return top_;
  }

  void top(frame* value) noexcept {
    top_ = value;
  }

  /// For an external task: its end.
  void end_externally(std::optional<failure> why, bool was_cancelled) noexcept;

  /// For a root node: no body, so the end comes with the last child.
  void end_root() noexcept;

  /// Keeps errors that something in the body has borne, and that nobody gets
  /// otherwise since the body is being unwound: the error that the task ends
  /// with suppresses them. A task that ends cancelled, as the one above it does
  /// or since a sibling has failed, leaves them to that one. With a value, or
  /// cancelled by itself, it has no place for them.
  void bear(std::vector<task_error>&& errors);

  /// Whom to tell that it is started; null if nobody asked.
  virtual start_signal* starting() noexcept;

  // -- tree -------------------------------------------------------------------

  runtime::small_mutex& lock() noexcept {
    return lock_;
  }

  /// Strong references to the children that have not ended, oldest first.
  std::vector<task_ptr> children() const;

  task_extras& extras();

  task_extras* extras_if() const noexcept {
    return extras_.load(std::memory_order_acquire);
  }

  /// Called on the parent when `child` has ended with an error, before the
  /// child leaves the list. Keeps it until somebody looks at it or this task
  /// ends (rule: a failure is never lost).
  virtual void child_failed(task_actor& child) noexcept;

  // -- CAF's interface --------------------------------------------------------

  void enqueue(caf::mailbox_element_ptr what,
               caf::execution_unit* host) override;
  void attach(caf::attachable_ptr ptr) override;
  void add_link(caf::abstract_actor* other) override;
  bool add_backlink(caf::abstract_actor* other) override;

  subtype_t subtype() const override;
  resume_result resume(caf::execution_unit* unit, std::size_t) override;
  void intrusive_ptr_add_ref_impl() override;
  void intrusive_ptr_release_impl() override;

  friend class tree_walk; // the other half of the tree
  friend class work_list;
  friend class inheritance;
  friend class submission_batch;
  friend class woken_tasks;
  friend void run_cancel_handlers(task_actor* list) noexcept;

protected:
  // -- hooks of the typed task ------------------------------------------------

  /// Runs a callable to its end, or makes the coroutine and puts its frame on
  /// top. Never throws.
  virtual step start_body() noexcept = 0;

  /// Takes the result out of the finished coroutine.
  virtual void harvest() noexcept = 0;

  /// Destroys coroutine and callable with everything they own.
  virtual void release_body() noexcept = 0;

  /// The body is over, its outcome known; children may still run.
  virtual void body_ended() noexcept;

  /// Last chance to change the outcome, all children being gone.
  virtual void before_end() noexcept;

  /// Hands the outcome to a place other than the task itself (a group's list
  /// of results), before anybody learns of the end.
  virtual void deliver() noexcept;

  /// The failures of children that nobody has looked at; they count as seen
  /// now.
  /// @pre no child is left
  std::vector<task_error> take_children_failures();

  /// An external task's grace is over: whatever it stands for has to die.
  virtual void killed() noexcept;

  void succeed() noexcept {
    outcome_ = outcome_kind::value;
  }

  void fail(failure why) noexcept {
    failure_ = std::move(why);
    outcome_ = outcome_kind::failed;
  }

  void cancel_outcome() noexcept {
    outcome_ = outcome_kind::cancelled;
  }

  /// From an exception that left the body: the task's own cancellation is not
  /// a failure.
  void end_by(std::exception_ptr thrown) noexcept;

private:
  task_id id_of(std::uint64_t number) const noexcept {
    return {system_->id_prefix, number};
  }

  void born_cancelled() noexcept;
  void tell_waiters() noexcept;
  step begin_body() noexcept;
  step unwind() noexcept;
  void complete() noexcept;
  void settle() noexcept;
  void forget_holdings() noexcept;
  void surface_children_failures() noexcept;
  void settle_borne() noexcept;
  void publish(task_phase phase) const noexcept;
  void submit(caf::execution_unit* unit,
              runtime::placement where = runtime::placement::next) noexcept;
  runtime::job_level prepare_submission() noexcept;
  void enqueue_self(caf::execution_unit* unit,
                    runtime::placement where) noexcept;
  void leave_parent() noexcept;
  task_state::after_child child_removed(
    task_state::queueing when = task_state::queueing::at_once) noexcept;
  void handle_exit(const caf::exit_msg& msg);
  void handle_response(caf::mailbox_element& what);
  void unlink(task_actor& child) noexcept;

  // What a walk touches, close together.
  task_state state_;
  task_actor* parent_;
  task_actor* next_ = nullptr;
  task_actor* previous_ = nullptr;
  task_actor* first_ = nullptr;
  task_actor* last_ = nullptr;
  std::atomic<const cancel_cause*> cause_{nullptr};
  mutable runtime::small_mutex lock_;
  std::uint16_t pins_ = 0; ///< walks that stand here; few at a time
  bool gone_ = false;
  const task_kind node_kind_;
  // The rest.
  task_actor* next_work_ = nullptr; ///< link of work lists and wake batches
  std::atomic<task_extras*> extras_{nullptr};
  const runtime::system_info* system_;
  task_domain* domain_; ///< counted by root nodes and unseen failures
  frame* top_ = nullptr;
  std::atomic<task_actor*> awaited_{nullptr}; ///< cleared under `lock_`
  wait_site* site_ = nullptr;
  waiter_list waiters_;
  environment_ptr environment_;
  std::optional<failure> failure_;
  runtime::time_point created_at_;
  std::uint64_t parent_number_ = 0;
  task_context context_;
  urgency urgency_;
  std::uint32_t holdings_ = 0; ///< see `holds_one_more`
  const std::uint16_t name_offset_;
  const std::uint8_t name_length_;
  outcome_kind outcome_ = outcome_kind::pending;
  step step_ = step::suspend;
  bool started_ = false;
  bool own_deadline_;
  bool holds_domain_ = false;
  bool queues_ = false; ///< at `site_`, which has a listener
  const bool sheddable_;
  std::atomic<bool> outcome_seen_{false};
};

/// The task that runs on this thread; null outside of tasks.
task_actor* current_task() noexcept;

/// The worker this thread is, as far as tasks know; null elsewhere.
caf::execution_unit* current_unit() noexcept;

/// Makes `task` the thread's current one for a scope.
class current_task_scope {
public:
  current_task_scope(task_actor* task, caf::execution_unit* unit) noexcept;
  ~current_task_scope();
  current_task_scope(const current_task_scope&) = delete;
  current_task_scope& operator=(const current_task_scope&) = delete;

private:
  task_actor* previous_task_;
  caf::execution_unit* previous_unit_;
};

/// Whether this thread runs an on_cancel handler, where creating a task is
/// refused: it would be admitted above the tree that is being cancelled.
bool in_cancel_handler() noexcept;

/// Marks the thread as running one, and as running no task.
class handler_scope {
public:
  handler_scope() noexcept;
  ~handler_scope();
  handler_scope(const handler_scope&) = delete;
  handler_scope& operator=(const handler_scope&) = delete;

private:
  current_task_scope no_task_;
  bool previous_;
};

/// @pre `ptr` is not null
inline task_actor* as_task(const task_ptr& ptr) noexcept {
  return static_cast<task_actor*>(ptr->get());
}

inline task_ptr strong(task_actor& task) noexcept {
  return task_ptr{task.ctrl(), true};
}

} // namespace axiom::detail
