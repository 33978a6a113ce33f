#pragma once

#include <vector>

#include <caf/atom.hpp>
#include <caf/type_id.hpp>

#include "axiom/coordination/message_types.hpp"
#include "axiom/resource/executor_stats.hpp"
#include "axiom/resource/pool_stats.hpp"
#include "axiom/resource/resource_stats.hpp"

CAF_BEGIN_TYPE_ID_BLOCK(axiom_resource, 1070)

// monitors
CAF_ADD_TYPE_ID(axiom_resource, (axiom::resource_requirement))
CAF_ADD_TYPE_ID(axiom_resource, (std::vector<axiom::resource_requirement>) )
CAF_ADD_TYPE_ID(axiom_resource, (axiom::resource_usage))
CAF_ADD_TYPE_ID(axiom_resource, (axiom::resource_stats))
CAF_ADD_TYPE_ID(axiom_resource, (axiom::resource_holding))
CAF_ADD_TYPE_ID(axiom_resource, (axiom::executor_stats))

CAF_ADD_ATOM(axiom_resource, axiom, set_capacity_atom, "axSetCap")

// pools
CAF_ADD_TYPE_ID(axiom_resource, (axiom::pool_stats))

CAF_ADD_ATOM(axiom_resource, axiom, set_max_atom, "axSetMax")
CAF_ADD_ATOM(axiom_resource, axiom, trim_atom, "axTrim")

CAF_END_TYPE_ID_BLOCK(axiom_resource)
