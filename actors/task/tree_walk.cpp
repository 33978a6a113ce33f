#include "axiom/task/detail/tree_walk.hpp"

#include <mutex>

#include "axiom/task/detail/extras.hpp"
#include "axiom/task/detail/on_cancel_list.hpp"
#include "axiom/task/detail/submission_batch.hpp"
#include "axiom/task/detail/work_list.hpp"

namespace axiom::detail {

namespace {

/// Runs the handlers of a walk on a worker.
class call_job final : public caf::resumable {
public:
  explicit call_job(task_actor* list) : list_(list) {
    // nop
  }

  resume_result resume(caf::execution_unit*, std::size_t) override {
    run_cancel_handlers(std::exchange(list_, nullptr));
    return done;
  }

  void intrusive_ptr_add_ref_impl() override {
    // nop: owned by the one entry in the scheduler's queue
  }

  void intrusive_ptr_release_impl() override {
    // A scheduler that stops releases what it never ran; handlers must run.
    run_cancel_handlers(std::exchange(list_, nullptr));
    delete this;
  }

private:
  task_actor* list_;
};

} // namespace

tree_walk::result tree_walk::run(task_actor& target,
                                 const cancel_cause_ptr& cause, mode how,
                                 context where, caf::execution_unit* unit) {
  auto& host = target.host();
  tree_walk walk{cause, how};
  auto start = runtime::clock_type::now();
  walk.pass(target);
  walk.result_.took = runtime::clock_type::now() - start;
  auto result = walk.result_;
  // From here on the target may be gone.
  {
    submission_batch batch{host, unit};
    while (auto* task = walk.woken_) {
      walk.woken_ = std::exchange(task->next_work_, nullptr);
      task->state().queue();
      batch.add(*task);
    }
  }
  while (auto* task = walk.to_settle_) {
    walk.to_settle_ = std::exchange(task->next_work_, nullptr);
    if (where == context::open) {
      task->complete();
    } else {
      task->state().hand_over();
      task->submit(unit);
    }
  }
  while (auto* task = walk.to_release_) {
    walk.to_release_ = std::exchange(task->next_work_, nullptr);
    if (where == context::locked)
      task->submit(unit); // so that a worker has the last reference
    intrusive_ptr_release(task->ctrl());
  }
  if (walk.to_call_ != nullptr) {
    if (where == context::open)
      run_cancel_handlers(walk.to_call_);
    else
      host.submit(new call_job(walk.to_call_), unit);
  }
  return result;
}

void tree_walk::pass(task_actor& target) {
  auto* node = &target;
  auto descend = enter(target, true);
  for (;;) {
    if (descend) {
      if (auto* child = pin_first(*node)) {
        node = child;
        descend = enter(*node, false);
        continue;
      }
      leave(*node);
    }
    // Up until there is a next sibling.
    for (;;) {
      if (node == &target)
        return;
      auto* parent = node->parent_;
      auto* sibling = pin_next(*parent, *node);
      if (sibling != nullptr) {
        node = sibling;
        break;
      }
      node = parent;
      leave(*node);
    }
    descend = enter(*node, false);
  }
}

bool tree_walk::enter(task_actor& node, bool is_target) {
  if (node.node_kind() == task_kind::shield && mode_ == mode::cancel
      && !is_target) {
    if (auto* extras = node.extras_if())
      extras->start_shield_budget(*cause_);
    return false;
  }
  auto& state = node.state();
  if (mode_ == mode::cancel ? state.cancelled() : state.killed())
    return false; // so is everything below it
  const cancel_cause* none = nullptr;
  // The cause goes before the flag: who sees the flag finds a cause.
  intrusive_ptr_add_ref(cause_.get());
  if (!node.cause_.compare_exchange_strong(none, cause_.get(),
                                           std::memory_order_acq_rel))
    intrusive_ptr_release(cause_.get()); // the first reason stays
  state.announce();
  return true;
}

void tree_walk::leave(task_actor& node) {
  auto seen = node.state().signal(mode_ == mode::kill);
  if (seen.first && seen.running)
    ++result_.signalled;
  if (seen.submit) {
    node.next_work_ = woken_;
    woken_ = &node;
  }
  auto call = (seen.first && seen.handlers)
              || (seen.first_kill && node.node_kind() == task_kind::external);
  if (call && seen.running) {
    auto& extras = node.extras();
    std::lock_guard guard{node.lock_};
    if (!extras.to_call) { // else another walk is about to call it
      extras.to_call = strong(node);
      extras.next_to_call = to_call_;
      to_call_ = &node;
    }
  }
}

task_actor* tree_walk::pin_first(task_actor& parent) {
  std::lock_guard guard{parent.lock_};
  auto* child = parent.first_;
  while (child != nullptr && child->gone_)
    child = child->next_;
  if (child != nullptr)
    ++child->pins_;
  return child;
}

task_actor* tree_walk::pin_next(task_actor& parent, task_actor& child) {
  auto removed = false;
  task_actor* sibling;
  {
    std::lock_guard guard{parent.lock_};
    sibling = child.next_;
    while (sibling != nullptr && sibling->gone_)
      sibling = sibling->next_;
    if (sibling != nullptr)
      ++sibling->pins_;
    removed = --child.pins_ == 0 && child.gone_;
    if (removed)
      parent.unlink(child);
  }
  if (removed) {
    switch (parent.child_removed(task_state::queueing::later)) {
      case task_state::after_child::submit:
        parent.next_work_ = woken_;
        woken_ = &parent;
        break;
      case task_state::after_child::settle:
        parent.next_work_ = to_settle_;
        to_settle_ = &parent;
        break;
      default:
        break;
    }
    // Its settling is over or about to be, so the link is free.
    child.next_work_ = to_release_;
    to_release_ = &child;
  }
  return sibling;
}

} // namespace axiom::detail
