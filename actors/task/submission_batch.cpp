#include "axiom/task/detail/submission_batch.hpp"

#include <utility>

namespace axiom::detail {

void submission_batch::add(task_actor& task) {
  const auto level = task.prepare_submission();
  if (size_ == capacity || (size_ > 0 && level != level_))
    flush();
  level_ = level;
  jobs_[size_++] = &task;
}

void submission_batch::flush() {
  host_.submit_batch({jobs_.data(), std::exchange(size_, 0)}, unit_, level_);
}

} // namespace axiom::detail
