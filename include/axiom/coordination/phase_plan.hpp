#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "axiom/runtime/timer_service.hpp"
#include "axiom/task/defaults.hpp"

namespace axiom {

/// One step of an orderly shutdown.
struct phase {
  /// Unique, at most 64 bytes.
  std::string name;

  /// The phases that have to end before this one starts.
  std::vector<std::string> after{};

  /// How long it may take. Positive.
  runtime::duration budget = defaults::phase_budget;

  /// Whether the phases behind it start when it overruns its budget. Otherwise
  /// no phase starts any more.
  bool recover = true;
};

/// What is wrong with `phases`, a sentence each: names that are empty, too
/// long, taken twice or unknown, budgets that are not positive, and cycles,
/// each as a path from a phase to the one it waits for: "a -> b -> a". Every
/// phase on a cycle is in a path. Empty if nothing is wrong.
std::vector<std::string> problems_of(const std::vector<phase>& phases);

/// Phases that can be run: names are unique and known, and there is no cycle.
/// Immutable. Phases go by their position in the order of definition.
class phase_plan {
public:
  /// Throws `errc::invalid_argument` with all of `problems_of(phases)`.
  explicit phase_plan(std::vector<phase> phases);

  std::size_t size() const noexcept {
    return phases_.size();
  }

  const phase& operator[](std::size_t index) const noexcept {
    return phases_[index];
  }

  /// The phase of this name; none if there is no such phase.
  std::optional<std::size_t> find(std::string_view name) const noexcept;

  /// All phases, each behind those that it waits for; the order of definition
  /// decides where that does not.
  const std::vector<std::size_t>& order() const noexcept {
    return order_;
  }

  /// Those that wait for the end of `index`.
  const std::vector<std::size_t>& behind(std::size_t index) const noexcept {
    return behind_[index];
  }

  /// For how many phases `index` waits.
  std::size_t waits_for(std::size_t index) const noexcept {
    return waits_for_[index];
  }

  /// The longest that a run can take: the sum of the budgets along the longest
  /// path. (The longest duration there is, if the sum is beyond it.)
  runtime::duration critical_path() const noexcept;

private:
  std::vector<phase> phases_;
  std::vector<std::vector<std::size_t>> behind_;
  std::vector<std::size_t> waits_for_;
  std::vector<std::size_t> order_;
};

} // namespace axiom
