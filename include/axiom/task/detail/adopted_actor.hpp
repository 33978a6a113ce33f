#pragma once

#include <memory>

#include <caf/actor_control_block.hpp>

#include "axiom/task/detail/on_cancel_list.hpp"
#include "axiom/task/detail/typed_task.hpp"

namespace axiom::detail {

/// The node in the tree that stands for an ordinary CAF actor. It holds the
/// actor (CAF destroys an idle actor that nobody references), ends when the
/// actor does, and passes cancellations on as exit messages.
class adopted_actor final : public typed_task<void> {
public:
  using typed_task<void>::typed_task;

  /// Begins to stand for `actor`; call once, after launch.
  void adopt(caf::strong_actor_ptr actor);

  /// The actor; null before there is one and after its end. For any thread.
  caf::strong_actor_ptr actor();

private:
  step start_body() noexcept override;
  void harvest() noexcept override;
  void release_body() noexcept override;
  void killed() noexcept override;
  void actor_ended(const caf::error& reason) noexcept;

  caf::strong_actor_ptr actor_;
  std::unique_ptr<cancel_handler> on_cancel_;
};

/// Makes the node for an actor to come; throws if `parent` is cancelled.
task_ptr make_adopted_actor(task_actor& parent, std::string_view name);

} // namespace axiom::detail
