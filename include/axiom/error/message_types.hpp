#pragma once

#include <caf/atom.hpp>
#include <caf/type_id.hpp>

#include "axiom/coordination/message_types.hpp"
#include "axiom/error/circuit_state.hpp"

CAF_BEGIN_TYPE_ID_BLOCK(axiom_error, 1150)

CAF_ADD_TYPE_ID(axiom_error, (axiom::circuit_state))
CAF_ADD_TYPE_ID(axiom_error, (axiom::circuit_event))
CAF_ADD_TYPE_ID(axiom_error, (axiom::circuit_stats))

CAF_ADD_ATOM(axiom_error, axiom, state_atom, "axState")
CAF_ADD_ATOM(axiom_error, axiom, trip_atom, "axTrip")
CAF_ADD_ATOM(axiom_error, axiom, reset_atom, "axReset")
CAF_ADD_ATOM(axiom_error, axiom, changed_atom, "axChanged")
CAF_ADD_ATOM(axiom_error, axiom, succeeded_atom, "axSucceed")
CAF_ADD_ATOM(axiom_error, axiom, failed_atom, "axFailed")

CAF_END_TYPE_ID_BLOCK(axiom_error)
