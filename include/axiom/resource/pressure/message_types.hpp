#pragma once

#include <caf/atom.hpp>
#include <caf/type_id.hpp>

#include "axiom/coordination/message_types.hpp"
#include "axiom/resource/memory_pressure_event.hpp"
#include "axiom/resource/memory_pressure_stats.hpp"

CAF_BEGIN_TYPE_ID_BLOCK(axiom_memory_pressure, 1110)

CAF_ADD_TYPE_ID(axiom_memory_pressure, (axiom::memory_pressure_level))
CAF_ADD_TYPE_ID(axiom_memory_pressure, (axiom::relief_stage))
CAF_ADD_TYPE_ID(axiom_memory_pressure, (axiom::pressure_step))
CAF_ADD_TYPE_ID(axiom_memory_pressure, (axiom::memory_measure))
CAF_ADD_TYPE_ID(axiom_memory_pressure, (axiom::memory_reading))
CAF_ADD_TYPE_ID(axiom_memory_pressure, (axiom::memory_pressure_event))
CAF_ADD_TYPE_ID(axiom_memory_pressure, (axiom::memory_source_status))
CAF_ADD_TYPE_ID(axiom_memory_pressure, (axiom::memory_pressure_stats))

CAF_ADD_ATOM(axiom_memory_pressure, axiom, level_atom, "axLevel")
CAF_ADD_ATOM(axiom_memory_pressure, axiom, read_atom, "axRead")
CAF_ADD_ATOM(axiom_memory_pressure, axiom, attach_atom, "axAttach")

CAF_END_TYPE_ID_BLOCK(axiom_memory_pressure)
