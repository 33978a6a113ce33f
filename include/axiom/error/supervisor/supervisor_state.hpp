#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <caf/error.hpp>

#include "axiom/coordination/coordinator.hpp"
#include "axiom/error/concurrent_errors.hpp"
#include "axiom/error/supervisor/error_window.hpp"
#include "axiom/error/supervisor/supervisor_family.hpp"
#include "axiom/error/supervisor_actor.hpp"
#include "axiom/error/supervisor_options.hpp"
#include "axiom/runtime/host.hpp"

namespace axiom::detail {

/// What a supervisor's actor shares with its handles, and with whatever tells
/// it of its children.
///
///     begun --end of the actor--> gone
///
/// What happens to children comes through `post`, not as the content of
/// messages: any child could send such. The message that follows each event
/// only says that there is one more.
///
/// Invariants:
/// 1. It is one of its family, and holds the actor, from `begin` to `gone`. So
///    the actor ends when it is told to, not since nobody holds it. The family
///    is among the system's residents for as long as that is so for the root.
/// 2. Each event posted before `gone` is followed by one message.
///
/// Locks: `mutex_` only, with nothing called from under it.
///
/// Thread-safe but for `begin`.
class supervisor_state final
  : public boost::intrusive_ref_counter<supervisor_state> {
public:
  /// Something that happened to the incarnation of a child.
  struct event {
    enum class kind : std::uint8_t { started, ended };

    kind what;
    std::uint64_t child;
    std::uint64_t incarnation;
    caf::error reason{}; ///< of an end
  };

  /// @param family that of the supervisor above; null if there is none
  supervisor_state(runtime::host& where, const supervisor_options& options,
                   supervisor_family_ptr family);
  ~supervisor_state();

  const std::string& name() const noexcept {
    return name_;
  }

  runtime::host& host() const noexcept {
    return host_;
  }

  const supervisor_family_ptr& family() const noexcept {
    return family_;
  }

  // -- events -----------------------------------------------------------------

  /// Does nothing once the actor is gone.
  void post(event x) noexcept;

  /// Tells the actor that time has passed.
  void tick() noexcept;

  // -- for the actor ----------------------------------------------------------

  void begin(supervisor_actor actor);

  /// The oldest event that was not taken yet.
  std::optional<event> take();

  void note(task_error error, runtime::time_point now);

  /// From now on no error is lost that is there.
  void hold_errors() noexcept;

  void published(std::uint64_t children, std::uint64_t active,
                 std::uint64_t restarts) noexcept;

  void one_more_start() noexcept {
    starts_.fetch_add(1, std::memory_order_relaxed);
  }

  /// It ends with this, as far as others are concerned.
  void conclude(std::optional<failure> outcome);

  /// The actor is no more.
  void gone() noexcept;

  /// Where its tasks live; made when it is needed. Throws `errc::scope_closed`
  /// after `gone`.
  structured_task_coordinator tasks();

  // -- for everybody ----------------------------------------------------------

  bool ended() const noexcept {
    return ended_.load(std::memory_order_acquire);
  }

  std::optional<failure> outcome() const;

  std::vector<task_error> errors() const;

  /// Whether there were more errors in the last while than those.
  bool errors_overflowed() const;

  supervisor_stats stats() const;

private:
  runtime::host& host_; ///< for the actor, which keeps it
  const std::string name_;
  const bool root_; ///< of the family
  const supervisor_family_ptr family_;

  // Figures; each by itself.
  std::atomic<std::uint64_t> children_{0};
  std::atomic<std::uint64_t> active_{0};
  std::atomic<std::uint64_t> starts_{0};
  std::atomic<std::uint64_t> restarts_{0};
  std::atomic<std::uint64_t> errors_{0};
  std::atomic<bool> ended_{false}; ///< released after `outcome_`

  mutable std::mutex mutex_; ///< of what follows
  supervisor_actor actor_;
  bool gone_ = false;
  std::deque<event> events_;
  error_window window_;
  std::optional<structured_task_coordinator> tasks_;
  std::optional<failure> outcome_;
};

using supervisor_ptr = boost::intrusive_ptr<supervisor_state>;

/// Starts the actor of a supervisor, and the supervisor.
/// @param up called by it when all its children have started; may be empty
/// @pre the options are valid
supervisor_actor start_supervisor(caf::actor_system& sys, supervisor_ptr state,
                                  supervisor_options options,
                                  std::function<void()> up);

/// All that is wrong with a child; `where` begins each line.
void check_child(const child_spec& spec, const std::string& where,
                 auto_shutdown mode, std::vector<std::string>& problems);

/// All that is wrong with a supervisor.
void check_supervisor(const supervisor_options& options,
                      const std::string& where,
                      std::vector<std::string>& problems);

} // namespace axiom::detail
