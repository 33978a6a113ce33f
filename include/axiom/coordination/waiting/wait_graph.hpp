#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <utility>
#include <vector>

namespace axiom::detail {

/// One condition of a wait. Whoever waits goes on when, for each of his
/// conditions, enough of what he needs has come from the suppliers.
///
///     joining a task             needs 1, of that task
///     joining all of n tasks     n conditions, as above
///     3 permits too few          needs 3, of each holder what he holds
///     behind the queue's first   needs 1, of that waiter: it has to go first
///     several resources at once  a condition each
///
/// Suppliers whom nobody knows (permits held outside of any task) are to be
/// named as a node that waits for nothing.
template <class Node>
struct wait_condition {
  struct supplier {
    Node node;
    std::uint64_t amount = 1;
  };

  std::uint64_t needed = 1;
  std::vector<supplier> suppliers;
};

/// Finds out whether a wait would never end because those waited for wait, in
/// the end, for the waiter.
///
/// The problem: a circle of waits is not yet a deadlock. Of eight holders of a
/// permit one may wait for the task that wants a ninth; as long as another one
/// runs, it may give its permit back. To refuse at the first circle would
/// refuse programs that work. So we look for whoever *can* go on: a task that
/// waits for nothing; then whoever has enough from those; and so on (the
/// reduction of R. Holt, "Some deadlock properties of computer systems", 1972).
/// If the waiter is among them there is no deadlock; otherwise the circle
/// through him consists of such that cannot.
///
/// This is a function over "what does this node wait for?", and no graph that
/// is kept up to date: who holds permits is written down by the holders and who
/// waits for what by the waiters, and a second copy would have to be changed
/// with every permit that is taken without a lock, for the sake of waits that
/// hardly ever end in a deadlock. Here nothing is paid before somebody queues.
/// Then one must:
/// 1. *publish the wait, then search.* Of the waits that close a circle one is
///    published last, and the search after it sees all the others.
/// 2. *believe a circle only under the locks* of what it leads through:
/// searches
///    read tasks that run on, and may put together waits that never were at the
///    same time. Holding them, search once more, and if it is still there take
///    the waiter out of his queue before letting go. So of two who find the
///    same circle one is refused.
/// 3. *search again for those who wait when there is less to wait for*, as when
///    a limit is lowered: nothing but that and a new wait can close a circle.
///
/// The search ends as soon as the waiter is known to go on, in the common case
/// with the first supplier that runs. Otherwise each reachable node and each
/// supplier is looked at once. No recursion, however long a chain of waits is.
///
/// Not thread-safe; one search a call of `find_wait_cycle`.
/// @tparam Node an identity: copyable, comparable, with a std::hash
template <class Node, class ConditionsOf>
class wait_cycle_search {
public:
  explicit wait_cycle_search(ConditionsOf& conditions_of)
    : conditions_of_(conditions_of) {
    // nop
  }

  std::vector<Node> operator()(const Node& start) {
    add(start);
    for (std::size_t i = 0; i < vertices_.size(); ++i) {
      expand(i);
      if (vertices_[first].goes_on)
        return {};
    }
    return shortest_cycle();
  }

private:
  /// A place in `vertices_`.
  using index = std::size_t;

  static constexpr index first = 0;

  struct condition {
    std::uint64_t missing;
    std::vector<index> suppliers;
  };

  /// A condition that waits for a vertex to go on.
  struct dependant {
    index vertex;
    std::size_t condition;
    std::uint64_t amount;
  };

  struct vertex {
    Node node;
    std::vector<condition> conditions{};
    std::size_t unmet = 0;
    bool goes_on = false;
    std::vector<dependant> dependants{};
  };

  index add(const Node& node) {
    auto [i, fresh] = index_of_.try_emplace(node, vertices_.size());
    if (fresh)
      vertices_.push_back({node});
    return i->second;
  }

  /// Finds out what vertex `i` waits for.
  void expand(index i) {
    auto waits = conditions_of_(vertices_[i].node);
    std::erase_if(waits, [](auto& x) { return x.needed == 0; });
    auto& self = vertices_[i]; // stays where it is: this is a deque
    self.unmet = waits.size();
    self.conditions.reserve(waits.size());
    for (auto& wait : waits) {
      self.conditions.push_back({wait.needed, {}});
      for (auto& x : wait.suppliers) {
        auto j = add(x.node);
        auto here = dependant{i, self.conditions.size() - 1, x.amount};
        self.conditions.back().suppliers.push_back(j);
        if (vertices_[j].goes_on)
          supply(here);
        else
          vertices_[j].dependants.push_back(here);
      }
    }
    if (waits.empty())
      ready_.push_back(i);
    propagate();
  }

  /// One condition has got something.
  void supply(const dependant& x) {
    auto& vertex = vertices_[x.vertex];
    auto& missing = vertex.conditions[x.condition].missing;
    if (missing == 0)
      return;
    missing -= std::min(missing, x.amount);
    if (missing == 0 && --vertex.unmet == 0)
      ready_.push_back(x.vertex);
  }

  /// Lets those that are ready go on, and whoever is ready by that.
  void propagate() {
    while (!ready_.empty()) {
      auto i = ready_.back();
      ready_.pop_back();
      vertices_[i].goes_on = true;
      for (auto& x : vertices_[i].dependants)
        supply(x);
    }
  }

  /// The shortest way from the first vertex back to itself by conditions that
  /// are not met; nothing if there is none.
  std::vector<Node> shortest_cycle() const {
    constexpr auto unseen = static_cast<index>(-1);
    std::vector<index> from(vertices_.size(), unseen);
    std::deque<index> queue{first};
    while (!queue.empty()) {
      auto i = queue.front();
      queue.pop_front();
      for (auto& wait : vertices_[i].conditions) {
        if (wait.missing == 0)
          continue;
        for (auto j : wait.suppliers) {
          if (j == first)
            return path_to(i, from);
          if (vertices_[j].goes_on || from[j] != unseen)
            continue;
          from[j] = i;
          queue.push_back(j);
        }
      }
    }
    return {};
  }

  std::vector<Node> path_to(index i, const std::vector<index>& from) const {
    std::vector<Node> result;
    for (; i != first; i = from[i])
      result.push_back(vertices_[i].node);
    result.push_back(vertices_[first].node);
    std::reverse(result.begin(), result.end());
    return result;
  }

  ConditionsOf& conditions_of_;
  std::deque<vertex> vertices_;
  std::unordered_map<Node, index> index_of_;
  std::vector<index> ready_; ///< have all they need, and have not said so yet
};

/// The shortest circle of waits that keeps `waiter` from ever going on: it
/// comes first, each waits for the next, and the last for `waiter`. Empty if
/// `waiter` may go on; and also if it is kept from it by others alone (a
/// deadlock that it is no part of, which is for those to find who closed it).
/// @param conditions_of `std::vector<wait_condition<Node>>(const Node&)`, empty
///   for a node that waits for nothing; asked once for a node
template <class Node, class ConditionsOf>
std::vector<Node> find_wait_cycle(const Node& waiter,
                                  ConditionsOf conditions_of) {
  return wait_cycle_search<Node, ConditionsOf>{conditions_of}(waiter);
}

} // namespace axiom::detail
