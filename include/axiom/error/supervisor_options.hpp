#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "axiom/coordination/coordinator.hpp"
#include "axiom/error/child_spec.hpp"
#include "axiom/runtime/timer_service.hpp"
#include "axiom/task/defaults.hpp"
#include "axiom/task/reference.hpp"

namespace axiom {

/// Which children are restarted when one has failed.
enum class supervision_strategy : std::uint8_t {
  /// That one.
  one_for_one,
  /// All: the others are stopped first, the youngest first.
  one_for_all,
  /// That one and those after it, which are stopped first.
  rest_for_one,
  /// That one; all children are made from one specification, on demand, and
  /// are stopped all at once.
  simple_one_for_one,
};

/// The enumerator's name.
std::string to_string(supervision_strategy x);

/// Whether a supervisor ends, as if asked to, when a significant child has
/// ended by itself and is not to be restarted.
enum class auto_shutdown : std::uint8_t {
  never, ///< no; then no child may be significant
  any_significant, ///< with the first of them
  all_significant, ///< with the last of them
};

/// The enumerator's name.
std::string to_string(auto_shutdown x);

/// How long a child waits until it is restarted: `initial` after its first
/// failure, `factor` times as long after each following one, up to `max`; each
/// time more or less by up to a part `jitter` of it. A child that ran for
/// `healthy_after` begins anew. One that is a task and that an open circuit
/// breaker refused waits until that lets somebody through, if that is later:
/// without it the restarts would be used up in vain.
///
/// Without a wait, which is the default, nothing is drawn at random.
struct restart_backoff {
  runtime::duration initial{0};
  runtime::duration max = std::chrono::seconds{30};
  double factor = 2;
  double jitter = 0; ///< from 0 to 1
  runtime::duration healthy_after = defaults::child_healthy_after;
};

/// The longest name, in bytes, of what a `simple_one_for_one` supervisor makes
/// its children from: they have it with "-" and a number, which has up to 20
/// digits, and those are names of tasks or actors like others.
inline constexpr std::size_t max_instance_name = max_task_name - 21;

/// How a supervisor is made.
struct supervisor_options {
  /// At most 64 bytes.
  std::string name = "supervisor";

  supervision_strategy strategy = supervision_strategy::one_for_one;

  /// The supervisor gives up when children have to be restarted more often than
  /// this within this time. A restart of several children is one; one whose
  /// child does not start is followed by another. Restarts by request do not
  /// count.
  std::size_t max_restarts = defaults::supervisor_max_restarts;
  runtime::duration within = defaults::supervisor_within;

  restart_backoff backoff{};

  axiom::auto_shutdown auto_shutdown = axiom::auto_shutdown::never;

  /// In the order in which they are started. With `simple_one_for_one` exactly
  /// one, of which `instances` are started, with a name of at most
  /// `max_instance_name` bytes.
  std::vector<child_spec> children{};

  /// With `simple_one_for_one`: how many children there are from the beginning,
  /// before any is asked for. They are named like those.
  std::size_t instances = 0;

  /// Where children that are tasks live: as root tasks of this coordinator.
  /// None: the supervisor has one of its own, with its name.
  std::optional<structured_task_coordinator> coordinator{};

  /// How many errors are kept at most of those within the time `within`; all
  /// are counted.
  std::size_t error_history = defaults::supervisor_error_history;

  /// What jitter is drawn from; none: something random.
  std::optional<std::uint64_t> seed{};
};

/// All that is wrong with them, those of nested supervisors included; each says
/// where, and what would be right.
std::vector<std::string> problems_of(const supervisor_options& options);

} // namespace axiom
