#pragma once

// What the behaviour tests share: short ways to say what a task does, and
// actors that note what they are told.

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>
#include <caf/send.hpp>
#include <caf/system_messages.hpp>

#include "axiom/axiom.hpp"
#include "axiom/testing/fixture.hpp"

namespace test {

using namespace std::chrono_literals;
using axiom::async;
using axiom::errc;
using axiom::task_context;
using axiom::task_phase;

using lines = std::vector<std::string>;
using phases = std::vector<task_phase>;

/// A body that suspends until it is cancelled.
inline async<void> forever(task_context& self) {
  co_await self.sleep_for(24h);
}

/// A body that fails without throwing.
inline async<int> failing(task_context&) {
  co_return axiom::fail(errc::invalid_argument, "broken");
}

/// The code of the axiom::exception that `f` throws; none if it throws none.
/// For any thread: nothing of Boost.Test's is.
template <class F>
std::optional<errc> code_thrown_by(F f) {
  try {
    f();
  } catch (const axiom::exception& ex) {
    if (ex.error().category() != axiom::errc_category)
      throw;
    return static_cast<errc>(ex.error().code());
  }
  return std::nullopt;
}

/// Writes a line when it is destroyed.
class noted_end {
public:
  noted_end(lines& where, std::string what)
    : where_(&where), what_(std::move(what)) {
    // nop
  }

  noted_end(const noted_end&) = delete;
  noted_end& operator=(const noted_end&) = delete;

  ~noted_end() {
    where_->push_back(what_);
  }

private:
  lines* where_;
  std::string what_;
};

/// What a watching actor was told.
struct watch_log {
  std::vector<caf::down_msg> downs;
  std::vector<caf::exit_msg> exits;
};

/// A foreign actor that monitors and links to nothing yet; `log` gets what it
/// is told later.
inline caf::actor spawn_watcher(caf::actor_system& sys,
                                std::shared_ptr<watch_log> log) {
  return sys.spawn([log](caf::event_based_actor* self) -> caf::behavior {
    self->set_down_handler(
      [log](caf::down_msg& msg) { log->downs.push_back(msg); });
    self->set_exit_handler([self, log](caf::exit_msg& msg) {
      if (msg.reason == caf::exit_reason::user_shutdown)
        return self->quit(); // the test is over
      log->exits.push_back(msg);
    });
    return {
      [self](caf::monitor_atom, const caf::actor& x) { self->monitor(x); },
      [self](caf::link_atom, const caf::actor& x) { self->link_to(x); },
      [self](caf::unlink_atom, const caf::actor& x) { self->unlink_from(x); },
    };
  });
}

/// Links two actors from outside of both.
inline void link(const caf::actor& a, const caf::actor& b) {
  caf::actor_cast<caf::abstract_actor*>(a)->add_link(
    caf::actor_cast<caf::abstract_actor*>(b));
}

/// Sends an exit message with any reason, from nobody.
inline void send_exit(const caf::actor& to, caf::error reason) {
  to->enqueue(nullptr, caf::make_message_id(),
              caf::make_message(caf::exit_msg{caf::actor_addr{},
                                              std::move(reason)}),
              nullptr);
}

/// The fixture of most cases: no threads, virtual time.
struct stepwise : axiom::testing::fixture {
  template <class F>
  auto start(std::string_view name, F op) {
    return coordinator().create_child_task(name, std::move(op));
  }

  template <class F>
  auto start(const axiom::task_options& options, F op) {
    return coordinator().create_child_task(options, std::move(op));
  }

  void stop(const caf::actor& x) {
    caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
    run();
  }
};

/// The same with two workers.
struct threaded : axiom::testing::fixture {
  explicit threaded(bool virtual_time = true)
    : fixture({.scheduler = axiom::runtime::scheduler_policy::axiom,
               .virtual_time = virtual_time}) {
    // nop
  }

  template <class F>
  auto start(std::string_view name, F op) {
    return coordinator().create_child_task(name, std::move(op));
  }
};

/// Two workers, and time that goes by itself.
struct real_time : threaded {
  real_time() : threaded(false) {
    // nop
  }
};

} // namespace test
