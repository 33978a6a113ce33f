#pragma once

#include <array>
#include <cstddef>

#include "axiom/task/detail/task_actor.hpp"

namespace axiom::detail {

/// Tasks that were queued together, to be handed to the scheduler together: one
/// worker is woken for all of them, and wakes others while there is enough to
/// do. The order is kept within a level.
class submission_batch {
public:
  submission_batch(runtime::host& host, caf::execution_unit* unit) noexcept
    : host_(host), unit_(unit) {
    // nop
  }

  submission_batch(const submission_batch&) = delete;
  submission_batch& operator=(const submission_batch&) = delete;

  ~submission_batch() {
    flush();
  }

  /// @pre the caller has queued `task`: see task_state, invariant 1
  void add(task_actor& task);

  void flush();

private:
  static constexpr std::size_t capacity = 128;

  runtime::host& host_;
  caf::execution_unit* const unit_;
  runtime::job_level level_ = runtime::medium_level;
  std::size_t size_ = 0;
  std::array<caf::resumable*, capacity> jobs_;
};

} // namespace axiom::detail
