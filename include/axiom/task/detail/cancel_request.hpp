#pragma once

#include <optional>
#include <string>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "axiom/task/cancellation.hpp"
#include "axiom/task/detail/tree_walk.hpp"

namespace axiom::detail {

/// Who asks for a cancellation, why and how.
struct cancel_options {
  cancel_reason reason = cancel_reason::user;
  /// How long the tasks have; none: what they inherited, or the default.
  std::optional<runtime::duration> grace;
  std::string origin;
  caf::error error;
  cancel_cause_ptr before;
  tree_walk::context where = tree_walk::context::open;
  caf::execution_unit* unit = nullptr;
};

/// One request to cancel a tree, from the walk to the last acknowledgement.
///
/// It waits for two things, whichever comes first: the target's end (its
/// children have then ended too), and the end of the grace. At the end of the
/// grace a worker lists who is still alive and walks once more, in `kill`
/// mode.
///
/// Lifetime: the target's list of waiters holds one reference, an armed timer
/// another, handles the rest.
class cancel_request final
  : public waiter,
    public runtime::timer_entry,
    public caf::resumable,
    public boost::intrusive_ref_counter<cancel_request> {
public:
  cancel_request(task_actor& target, const cancel_options& options);

  /// Walks. Call once, with a reference held.
  void start(const cancel_options& options);

  /// Returns false if the report is there already: `x` will not be fired.
  bool add_waiter(waiter& x) noexcept;

  void remove_waiter(waiter& x) noexcept;

  /// Whether the report is there.
  bool published() noexcept;

  /// @pre the report is there
  const cancellation_report& report() const noexcept {
    return report_;
  }

  task_actor& target() const noexcept {
    return *as_task(target_);
  }

  // -- implementation of the bases --------------------------------------------

  bool fire(task_actor& task) noexcept override;
  void call_out(task_actor& task) noexcept override;
  void fire() noexcept override;
  resume_result resume(caf::execution_unit* unit, std::size_t) override;
  void intrusive_ptr_add_ref_impl() override;
  void intrusive_ptr_release_impl() override;

private:
  void grace_is_over(caf::execution_unit* unit);
  void list_stragglers();
  void finish() noexcept;
  void publish_report() noexcept;

  task_ptr target_;
  cancel_cause_ptr cause_;
  cancellation_report report_;
  runtime::time_point started_;
  runtime::small_mutex mutex_; // guards the rest
  bool walked_ = false;        // `requested` is known
  bool ended_ = false;         // the target is terminal
  bool published_ = false;
  waiter_list waiters_;
};

using cancel_request_ptr = boost::intrusive_ptr<cancel_request>;

/// Cancels `target` and everything below it.
cancel_request_ptr cancel_tree(task_actor& target,
                               const cancel_options& options);

/// Cancels every child that `parent` has now, but not `parent` itself.
void cancel_children(task_actor& parent, cancel_options options);

} // namespace axiom::detail
