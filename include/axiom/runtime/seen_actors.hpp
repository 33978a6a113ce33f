#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <boost/intrusive/list.hpp>
#include <caf/abstract_actor.hpp>
#include <caf/attachable.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduled_actor.hpp>

#include "axiom/runtime/running_actors.hpp"
#include "axiom/runtime/small_mutex.hpp"

namespace axiom::runtime {

/// Collects actors that are found running: all are counted, some kept.
class actor_sightings {
public:
  /// @param most how many to keep
  /// @param left_out which to pass over; sorted
  actor_sightings(std::size_t most, std::span<const caf::actor_id> left_out);

  /// @pre the actor has not been cleaned up
  void add(caf::actor_control_block& actor, time_point since);

  running_actors describe() const;

private:
  struct sighting {
    caf::strong_actor_ptr actor;
    time_point since;
  };

  const std::size_t most_;
  const std::span<const caf::actor_id> left_out_;
  std::vector<sighting> kept_;
  std::size_t count_ = 0;
};

/// The event-based actors that began on one worker and have not ended.
///
/// The problem: CAF keeps a count of the actors that run and nothing else, and
/// no hook tells of a new one. But a scheduler runs each event-based actor for
/// a first time, which is where this sees it. What is seen must not keep
/// memory: a weak reference would, since an actor lies in one block with its
/// counts, and a server that once had a million actors would have their
/// gigabyte for ever. So an actor that outlives its first run gets an
/// attachment, which is the entry here and leaves with the actor.
///
/// Cost, measured: nothing a message (one virtual call), some 50 ns an actor,
/// of 700 to 1500 ns that spawning and ending one takes. Actors that CAF does
/// not count, the hidden ones, are not noted.
///
/// Invariants:
/// 1. The actor of an entry has not been cleaned up, or `has_run` is about to
///    find that it has, with the worker's reference: so its control block is
///    there. Its last reference may just have gone.
/// 2. The worker has a reference to the actor of `first_run_`.
///
/// Thread safety: `begins` and `has_run` are for the worker, `look` for
/// anybody; entries leave on any thread. An actor that outlives this has its
/// clean-up ahead of it, for which CAF needs the whole system, not only this
/// part of it.
class seen_actors {
public:
  seen_actors() = default;
  seen_actors(const seen_actors&) = delete;
  seen_actors& operator=(const seen_actors&) = delete;

  /// The actor that `job` is, if it is about to run for the first time and CAF
  /// counts it; null for everything else.
  static caf::scheduled_actor* newcomer(caf::resumable& job) noexcept {
    if (job.subtype() != caf::resumable::scheduled_actor)
      return nullptr;
    auto& actor = static_cast<caf::scheduled_actor&>(job);
    return !actor.getf(caf::abstract_actor::is_initialized_flag)
            && actor.getf(caf::abstract_actor::is_registered_flag)
           ? &actor
           : nullptr;
  }

  /// To be called before the first run of `actor`.
  void begins(caf::scheduled_actor& actor) noexcept;

  /// To be called after it, while the worker still has its reference.
  void has_run(caf::scheduled_actor& actor,
               caf::resumable::resume_result result);

  /// Adds all to `into`.
  void look(actor_sightings& into) const;

private:
  struct entry final : caf::attachable, boost::intrusive::list_base_hook<> {
    entry(seen_actors& list, caf::actor_control_block& who, time_point begin)
      : seen(list), actor(who), since(begin) {
      // nop
    }

    void actor_exited(const caf::error&, caf::execution_unit*) override;

    seen_actors& seen;
    caf::actor_control_block& actor;
    const time_point since;
  };

  mutable small_mutex mutex_;
  caf::actor_control_block* first_run_ = nullptr;
  time_point first_run_since_{};
  boost::intrusive::list<entry, boost::intrusive::constant_time_size<false>>
    entries_; ///< the longest seen first
};

} // namespace axiom::runtime
