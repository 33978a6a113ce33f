#include "axiom/coordination/phase_plan.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <queue>
#include <unordered_map>

#include "axiom/coordination/detail/problems.hpp"
#include "axiom/error/errc.hpp"
#include "axiom/task/reference.hpp"

namespace axiom {

namespace {

using indexes = std::vector<std::size_t>;

/// Who waits for whom, by position; what names nobody is left out.
class graph {
public:
  explicit graph(const std::vector<phase>& phases)
    : waits_for_(phases.size()), behind_(phases.size()) {
    std::unordered_map<std::string_view, std::size_t> by_name;
    for (std::size_t i = 0; i < phases.size(); ++i)
      by_name.emplace(phases[i].name, i); // the first of a name counts
    for (std::size_t i = 0; i < phases.size(); ++i) {
      auto& targets = waits_for_[i];
      for (const auto& name : phases[i].after)
        if (auto found = by_name.find(name); found != by_name.end())
          targets.push_back(found->second);
      std::sort(targets.begin(), targets.end());
      targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
      for (auto target : targets)
        behind_[target].push_back(i);
    }
  }

  const std::vector<indexes>& waits_for() const noexcept {
    return waits_for_;
  }

  const std::vector<indexes>& behind() const noexcept {
    return behind_;
  }

  /// Each behind those that it waits for, the first defined first. Those on a
  /// cycle or behind one are left out.
  indexes order() const {
    indexes missing(waits_for_.size());
    std::priority_queue<std::size_t, indexes, std::greater<>> ready;
    for (std::size_t i = 0; i < missing.size(); ++i) {
      missing[i] = waits_for_[i].size();
      if (missing[i] == 0)
        ready.push(i);
    }
    indexes result;
    while (!ready.empty()) {
      auto next = ready.top();
      ready.pop();
      result.push_back(next);
      for (auto i : behind_[next])
        if (--missing[i] == 0)
          ready.push(i);
    }
    return result;
  }

  /// Cycles, each from a phase over those that it waits for back to itself,
  /// such that every phase that is on a cycle is on one of these. There may be
  /// exponentially many in all; to break these is to break a part of each knot.
  std::vector<indexes> cycles() const {
    // What can be ordered is on no cycle, and needs no search.
    std::vector<bool> open(waits_for_.size(), true);
    for (auto i : order())
      open[i] = false;
    auto named = open;
    named.flip();
    std::vector<indexes> result;
    for (std::size_t i = 0; i < named.size(); ++i) {
      if (named[i])
        continue;
      auto path = shortest_cycle(i, open);
      if (path.empty())
        continue; // only behind a cycle
      for (auto on_path : path)
        named[on_path] = true;
      result.push_back(std::move(path));
    }
    return result;
  }

private:
  /// Breadth first from `start` among the `open` ones; empty if no path leads
  /// back.
  indexes shortest_cycle(std::size_t start,
                         const std::vector<bool>& open) const {
    constexpr auto unseen = static_cast<std::size_t>(-1);
    indexes came_from(waits_for_.size(), unseen);
    std::deque<std::size_t> next{start};
    while (!next.empty()) {
      auto at = next.front();
      next.pop_front();
      for (auto i : waits_for_[at]) {
        if (!open[i] || came_from[i] != unseen)
          continue;
        came_from[i] = at;
        if (i == start)
          return path_back(start, came_from);
        next.push_back(i);
      }
    }
    return {};
  }

  static indexes path_back(std::size_t start, const indexes& came_from) {
    indexes result{start};
    for (auto i = came_from[start]; i != start; i = came_from[i])
      result.push_back(i);
    result.push_back(start);
    std::reverse(result.begin(), result.end());
    return result;
  }

  std::vector<indexes> waits_for_;
  std::vector<indexes> behind_;
};

std::string phase_named(std::string_view name) {
  return "phase " + quoted(name);
}

/// What is wrong with the phases one by one.
void check_each(const std::vector<phase>& phases,
                std::vector<std::string>& problems) {
  std::unordered_map<std::string_view, std::size_t> count;
  for (const auto& x : phases)
    ++count[x.name];
  for (std::size_t i = 0; i < phases.size(); ++i) {
    const auto& x = phases[i];
    if (x.name.empty())
      problems.push_back("phase number " + std::to_string(i + 1)
                         + " has no name");
    if (x.name.size() > max_task_name)
      problems.push_back(phase_named(x.name) + " has a name of more than "
                         + std::to_string(max_task_name) + " bytes");
    if (auto& n = count.find(x.name)->second; n > 1 && !x.name.empty()) {
      problems.push_back(phase_named(x.name) + " is defined "
                         + std::to_string(n) + " times");
      n = 1; // said once
    }
    if (x.budget <= runtime::duration::zero())
      problems.push_back(phase_named(x.name)
                         + " has a budget that is not positive");
    for (const auto& name : x.after)
      if (!count.contains(name))
        problems.push_back(phase_named(x.name) + " waits for " + quoted(name)
                           + ", which is no phase");
  }
}

std::string to_text(const indexes& path, const std::vector<phase>& phases) {
  std::string result;
  for (auto i : path) {
    if (!result.empty())
      result.append(" -> ");
    result.append(phases[i].name);
  }
  return result;
}

std::vector<std::string> problems_of(const std::vector<phase>& phases,
                                     const graph& edges) {
  std::vector<std::string> result;
  check_each(phases, result);
  for (const auto& path : edges.cycles())
    result.push_back("phases wait for each other: " + to_text(path, phases));
  return result;
}

} // namespace

std::vector<std::string> problems_of(const std::vector<phase>& phases) {
  return problems_of(phases, graph{phases});
}

phase_plan::phase_plan(std::vector<phase> phases) : phases_(std::move(phases)) {
  graph edges{phases_};
  detail::refuse_if_any(problems_of(phases_, edges));
  behind_ = edges.behind();
  for (const auto& targets : edges.waits_for())
    waits_for_.push_back(targets.size());
  order_ = edges.order();
}

std::optional<std::size_t> phase_plan::find(
  std::string_view name) const noexcept {
  for (std::size_t i = 0; i < phases_.size(); ++i)
    if (phases_[i].name == name)
      return i;
  return std::nullopt;
}

runtime::duration phase_plan::critical_path() const noexcept {
  auto longest = runtime::duration::zero();
  std::vector<runtime::duration> until(phases_.size()); // the latest start
  for (auto i : order_) {
    auto rest = runtime::duration::max() - until[i];
    auto end = until[i] + std::min(phases_[i].budget, rest);
    longest = std::max(longest, end);
    for (auto next : behind_[i])
      until[next] = std::max(until[next], end);
  }
  return longest;
}

} // namespace axiom
