#pragma once

#include <vector>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/type_id.hpp>

#include "axiom/coordination/message_types.hpp"
#include "axiom/error/child_spec.hpp"
#include "axiom/error/supervisor_stats.hpp"

// It holds functions, so it stays in its process: to send it to another node
// is an error.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(axiom::local_child_spec)

CAF_BEGIN_TYPE_ID_BLOCK(axiom_supervisor, 1190)

CAF_ADD_TYPE_ID(axiom_supervisor, (axiom::child_state))
CAF_ADD_TYPE_ID(axiom_supervisor, (axiom::child_info))
CAF_ADD_TYPE_ID(axiom_supervisor, (std::vector<axiom::child_info>) )
CAF_ADD_TYPE_ID(axiom_supervisor, (axiom::child_counts))
CAF_ADD_TYPE_ID(axiom_supervisor, (axiom::supervisor_stats))
CAF_ADD_TYPE_ID(axiom_supervisor, (axiom::local_child_spec))

CAF_ADD_ATOM(axiom_supervisor, axiom, start_child_atom, "axStartCh")
CAF_ADD_ATOM(axiom_supervisor, axiom, terminate_child_atom, "axTermCh")
CAF_ADD_ATOM(axiom_supervisor, axiom, remove_child_atom, "axRemCh")
CAF_ADD_ATOM(axiom_supervisor, axiom, restart_child_atom, "axRestCh")
CAF_ADD_ATOM(axiom_supervisor, axiom, which_children_atom, "axWhichCh")
CAF_ADD_ATOM(axiom_supervisor, axiom, count_children_atom, "axCountCh")
CAF_ADD_ATOM(axiom_supervisor, axiom, started_atom, "axStarted")
CAF_ADD_ATOM(axiom_supervisor, axiom, ready_atom, "axReady")
CAF_ADD_ATOM(axiom_supervisor, axiom, child_event_atom, "axChEvent")

CAF_END_TYPE_ID_BLOCK(axiom_supervisor)
