#pragma once

#include <caf/atom.hpp>
#include <caf/type_id.hpp>

#include "axiom/coordination/limiter_stats.hpp"
#include "axiom/coordination/shutdown_phases.hpp"
#include "axiom/coordination/snapshot.hpp"
#include "axiom/task/message_types.hpp"

CAF_BEGIN_TYPE_ID_BLOCK(axiom_coordination, 1020)

CAF_ADD_TYPE_ID(axiom_coordination, (axiom::task_snapshot))
CAF_ADD_TYPE_ID(axiom_coordination, (axiom::tree_snapshot))
CAF_ADD_TYPE_ID(axiom_coordination, (axiom::unobserved_error))
CAF_ADD_TYPE_ID(axiom_coordination, (axiom::coordinator_stats))

CAF_ADD_ATOM(axiom_coordination, axiom, cancel_atom, "axCancel")
CAF_ADD_ATOM(axiom_coordination, axiom, snapshot_atom, "axSnapshot")
CAF_ADD_ATOM(axiom_coordination, axiom, stats_atom, "axStats")
CAF_ADD_ATOM(axiom_coordination, axiom, shutdown_atom, "axShutdown")
CAF_ADD_ATOM(axiom_coordination, axiom, ended_atom, "axEnded")

// limiters
CAF_ADD_TYPE_ID(axiom_coordination, (axiom::task_priority))
CAF_ADD_TYPE_ID(axiom_coordination, (axiom::limiter_stats))

CAF_ADD_ATOM(axiom_coordination, axiom, acquire_atom, "axAcquire")
CAF_ADD_ATOM(axiom_coordination, axiom, release_atom, "axRelease")
CAF_ADD_ATOM(axiom_coordination, axiom, set_limit_atom, "axSetLimit")
CAF_ADD_ATOM(axiom_coordination, axiom, close_atom, "axClose")
CAF_ADD_ATOM(axiom_coordination, axiom, tick_atom, "axTick")
CAF_ADD_ATOM(axiom_coordination, axiom, settled_atom, "axSettled")

CAF_ADD_TYPE_ID(axiom_coordination, (axiom::phase_state))
CAF_ADD_TYPE_ID(axiom_coordination, (axiom::phase_failure))
CAF_ADD_TYPE_ID(axiom_coordination, (axiom::phase_holders))
CAF_ADD_TYPE_ID(axiom_coordination, (axiom::phase_report))
CAF_ADD_TYPE_ID(axiom_coordination, (axiom::shutdown_phases_report))

CAF_ADD_ATOM(axiom_coordination, axiom, shutdown_phases_atom, "axPhases")

CAF_ADD_TYPE_ID(axiom_coordination, (axiom::permit_holding))

// whoever announces things
CAF_ADD_ATOM(axiom_coordination, axiom, subscribe_atom, "axSubscr")
CAF_ADD_ATOM(axiom_coordination, axiom, unsubscribe_atom, "axUnsubscr")

CAF_END_TYPE_ID_BLOCK(axiom_coordination)
