#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <caf/actor_control_block.hpp>
#include <caf/fwd.hpp>
#include <caf/message.hpp>
#include <caf/node_id.hpp>

#include "axiom/error/child_spec.hpp"
#include "axiom/error/supervisor/child_body.hpp"
#include "axiom/error/supervisor/supervision.hpp"
#include "axiom/error/supervisor_stats.hpp"

namespace axiom::detail {

/// Which actor: its number is its own on its node only.
struct actor_identity {
  caf::actor_id id;
  caf::node_id node;

  explicit actor_identity(const caf::actor_control_block& x)
    : id(x.id()), node(x.node()) {
    // nop
  }

  explicit actor_identity(const caf::actor_addr& x);

  bool operator==(const actor_identity& x) const noexcept {
    return id == x.id && node == x.node;
  }
};

struct actor_identity_hash {
  std::size_t operator()(const actor_identity& x) const noexcept {
    return std::hash<caf::actor_id>{}(x.id) ^ std::hash<caf::node_id>{}(x.node);
  }
};

/// A child, as far as the supervision does not care.
struct supervised_child {
  child_spec spec;
  std::string name;
  caf::message arguments{};
  std::unique_ptr<child_run> run{}; ///< of the incarnation that is alive
  std::uint64_t incarnation = 0;
  std::uint64_t starts = 0;
  std::uint64_t failures = 0;
  std::optional<failure> last_failure{};
  bool asked_in_vain = false; ///< and then killed
  bool ended_well = false; ///< the last time

  child_body::kind kind() const noexcept {
    return spec.body()->what();
  }

  /// Whether it counts as started only when it says so.
  bool says_started() const noexcept;

  /// How long it has to end once it is asked to.
  runtime::duration shutdown() const noexcept;

  /// The number of its start goes with its name where errors are listed.
  std::string label() const;
};

/// The children of one supervisor, by their key, their name and their actor.
///
/// Who is alive has a `run`, and is known by its actor. An actor that was one
/// is known for a while: until `most_recent` others have ended after it.
///
/// Used only by the supervisor's actor. O(log children) or O(1) each, but
/// `describe_all` and `count`.
class child_table {
public:
  static constexpr std::size_t most_recent = 1000;

  // -- by key -----------------------------------------------------------------

  void insert(child_key key, supervised_child x);

  void erase(child_key key);

  /// Null if there is none.
  supervised_child* find(child_key key);

  // -- by name ----------------------------------------------------------------

  std::optional<child_key> named(const std::string& name) const;

  // -- by actor ---------------------------------------------------------------

  /// `x` is alive from now on.
  void begin_run(child_key key, supervised_child& x,
                 std::unique_ptr<child_run> run);

  /// `x` is dead. Returns what ran.
  std::unique_ptr<child_run> end_run(child_key key, supervised_child& x);

  std::optional<child_key> played_by(const actor_identity& who) const;

  /// Whether that is a child, or was one of late.
  bool knows(const actor_identity& who) const;

  // -- all --------------------------------------------------------------------

  std::size_t size() const noexcept {
    return children_.size();
  }

  /// Kills all that are alive.
  void kill_all();

  void clear() noexcept;

  child_info describe(child_key key, const supervision& core) const;

  /// In the order of their start.
  std::vector<child_info> describe_all(const supervision& core) const;

  child_counts count(const supervision& core) const;

private:
  static child_info describe(child_key key, const supervised_child& x,
                             const supervision& core);

  template <class T>
  using by_actor = std::unordered_map<actor_identity, T, actor_identity_hash>;

  std::map<child_key, supervised_child> children_;
  std::unordered_map<std::string, child_key> names_;
  by_actor<child_key> actors_;
  std::deque<actor_identity> recent_; ///< the oldest first
  by_actor<std::size_t> recent_times_; ///< how often each is in there
};

} // namespace axiom::detail
