#include "axiom/task/detail/adopted_actor.hpp"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include "axiom/task/detail/make_task.hpp"

namespace axiom::detail {

void adopted_actor::adopt(caf::strong_actor_ptr actor) {
  {
    std::lock_guard guard{lock()};
    actor_ = actor;
  }
  on_cancel_ = std::make_unique<cancel_handler>(*this, [actor] {
    caf::anon_send_exit(caf::actor_cast<caf::actor>(actor),
                        caf::exit_reason::user_shutdown);
  });
  auto self = strong(*this);
  actor->get()->attach_functor([self](const caf::error& reason) {
    static_cast<adopted_actor*>(as_task(self))->actor_ended(reason);
  });
  // A walk that killed the node before it had an actor found nobody to kill.
  if (state().killed())
    killed();
}

caf::strong_actor_ptr adopted_actor::actor() {
  std::lock_guard guard{lock()};
  return actor_;
}

void adopted_actor::actor_ended(const caf::error& reason) noexcept {
  if (!reason)
    end_externally(std::nullopt, false);
  else if (state().cancelled()
           && (reason == caf::exit_reason::user_shutdown
               || reason == caf::exit_reason::kill))
    end_externally(std::nullopt, true);
  else
    end_externally(failure{reason}, false);
}

task_actor::step adopted_actor::start_body() noexcept {
  return step::done; // never run: see task_kind::external
}

void adopted_actor::harvest() noexcept {
  // nop
}

void adopted_actor::release_body() noexcept {
  on_cancel_.reset();
  caf::strong_actor_ptr actor;
  std::lock_guard guard{lock()};
  actor.swap(actor_);
}

void adopted_actor::killed() noexcept {
  if (auto actor = this->actor())
    caf::anon_send_exit(caf::actor_cast<caf::actor>(actor),
                        caf::exit_reason::kill);
}

task_ptr make_adopted_actor(task_actor& parent, std::string_view name) {
  auto result = spawn_task<adopted_actor>(parent, {.name = name},
                                          task_kind::external);
  auto& node = *as_task(result);
  // It has ended, or will as soon as this thread is done with another end.
  if (node.outcome() == outcome_kind::cancelled)
    throw cancelled_error{node.cause()};
  return result;
}

} // namespace axiom::detail
