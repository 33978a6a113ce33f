#pragma once

// What a task can wait for: the rows of the table in waits.cpp. To add one,
// write a function that waits, and an entry in `waits`.

#include <array>
#include <atomic>
#include <functional>
#include <ostream>
#include <stdexcept>
#include <string>

#include <caf/event_based_actor.hpp>
#include <caf/response_promise.hpp>
#include <caf/send.hpp>

#include "support/tasks.hpp"

namespace test::waiting {

using axiom::coordinated_task_group;
using axiom::discarding_task_group;
using axiom::with_discarding_group;
using axiom::with_task_group;
using int_group = coordinated_task_group<int>;
using void_group = coordinated_task_group<void>;

/// What a case and the task that waits tell each other.
struct probe {
  /// Whether what is awaited is to fail.
  bool fails = false;

  /// Run just before the wait.
  std::function<void()> before{};

  std::atomic<bool> waits{false};
  std::atomic<bool> went_on{false};

  void begin() {
    if (before)
      before();
    waits = true;
  }
};

/// Comes after a second of time, or fails then.
inline async<int> in_a_second(task_context& self, const probe& p) {
  co_await self.sleep_for(1s);
  if (p.fails)
    throw std::runtime_error("broken");
  co_return 1;
}

inline async<void> a_task(task_context& self, probe& p) {
  auto child = self.create_child_task(
    "child", [&p](task_context& me) { return in_a_second(me, p); });
  p.begin();
  co_await child;
  p.went_on = true;
}

inline async<void> all_children(task_context& self, probe& p) {
  self.create_child_task("child",
                         [&p](task_context& me) { return in_a_second(me, p); });
  p.begin();
  co_await self.hierarchy().await_children();
  p.went_on = true;
}

inline async<void> a_group(task_context& self, probe& p) {
  auto body = [&p](int_group& group) -> async<void> {
    co_await group.add_task(
      "child", [&p](task_context& me) { return in_a_second(me, p); });
  };
  p.begin();
  co_await with_task_group<int>(self, body);
  p.went_on = true;
}

inline async<void> a_discarding_group(task_context& self, probe& p) {
  auto body = [&p](discarding_task_group& group) -> async<void> {
    co_await group.add_task(
      "child", [&p](task_context& me) { return in_a_second(me, p); });
  };
  p.begin();
  co_await with_discarding_group(self, body);
  p.went_on = true;
}

inline async<void> the_next_result(task_context& self, probe& p) {
  auto body = [&p](int_group& group) -> async<void> {
    co_await group.add_task(
      "child", [&p](task_context& me) { return in_a_second(me, p); });
    p.begin();
    co_await group.next();
    p.went_on = true;
  };
  co_await with_task_group<int>(self, body);
}

inline async<void> the_next_result_in_a_child(task_context& self, probe& p) {
  auto body = [&p](int_group& group) -> async<void> {
    auto read = [&p, &group](task_context&) -> async<void> {
      p.begin();
      co_await group.next();
      p.went_on = true;
    };
    group.context().create_child_task("reader", read);
    co_await group.add_task(
      "child", [&p](task_context& me) { return in_a_second(me, p); });
  };
  co_await with_task_group<int>(self, body);
}

inline async<void> a_place_in_a_group(task_context& self, probe& p) {
  auto body = [&p](void_group& group) -> async<void> {
    auto occupy = [&p, &group](task_context& me) -> async<void> {
      co_await me.sleep_for(1s);
      if (p.fails)
        group.close();
    };
    co_await group.add_task("occupant", occupy);
    p.begin();
    co_await group.add_task("child", [] {});
    p.went_on = true;
  };
  co_await with_task_group<void>(self, {.max_concurrency = 1}, body);
}

inline async<void> room_for_a_result(task_context& self, probe& p) {
  auto body = [&p](void_group& group) -> async<void> {
    co_await group.add_task("unread", [] {});
    auto read = [&p, &group](task_context& me) -> async<void> {
      co_await me.sleep_for(1s);
      if (p.fails)
        group.close();
      else
        co_await group.next();
    };
    group.context().create_child_task("reader", read);
    p.begin();
    co_await group.add_task("child", [] {});
    p.went_on = true;
  };
  co_await with_task_group<void>(self, {.max_unread = 1}, body);
}

inline async<void> a_start(task_context& self, probe& p) {
  auto body = [&p](void_group& group) -> async<void> {
    auto op = [&p](task_context& me) -> async<void> {
      auto value = co_await in_a_second(me, p);
      me.started(value);
    };
    p.begin();
    co_await group.start<int>("child", op);
    p.went_on = true;
  };
  co_await with_task_group<void>(self, body);
}

inline async<void> a_start_with_a_timeout(task_context& self, probe& p) {
  auto body = [&p](void_group& group) -> async<void> {
    auto op = [&p](task_context& me) -> async<void> {
      co_await me.sleep_for(p.fails ? 1h : 1s);
      me.started();
    };
    p.begin();
    co_await group.start("child", op, p.fails ? 1s : 2s);
    p.went_on = true;
  };
  co_await with_task_group<void>(self, body);
}

inline async<void> a_sleep(task_context& self, probe& p) {
  p.begin();
  co_await self.sleep_for(1s);
  p.went_on = true;
}

inline async<void> a_shield(task_context& self, probe& p) {
  auto op = [&p](task_context& me) { return in_a_second(me, p); };
  p.begin();
  co_await self.shielded(op);
  p.went_on = true;
}

/// An actor that does what it is for when it is told to: answers the request it
/// has, if it has one, and ends.
class slow_actor : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    return {
      [this](const std::string&) {
        promise_ = make_response_promise();
        return promise_;
      },
      [this](bool fails) {
        if (!fails) {
          promise_.deliver(1);
          return quit();
        }
        auto why = axiom::make_error(errc::not_installed, "broken");
        promise_.deliver(why);
        quit(why);
      },
    };
  }

  void on_exit() override {
    promise_ = caf::response_promise{}; // it refers to this actor
  }

private:
  caf::response_promise promise_;
};

/// Tells `actor` after a second.
inline auto tell_in_a_second(caf::actor actor, const probe& p) {
  return [actor = std::move(actor), &p](task_context& self) -> async<void> {
    co_await self.sleep_for(1s);
    caf::anon_send(actor, p.fails);
  };
}

inline async<void> a_response(task_context& self, probe& p) {
  auto actor = self.spawn_child<slow_actor>();
  self.create_child_task("clock", tell_in_a_second(actor, p));
  p.begin();
  co_await self.request<int>(actor, 1h, std::string{"question"});
  p.went_on = true;
}

inline async<void> an_adopted_actor(task_context& self, probe& p) {
  auto actor = self.spawn_child<slow_actor>();
  self.create_child_task("clock", tell_in_a_second(actor, p));
  p.begin();
  co_await self.hierarchy().await_children();
  p.went_on = true;
}

/// Has a child of `self` take the only permit of `limiter` and keep it until it
/// is told otherwise; to be awaited until it has it.
inline async<void> occupy(task_context& self,
                          const axiom::permit_source& source,
                          const axiom::concurrency_limiter& limiter,
                          const probe& p) {
  auto hold = [&source, &limiter, &p](task_context& me) -> async<void> {
    auto held = co_await source.acquire();
    co_await me.sleep_for(1s);
    if (p.fails)
      limiter.close();
  };
  self.create_child_task("holder", hold);
  while (limiter.in_use() == 0)
    co_await self.yield();
}

inline async<void> a_permit(task_context& self, probe& p) {
  auto limiter = axiom::concurrency_limiter::spawn(self.system(), {});
  co_await occupy(self, limiter, limiter, p);
  p.begin();
  auto held = co_await limiter.acquire();
  p.went_on = true;
}

inline async<void> a_permit_of_a_key(task_context& self, probe& p) {
  auto limiter = axiom::concurrency_limiter::spawn(
    self.system(), {.sharing = axiom::limiter_sharing::by_key});
  auto part = limiter.partition("key");
  co_await occupy(self, part, limiter, p);
  p.begin();
  auto held = co_await part.acquire();
  p.went_on = true;
}

inline async<void> a_permit_with_a_timeout(task_context& self, probe& p) {
  auto limiter = axiom::concurrency_limiter::spawn(self.system(), {});
  probe patient;
  co_await occupy(self, limiter, limiter, patient);
  p.begin();
  auto held = co_await limiter.acquire_for(p.fails ? 500ms : 2s);
  p.went_on = true;
}

inline async<void> a_child_with_a_permit(task_context& self, probe& p) {
  auto limiter = axiom::concurrency_limiter::spawn(self.system(), {});
  co_await occupy(self, limiter, limiter, p);
  auto body = [](int_group& group) -> async<void> {
    co_await group.add_task("child", [] { return 1; });
  };
  p.begin();
  co_await with_task_group<int>(self, {.limiter = &limiter}, body);
  p.went_on = true;
}

inline async<void> something_in_time(task_context& self, probe& p) {
  auto op = [&p](task_context& me) -> async<void> {
    co_await me.sleep_for(p.fails ? 1h : 1s);
  };
  p.begin();
  co_await axiom::with_timeout(self, p.fails ? 1s : 2s, op);
  p.went_on = true;
}

inline async<void> a_first_success(task_context& self, probe& p) {
  auto op = [&p](task_context& me) { return in_a_second(me, p); };
  p.begin();
  co_await axiom::first_success(self, {}, op, op);
  p.went_on = true;
}

inline async<void> a_race(task_context& self, probe& p) {
  auto op = [&p](task_context& me) { return in_a_second(me, p); };
  p.begin();
  co_await axiom::race(self, {}, op, op);
  p.went_on = true;
}

inline async<void> a_quorum(task_context& self, probe& p) {
  auto op = [&p](task_context& me) { return in_a_second(me, p); };
  p.begin();
  co_await axiom::quorum(self, 2, {}, op, op);
  p.went_on = true;
}

inline async<void> a_hedged_request(task_context& self, probe& p) {
  auto op = [&p](task_context& me) { return in_a_second(me, p); };
  p.begin();
  co_await axiom::hedged(self, {.delay = 500ms, .max = 1}, op);
  p.went_on = true;
}

inline async<void> a_map(task_context& self, probe& p) {
  std::vector<int> items{1, 2};
  auto op = [&p](task_context& me, int) { return in_a_second(me, p); };
  p.begin();
  co_await axiom::map_with_limit(self, items, 2, op);
  p.went_on = true;
}

inline async<void> a_stream(task_context& self, probe& p) {
  std::vector<int> items{1};
  auto op = [&p](task_context& me, int) { return in_a_second(me, p); };
  auto body = [](auto& stream) -> async<void> {
    while (co_await stream.next()) {
      // read to its end
    }
  };
  p.begin();
  co_await axiom::transform_stream(self, items, 1, op, body);
  p.went_on = true;
}

/// One row.
struct wait {
  const char* name;

  /// Waits once, for what comes after a second.
  async<void> (*run)(task_context& self, probe& p);

  /// A part of the text of the error it ends with; null if it cannot fail.
  const char* error;

  enum class kind {
    plain,
    inner, ///< a task below does it: it may go on, and this one not any more
    shielded ///< it goes on when the waiting task is cancelled
  };

  kind how = kind::plain;
};

inline std::ostream& operator<<(std::ostream& out, const wait& x) {
  return out << x.name;
}

inline constexpr std::array waits{
  wait{"a task", a_task, "broken"},
  wait{"all children", all_children, "broken"},
  wait{"a group", a_group, "broken"},
  wait{"a discarding group", a_discarding_group, "broken"},
  wait{"the next result", the_next_result, "broken", wait::kind::inner},
  wait{"the next result in a child", the_next_result_in_a_child, "broken",
       wait::kind::inner},
  wait{"a place in a group", a_place_in_a_group, "scope_closed",
       wait::kind::inner},
  wait{"room for a result", room_for_a_result, "scope_closed",
       wait::kind::inner},
  wait{"a start", a_start, "broken", wait::kind::inner},
  wait{"a start with a timeout", a_start_with_a_timeout, "deadline_exceeded",
       wait::kind::inner},
  wait{"a sleep", a_sleep, nullptr},
  wait{"a shield", a_shield, "broken", wait::kind::shielded},
  wait{"a response", a_response, "broken"},
  wait{"an adopted actor", an_adopted_actor, "broken"},
  wait{"a permit", a_permit, "scope_closed"},
  wait{"a permit of a key", a_permit_of_a_key, "scope_closed"},
  wait{"a permit with a timeout", a_permit_with_a_timeout,
       "deadline_exceeded"},
  wait{"a child with a permit", a_child_with_a_permit, "scope_closed"},
  wait{"something in time", something_in_time, "deadline_exceeded"},
  wait{"a first success", a_first_success, "broken"},
  wait{"a race", a_race, "broken"},
  wait{"a quorum", a_quorum, "broken"},
  wait{"a hedged request", a_hedged_request, "broken"},
  wait{"a map", a_map, "broken"},
  wait{"a stream", a_stream, "broken"},
};

} // namespace test::waiting
