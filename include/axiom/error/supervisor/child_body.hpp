#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/fwd.hpp>
#include <caf/message.hpp>

#include "axiom/error/concurrent_errors.hpp"
#include "axiom/error/failure.hpp"
#include "axiom/error/supervisor/exit_class.hpp"
#include "axiom/error/supervisor/supervisor_family.hpp"
#include "axiom/runtime/timer_service.hpp"
#include "axiom/task/reference.hpp"

namespace axiom {

class structured_task_coordinator;

namespace detail {

/// What a supervisor lends to a child's body for one start. Used only by the
/// supervisor's actor.
struct child_site {
  caf::actor_system& system;
  caf::actor supervisor;
  std::string name;
  std::uint64_t number; ///< of the start, from 1
  caf::message arguments;
  std::function<void()> report; ///< says that it is started; for any thread
  std::function<const structured_task_coordinator&()> tasks;
  supervisor_family_ptr family; ///< the supervisor's
};

} // namespace detail

/// What the function that makes an actor for a supervisor is passed; valid
/// during the call.
class child_start {
public:
  explicit child_start(detail::child_site& site) noexcept : site_(site) {
    // nop
  }

  child_start(const child_start&) = delete;
  child_start& operator=(const child_start&) = delete;

  caf::actor_system& system() const noexcept {
    return site_.system;
  }

  /// To say `started_atom_v` to, among other things. Whoever keeps it keeps
  /// memory only: a supervisor ends when it is told to.
  const caf::actor& supervisor() const noexcept {
    return site_.supervisor;
  }

  const std::string& name() const noexcept {
    return site_.name;
  }

  /// How often this child was made, this time included.
  std::uint64_t number() const noexcept {
    return site_.number;
  }

  /// What came with the request to start it; empty if nothing did.
  const caf::message& arguments() const noexcept {
    return site_.arguments;
  }

  /// A function that says that the child is started: for any thread, any
  /// number of times, also later.
  std::function<void()> started() const {
    return site_.report;
  }

private:
  detail::child_site& site_;
};

namespace detail {

/// How a child ended.
struct child_exit {
  exit_class how;
  std::optional<failure> why; ///< there if it is a failure
  std::vector<task_error> before{}; ///< errors that `why` does not tell of
};

/// One incarnation of a child. Used only by the supervisor's actor.
class child_run {
public:
  explicit child_run(caf::strong_actor_ptr actor) : actor_(std::move(actor)) {
    // nop
  }

  child_run(const child_run&) = delete;
  child_run& operator=(const child_run&) = delete;
  virtual ~child_run();

  const caf::strong_actor_ptr& actor() const noexcept {
    return actor_;
  }

  /// Asks it to end.
  virtual void ask(runtime::duration budget, const std::string& who);

  virtual void kill();

  /// Whether it was killed. @pre it has ended, with this reason
  virtual bool killed(const caf::error& reason) const noexcept;

  /// What its end means. @pre it has ended, with this reason
  virtual child_exit explain(const caf::error& reason);

  /// Who it is, in errors, under this name.
  virtual task_reference reference(std::uint64_t prefix,
                                   std::string name) const;

private:
  caf::strong_actor_ptr actor_;
};

/// What the incarnations of a child are made from. Immutable but for what the
/// user's function keeps; used only by one supervisor at a time.
class child_body {
public:
  enum class kind : std::uint8_t { actor, task, supervisor };

  child_body() = default;
  child_body(const child_body&) = delete;
  child_body& operator=(const child_body&) = delete;
  virtual ~child_body();

  /// Null if there is nothing to do. Throws what the user's code throws.
  virtual std::unique_ptr<child_run> start(child_site& site) const = 0;

  virtual kind what() const noexcept = 0;

  /// Calls `f` with the name of each supervisor that it is, or that is below
  /// it from the beginning.
  virtual void each_supervisor(
    const std::function<void(const std::string&)>& f) const;

  /// What is wrong with it, one line each, below `where`.
  virtual void check(const std::string& where,
                     std::vector<std::string>& problems) const;
};

/// The body of a child that is an actor.
std::shared_ptr<const child_body> make_actor_body(
  std::function<caf::strong_actor_ptr(child_start&)> spawn);

} // namespace detail

} // namespace axiom
