#pragma once

#include <caf/atom.hpp>
#include <caf/type_id.hpp>

#include "axiom/task/cancellation.hpp"
#include "axiom/task/lifecycle.hpp"
#include "axiom/task/reference.hpp"

// Axiom takes the type ids from 1,000 to 1,099; CAF's own end at 199, and an
// application has all the others.
CAF_BEGIN_TYPE_ID_BLOCK(axiom_task, 1000)

  CAF_ADD_TYPE_ID(axiom_task, (axiom::task_id))
  CAF_ADD_TYPE_ID(axiom_task, (axiom::task_reference))
  CAF_ADD_TYPE_ID(axiom_task, (axiom::task_phase))
  CAF_ADD_TYPE_ID(axiom_task, (axiom::task_lifecycle_event))
  CAF_ADD_TYPE_ID(axiom_task, (axiom::cancel_reason))
  CAF_ADD_TYPE_ID(axiom_task, (axiom::cancellation_report))

  CAF_ADD_ATOM(axiom_task, axiom, task_done_atom, "axTaskDone")

CAF_END_TYPE_ID_BLOCK(axiom_task)
