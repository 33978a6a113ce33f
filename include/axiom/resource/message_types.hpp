#pragma once

#include <caf/atom.hpp>
#include <caf/type_id.hpp>

#include "axiom/coordination/message_types.hpp"
#include "axiom/resource/pool_stats.hpp"

CAF_BEGIN_TYPE_ID_BLOCK(axiom_resource, 1070)

// pools
CAF_ADD_TYPE_ID(axiom_resource, (axiom::pool_stats))

CAF_ADD_ATOM(axiom_resource, axiom, set_max_atom, "axSetMax")
CAF_ADD_ATOM(axiom_resource, axiom, trim_atom, "axTrim")

CAF_END_TYPE_ID_BLOCK(axiom_resource)
