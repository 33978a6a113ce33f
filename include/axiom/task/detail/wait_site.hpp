#pragma once

#include <string>

namespace axiom::detail {

/// What a suspended task waits for where that is not the end of a task: told by
/// the layer that made the wait, for whoever asks why a task does not go on.
///
/// Belongs to the waiting task like its frames. Others may look at it while
/// they hold the task (`task_state::hold`).
class wait_site {
public:
  /// In a few words: "2 permits of limiter 'io'".
  virtual std::string what() const = 0;

protected:
  ~wait_site() = default;
};

} // namespace axiom::detail
