#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "axiom/runtime/host.hpp"
#include "axiom/task/detail/task_actor.hpp"

namespace axiom::detail {

/// A sheddable task as far as the choice goes.
struct shed_candidate {
  /// What it counts as: a task that a more urgent one waits for is as urgent.
  runtime::job_level level = runtime::medium_level;

  std::uint64_t number = 0; ///< in the order of launching
  task_actor* task = nullptr;
};

/// Whether `a` goes before `b`. From the lowest priority up, which is what
/// priorities are for; and among equal ones the youngest first: it has done the
/// least, so the least work is thrown away, and the oldest is the one most
/// likely to end, and to free its memory, by itself. (To shed the oldest or the
/// largest would let a task that is tried again and again never end.)
constexpr bool goes_before(const shed_candidate& a,
                           const shed_candidate& b) noexcept {
  return a.level != b.level ? a.level < b.level : a.number > b.number;
}

/// Keeps those few of many candidates that go before all others. O(n log most)
/// for n candidates, and room for `most`.
class shed_choice {
public:
  /// @pre `most` is not 0
  explicit shed_choice(std::size_t most);

  void offer(const shed_candidate& x);

  /// Those kept, in the order in which they go.
  std::vector<shed_candidate> take();

private:
  std::size_t most_;
  std::vector<shed_candidate> kept_; ///< a heap, who goes last on top
};

/// Up to `most` tasks that are to be shed next, of all coordinators in a
/// system, in the order in which they go. Who is being cancelled, or ends, is
/// left out; but those chosen may end at any moment, as any task may.
/// O(sheddable tasks); takes the residents' lock, and in it that of each
/// coordinator's list.
std::vector<task_ptr> choose_to_shed(runtime::host& where, std::size_t most);

} // namespace axiom::detail
