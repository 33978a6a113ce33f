// Cancelling a tree: what each kind of code sees, clean-up that has to wait, and
// the report.

#include <atomic>
#include <chrono>
#include <iostream>
#include <latch>
#include <mutex>
#include <string>

#include <axiom/axiom.hpp>

using namespace std::chrono_literals;

namespace {

std::mutex output;

void say(const std::string& line) {
  std::lock_guard guard{output};
  std::cout << line << std::endl;
}

/// A coroutine: its frames are unwound where it waits, so destructors run.
axiom::async<void> waits(axiom::task_context& self, std::latch& ready) {
  struct farewell {
    ~farewell() {
      say("waits: my variables are destroyed");
    }
  } on_exit;
  ready.count_down();
  co_await self.sleep_for(1h);
  say("never printed");
}

/// A coroutine that goes on, for clean-up that itself takes time.
axiom::async<void> cleans_up(axiom::task_context& self, std::latch& ready) {
  ready.count_down();
  auto slept = co_await axiom::as_expected(self.sleep_for(1h));
  if (slept)
    co_return;
  co_await self.shielded(
    [](axiom::task_context& shield) -> axiom::async<void> {
      co_await shield.sleep_for(10ms); // telling a server, say
      say("cleans_up: done, although cancelled");
    });
}

/// Synchronous code on a thread of its own asks from time to time.
void computes(axiom::task_context& self, std::latch& ready) {
  ready.count_down();
  for (;;)
    self.check_cancelled();
}

} // namespace

int main() {
  axiom::config cfg;
  caf::actor_system sys{cfg};
  auto coordinator
    = axiom::structured_task_coordinator::spawn(sys, {.name = "app"});
  std::latch ready{3};
  auto root = coordinator.create_child_task(
    "root", [&](axiom::task_context& self) -> axiom::async<void> {
      self.create_child_task("waits", [&](axiom::task_context& child) {
        return waits(child, ready);
      });
      self.create_child_task("cleans up", [&](axiom::task_context& child) {
        return cleans_up(child, ready);
      });
      self.create_child_task("computes", axiom::blocking([&](
                                           axiom::task_context& child) {
                               computes(child, ready);
                             }));
      co_await self.hierarchy().await_children();
    });
  ready.wait();
  auto cancellation = coordinator.cancel_task_tree(
    root.reference(), axiom::cancel_reason::user, 2s);
  auto report = cancellation.get();
  say(to_string(report));
  try {
    root.get();
  } catch (const axiom::cancelled_error& ex) {
    say(ex.what());
  }
  return report.all_acknowledged() ? 0 : 1;
}
