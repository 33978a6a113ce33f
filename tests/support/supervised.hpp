#pragma once

// What the tests of supervisors share: children that do as they are told, and
// a journal of what became of them.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "axiom/error/supervisor.hpp"
#include "support/tasks.hpp"

/// That this happened to the children of the fixture since it was looked at.
#define CHECK_HAPPENED(...)                                                    \
  BOOST_TEST(happened() == (lines __VA_ARGS__),                                \
             boost::test_tools::per_element())

/// How many children there are: all, those that are there, supervisors,
/// workers.
#define CHECK_COUNTS(x, ...)                                                   \
  BOOST_TEST(counts_of(x) == (counts __VA_ARGS__),                             \
             boost::test_tools::per_element())

/// That a supervisor gave up after 4 restarts, since a child failed and one,
/// the same or another, could not be made again; and what happened.
#define CHECK_ESCALATED(sup, first, again, ...)                                \
  BOOST_TEST((sup).ended());                                                   \
  BOOST_REQUIRE((sup).outcome());                                              \
  BOOST_TEST(names_of(tree_of(*(sup).outcome()))                               \
               == (lines{first " #1", again " #2", again " #3", again " #4",   \
                         again " #5", "supervisor"}),                          \
             boost::test_tools::per_element());                                \
  BOOST_TEST(tree_of(*(sup).outcome()).matches(errc::restarts_exhausted));     \
  BOOST_TEST((sup).stats().restarts == 4u);                                    \
  CHECK_HAPPENED(__VA_ARGS__)

namespace test {

using axiom::child_options;
using axiom::child_spec;
using axiom::child_start;
using axiom::child_state;
using axiom::restart_kind;
using axiom::supervision_strategy;
using axiom::supervisor;
using axiom::supervisor_options;

inline caf::error broken(std::string why = "broken") {
  return caf::make_error(caf::sec::runtime_error, std::move(why));
}

/// How an actor may end, and whether that is a failure.
struct exit_case {
  const char* name;
  caf::error reason;
  bool failure;
};

inline std::vector<exit_case> exits() {
  return {
    {"none", {}, false},
    {"user_shutdown", caf::make_error(caf::exit_reason::user_shutdown), false},
    {"cancelled", axiom::make_error(errc::cancelled), false},
    {"kill", caf::make_error(caf::exit_reason::kill), true},
    {"unreachable", caf::make_error(caf::exit_reason::unreachable), true},
    {"runtime_error", broken(), true},
    {"an error of ours", axiom::make_error(errc::restarts_exhausted), true},
  };
}

/// What the children of one test do and did.
struct nursery {
  lines journal;
  std::map<std::string, caf::actor> latest; ///< the last incarnation of each
  std::map<std::string, int> starts;
  std::map<std::string, int> failing_starts; ///< how many are still to fail
  std::map<std::string, int> idle_starts; ///< how many have nothing to do then
};

using nursery_ptr = std::shared_ptr<nursery>;

/// An actor that ends with the error it is sent; 0 is for a normal end.
class obedient : public caf::event_based_actor {
public:
  obedient(caf::actor_config& cfg, nursery_ptr home, std::string name)
    : caf::event_based_actor(cfg),
      home_(std::move(home)),
      name_(std::move(name)) {
    // nop
  }

  caf::behavior make_behavior() override {
    home_->journal.push_back("+" + name_);
    return {
      [this](int) { quit(); },
      [this](caf::error& why) { quit(std::move(why)); },
    };
  }

  void on_exit() override {
    home_->journal.push_back("-" + name_);
  }

protected:
  nursery_ptr home_;
  std::string name_;
};

/// Ignores whatever asks it to end.
class deaf_child : public obedient {
public:
  using obedient::obedient;

  caf::behavior make_behavior() override {
    set_exit_handler([](caf::exit_msg&) {});
    return obedient::make_behavior();
  }
};

/// Says that it is started when it is sent "started".
class shy : public obedient {
public:
  shy(caf::actor_config& cfg, nursery_ptr home, std::string name,
      caf::actor boss)
    : obedient(cfg, std::move(home), std::move(name)), boss_(std::move(boss)) {
    // nop
  }

  caf::behavior make_behavior() override {
    home_->journal.push_back("+" + name_);
    return {
      [this](const std::string&) { send(boss_, axiom::started_atom_v); },
      [this](int) { quit(); },
    };
  }

private:
  caf::actor boss_;
};

/// No threads, virtual time, and a nursery.
struct supervised : stepwise {
  ~supervised() {
    home->latest.clear(); // the children refer to it
  }

  nursery_ptr home = std::make_shared<nursery>();

  template <class Actor = obedient>
  child_spec worker(child_options how) const {
    auto make = [home = home, name = how.name](child_start& start) {
      return spawn_worker<Actor>(home, name, start);
    };
    return axiom::actor_child(std::move(how), std::move(make));
  }

  /// What many are made from, each known by the name that it is given.
  template <class Actor = obedient>
  child_spec any_worker(child_options how) const {
    auto make = [home = home](child_start& start) {
      return spawn_worker<Actor>(home, start.name(), start);
    };
    return axiom::actor_child(std::move(how), std::move(make));
  }

  std::vector<child_spec> workers(
    std::initializer_list<const char*> names,
    restart_kind restart = restart_kind::permanent) const {
    std::vector<child_spec> result;
    for (auto* name : names)
      result.push_back(worker({.name = name, .restart = restart}));
    return result;
  }

  supervisor begin(supervisor_options options) {
    auto result = supervisor::spawn(system(), std::move(options));
    run();
    return result;
  }

  /// Has a child end.
  void crash(const std::string& name, caf::error why = broken()) {
    caf::anon_send(home->latest.at(name), std::move(why));
    run();
  }

  void leave(const std::string& name) {
    caf::anon_send(home->latest.at(name), 0);
    run();
  }

  /// Has a `shy` child say that it is started.
  void say_started(const std::string& name) {
    caf::anon_send(home->latest.at(name), std::string{"started"});
    run();
  }

  /// What happened to the children since it was looked at last.
  lines happened() {
    return std::exchange(home->journal, {});
  }

  /// The result of a request, which has to be there.
  template <class T>
  T result_of(axiom::task<T> request) {
    run();
    BOOST_REQUIRE(request.done());
    return request.get();
  }

  template <class T>
  std::optional<errc> error_of(axiom::task<T> request) {
    run();
    BOOST_REQUIRE(request.done());
    return code_thrown_by([&] { request.get(); });
  }

  using counts = std::array<std::uint64_t, 4>;

  counts counts_of(const supervisor& x) {
    const auto n = result_of(x.count_children());
    return {n.specs, n.active, n.supervisors, n.workers};
  }

  child_state state_of(const supervisor& x, std::string_view name) {
    for (auto& child : result_of(x.which_children()))
      if (child.name == name)
        return child.state;
    BOOST_FAIL("no such child: " + std::string{name});
    return {};
  }

  bool has(const supervisor& x, std::string_view name) {
    for (auto& child : result_of(x.which_children()))
      if (child.name == name)
        return true;
    return false;
  }

  void stop_and_check(const supervisor& x) {
    result_of(x.stop());
    BOOST_TEST(x.ended());
    BOOST_TEST(x.stats().active == 0u);
  }

private:
  template <class Actor>
  static caf::actor spawn_worker(const nursery_ptr& home,
                                 const std::string& name, child_start& start) {
    ++home->starts[name];
    if (auto& n = home->failing_starts[name]; n > 0) {
      --n;
      throw std::runtime_error("cannot make " + name);
    }
    if (auto& n = home->idle_starts[name]; n > 0) {
      --n;
      return {};
    }
    caf::actor result;
    if constexpr (std::is_same_v<Actor, shy>)
      result = start.system().spawn<shy>(home, name, start.supervisor());
    else
      result = start.system().spawn<Actor>(home, name);
    home->latest[name] = result;
    return result;
  }
};

/// A supervisor whose children are made from one specification.
inline supervisor_options pool_of(child_spec spec) {
  return {.strategy = supervision_strategy::simple_one_for_one,
          .children = {std::move(spec)}};
}

/// The errors that a supervisor ended with.
inline const axiom::concurrent_errors& tree_of(const axiom::failure& x) {
  try {
    std::rethrow_exception(x.cause());
  } catch (const axiom::concurrent_errors& errors) {
    return errors; // kept alive by the failure
  }
}

inline lines names_of(const axiom::concurrent_errors& errors) {
  lines result;
  for (auto& x : errors.errors())
    result.push_back(x.task.name);
  return result;
}

} // namespace test
