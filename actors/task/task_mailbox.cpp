// What CAF sees of a task: messages, links, monitors.
//
// CAF enqueues exit messages inside the critical sections of add_link and
// add_backlink, holding the locks of both actors. So nothing in this file that
// `enqueue` can reach takes `mtx_`, calls `cleanup` or runs user code: an exit
// message becomes a walk, whose handlers and ends are left to a worker.

#include <caf/actor_addr.hpp>
#include <caf/default_attachable.hpp>
#include <caf/exit_reason.hpp>

#include "axiom/task/detail/cancel_request.hpp"
#include "axiom/task/detail/extras.hpp"
#include "axiom/task/detail/task_actor.hpp"

namespace axiom::detail {

void task_actor::enqueue(caf::mailbox_element_ptr what,
                         caf::execution_unit* unit) {
  auto& content = what->content();
  if (what->mid.is_response())
    handle_response(*what);
  else if (content.match_elements<caf::exit_msg>())
    handle_exit(content.get_as<caf::exit_msg>(0));
  else if (what->mid.is_request() && what->sender)
    // Not by CAF's bounce, which replaces every error by a general one.
    what->sender->enqueue(
      ctrl(), what->mid.response_id(),
      caf::make_message(make_error(errc::not_a_service,
                                   quoted(task_name())
                              + " is a task: it takes no requests")),
      unit);
  // Anything else is dropped, as by an actor that ignores it.
}

void task_actor::handle_exit(const caf::exit_msg& msg) {
  if (!msg.reason)
    return; // a normal exit of a linked actor concerns nobody
  if (state_.terminal())
    return; // and an ended task may have outlived its system
  cancel_options options;
  options.reason = cancel_reason::linked_exit;
  options.error = msg.reason;
  options.origin = "actor " + to_string(msg.source);
  options.where = tree_walk::context::locked;
  // Not the sender's unit: that may be the network's, or one that CAF makes up
  // to clean an actor up and that loses what is not an actor.
  options.unit = current_unit();
  if (msg.reason == caf::exit_reason::kill)
    options.grace = runtime::duration::zero();
  cancel_tree(*this, options);
}

void task_actor::attach(caf::attachable_ptr ptr) {
  auto attached = exclusive_critical_section([&] {
    if (!state_.note_observer())
      return false;
    attach_impl(ptr);
    return true;
  });
  if (!attached)
    ptr->actor_exited(exit_error(), nullptr);
}

void task_actor::add_link(caf::abstract_actor* other) {
  auto link = caf::default_attachable::make_link(address(), other->address());
  auto ended = false;
  joined_exclusive_critical_section(this, other, [&] {
    if (!state_.note_observer())
      ended = true;
    else if (other->add_backlink(this))
      attach_impl(link);
  });
  if (ended)
    other->enqueue(nullptr, caf::make_message_id(),
                   caf::make_message(caf::exit_msg{address(), exit_error()}),
                   nullptr);
}

bool task_actor::add_backlink(caf::abstract_actor* other) {
  // Called with mtx_ held.
  if (!state_.note_observer()) {
    other->enqueue(nullptr, caf::make_message_id(),
                   caf::make_message(caf::exit_msg{address(), exit_error()}),
                   nullptr);
    return false;
  }
  caf::default_attachable::observe_token token{
    other->address(), caf::default_attachable::link};
  if (detach_impl(token, true, true) != 0)
    return false; // linked already
  auto link = caf::default_attachable::make_link(address(), other->address());
  attach_impl(link);
  return true;
}

} // namespace axiom::detail
