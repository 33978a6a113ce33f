// CAF's clock on a timer service. Most cases use virtual time and an actor that
// only writes down what it gets, so that they have no threads at all.

#include <chrono>
#include <functional>
#include <future>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>
#include <caf/sec.hpp>
#include <caf/system_messages.hpp>

#include "axiom/runtime/actor_clock.hpp"
#include "axiom/runtime/steady_timer.hpp"
#include "axiom/runtime/virtual_timer.hpp"

using namespace std::chrono_literals;
using namespace axiom::runtime;

namespace {

using lines = std::vector<std::string>;

constexpr auto receive = caf::atom("receive");
constexpr auto stream = caf::atom("stream");

/// Writes down what it is sent, on the spot, and when it is destroyed.
class listener final : public caf::monitorable_actor {
public:
  listener(caf::actor_config& cfg, lines& log,
           std::function<void(const std::string&)> f)
    : monitorable_actor(cfg), log_(log), then_(std::move(f)) {
    // nop
  }

  ~listener() override {
    log_.push_back("destroyed");
  }

  using monitorable_actor::enqueue;

  void enqueue(caf::mailbox_element_ptr x, caf::execution_unit*) override {
    log_.push_back(text_of(*x));
    if (then_)
      then_(log_.back());
  }

private:
  static std::string text_of(caf::mailbox_element& x) {
    auto& content = x.content();
    if (content.match_elements<caf::timeout_msg>()) {
      auto& msg = content.get_as<caf::timeout_msg>(0);
      return to_string(msg.type) + " " + std::to_string(msg.timeout_id);
    }
    if (content.match_elements<caf::error>()
        && content.get_as<caf::error>(0) == caf::sec::request_timeout)
      return "no response "
           + std::to_string(x.mid.request_id().integer_value());
    if (content.match_elements<std::string>())
      return content.get_as<std::string>(0);
    return to_string(content);
  }

  lines& log_;
  std::function<void(const std::string&)> then_;
};

caf::message_id request(std::uint64_t id) {
  return caf::make_message_id(id).response_id();
}

struct clock_fixture {
  caf::strong_actor_ptr spawn(
    std::function<void(const std::string&)> then = nullptr) {
    caf::actor_config cfg;
    return caf::make_actor<listener, caf::strong_actor_ptr>(
      system.next_actor_id(), system.node(), &system, cfg, log, then);
  }

  void send(time_point t, const caf::strong_actor_ptr& to, std::string what) {
    clock.schedule_message(t, to,
                           caf::make_mailbox_element(nullptr,
                                                     caf::make_message_id(), {},
                                                     std::move(what)));
  }

  /// What was delivered since the last call.
  lines delivered() {
    return std::exchange(log, {});
  }

  caf::actor_system_config cfg;
  caf::actor_system system{cfg};
  virtual_timer timers;
  actor_clock clock{timers};
  time_point start = timers.now();
  lines log;
};

} // namespace

#define CHECK_DELIVERED(...)                                                   \
  BOOST_TEST(delivered() == (lines{__VA_ARGS__}),                              \
             boost::test_tools::per_element())

BOOST_FIXTURE_TEST_SUITE(actor_clocks, clock_fixture)

BOOST_AUTO_TEST_CASE(show_the_time_of_their_service) {
  BOOST_CHECK(clock.now() == start);
  timers.advance(1h);
  BOOST_CHECK(clock.now() == start + 1h);
}

BOOST_AUTO_TEST_CASE(deliver_in_the_order_of_time_then_of_setting) {
  auto a = spawn();
  send(start + 2s, a, "second");
  clock.set_request_timeout(start + 3s, a->get(), request(7));
  send(start + 1s, a, "first");
  clock.set_multi_timeout(start + 2s, a->get(), stream, 1);
  clock.set_ordinary_timeout(start + 2s, a->get(), receive, 2);
  send(start + 2s, a, "last of three");
  timers.advance(999ms);
  CHECK_DELIVERED();
  timers.advance(1ms);
  CHECK_DELIVERED("first");
  timers.advance(1h);
  CHECK_DELIVERED("second", "stream 1", "receive 2", "last of three",
                  "no response 7");
  BOOST_TEST(clock.pending() == 0u);
}

BOOST_AUTO_TEST_CASE(replace_an_ordinary_timeout_of_the_same_type) {
  auto a = spawn();
  auto b = spawn();
  clock.set_ordinary_timeout(start + 1s, a->get(), receive, 1);
  clock.set_ordinary_timeout(start + 1s, a->get(), stream, 2);
  clock.set_ordinary_timeout(start + 1s, b->get(), receive, 3);
  clock.set_ordinary_timeout(start + 5s, a->get(), receive, 4); // later
  clock.set_ordinary_timeout(start + 500ms, b->get(), receive, 5); // earlier
  BOOST_TEST(clock.pending() == 3u);
  timers.advance(2s);
  CHECK_DELIVERED("receive 5", "stream 2");
  timers.advance(3s);
  CHECK_DELIVERED("receive 4");
}

BOOST_AUTO_TEST_CASE(keep_all_multi_timeouts_of_a_type) {
  auto a = spawn();
  for (auto id : {1u, 2u, 2u})
    clock.set_multi_timeout(start + 1s, a->get(), receive, id);
  BOOST_TEST(clock.pending() == 3u);
  timers.advance(1s);
  CHECK_DELIVERED("receive 1", "receive 2", "receive 2");
}

BOOST_AUTO_TEST_CASE(cancel_one_timeout_and_no_other) {
  auto a = spawn();
  auto b = spawn();
  for (auto& x : {a, b}) {
    clock.set_ordinary_timeout(start + 1s, x->get(), receive, 1);
    clock.set_ordinary_timeout(start + 1s, x->get(), stream, 2);
    clock.set_request_timeout(start + 1s, x->get(), request(3));
    clock.set_request_timeout(start + 1s, x->get(), request(4));
  }
  clock.cancel_ordinary_timeout(a->get(), stream);
  clock.cancel_ordinary_timeout(a->get(), stream); // none is left
  clock.cancel_request_timeout(a->get(), request(3));
  clock.cancel_ordinary_timeout(b->get(), receive);
  clock.cancel_request_timeout(b->get(), request(4));
  clock.cancel_request_timeout(b->get(), request(5)); // never set
  timers.advance(1s);
  CHECK_DELIVERED("receive 1", "no response 4", "stream 2", "no response 3");
}

BOOST_AUTO_TEST_CASE(cancel_all_timeouts_of_an_actor_but_no_message) {
  auto a = spawn();
  auto b = spawn();
  send(start + 1s, a, "message");
  for (auto& x : {a, b}) {
    clock.set_ordinary_timeout(start + 1s, x->get(), receive, 1);
    clock.set_multi_timeout(start + 1s, x->get(), stream, 2);
    clock.set_request_timeout(start + 1s, x->get(), request(3));
  }
  clock.cancel_timeouts(a->get());
  clock.cancel_timeouts(a->get());
  BOOST_TEST(clock.pending() == 4u);
  timers.advance(1s);
  CHECK_DELIVERED("message", "receive 1", "stream 2", "no response 3");
}

BOOST_AUTO_TEST_CASE(hold_an_actor_until_its_timeout_is_over) {
  auto a = spawn();
  auto* raw = a->get();
  clock.set_request_timeout(start + 1s, raw, request(1));
  clock.set_request_timeout(start + 2s, raw, request(2));
  a = nullptr;
  timers.advance(1s);
  CHECK_DELIVERED("no response 1");
  clock.cancel_request_timeout(raw, request(2));
  CHECK_DELIVERED("destroyed"); // before its time, and before we are back
  BOOST_TEST(timers.pending() == 0u);
}

BOOST_AUTO_TEST_CASE(hold_the_receiver_of_a_message) {
  send(start + 1s, spawn(), "to one whom nobody knows");
  CHECK_DELIVERED();
  timers.advance(1s);
  CHECK_DELIVERED("to one whom nobody knows", "destroyed");
}

BOOST_AUTO_TEST_CASE(deliver_to_the_subscribers_of_a_group) {
  auto a = spawn();
  auto group = system.groups().get_local("all");
  group.subscribe(a);
  clock.schedule_message(start + 1s, group, nullptr,
                         caf::make_message(std::string{"to all"}));
  timers.advance(1s);
  CHECK_DELIVERED("to all");
  group.unsubscribe(a.get());
}

BOOST_AUTO_TEST_CASE(may_be_called_by_what_they_deliver) {
  caf::strong_actor_ptr a;
  a = spawn([&](const std::string& what) {
    if (what == "go on") {
      clock.cancel_timeouts(a->get()); // due at the same time, but not begun
      send(timers.now(), a, "now");
      clock.set_ordinary_timeout(timers.now() + 1s, a->get(), receive, 9);
    }
  });
  send(start + 1s, a, "go on");
  clock.set_request_timeout(start + 1s, a->get(), request(1));
  timers.advance(1s);
  CHECK_DELIVERED("go on");
  timers.advance(0s);
  CHECK_DELIVERED("now");
  timers.advance(1s);
  CHECK_DELIVERED("receive 9");
  clock.cancel_all();
  a = nullptr;
}

BOOST_AUTO_TEST_CASE(drop_everything_when_told) {
  auto a = spawn();
  clock.set_ordinary_timeout(start + 1s, a->get(), receive, 1);
  clock.set_request_timeout(start + 1s, a->get(), request(2));
  send(start + 1s, a, "message");
  a = nullptr;
  clock.cancel_all();
  CHECK_DELIVERED("destroyed");
  BOOST_TEST(clock.pending() == 0u);
  BOOST_TEST(timers.pending() == 0u);
  timers.advance(1s);
  CHECK_DELIVERED();
  send(start, spawn(), "still works");
  timers.advance(0s);
  CHECK_DELIVERED("still works", "destroyed");
}

BOOST_AUTO_TEST_CASE(stopped_accept_and_deliver_nothing) {
  auto a = spawn();
  send(start + 1s, a, "too late");
  clock.stop();
  send(start, a, "much too late");
  clock.set_ordinary_timeout(start, a->get(), receive, 1);
  clock.set_multi_timeout(start, a->get(), receive, 1);
  clock.set_request_timeout(start, a->get(), request(1));
  BOOST_TEST(clock.pending() == 0u);
  timers.advance(1s);
  CHECK_DELIVERED();
  a = nullptr;
  CHECK_DELIVERED("destroyed"); // nothing was kept
}

BOOST_AUTO_TEST_CASE(find_one_of_very_many_timeouts_of_an_actor) {
  // Quadratic costs would show: a hundred thousand squared takes minutes.
  auto a = spawn();
  constexpr std::uint64_t n = 100'000;
  for (std::uint64_t i = 1; i <= n; ++i)
    clock.set_request_timeout(start + 1s, a->get(), request(i));
  for (std::uint64_t i = 0; i < n; ++i) // in another order
    clock.cancel_request_timeout(a->get(), request(1 + i * 7919 % n));
  BOOST_TEST(clock.pending() == 0u);
  for (std::uint64_t i = 1; i <= n; ++i)
    clock.set_multi_timeout(start + 1s, a->get(), receive, i);
  clock.cancel_timeouts(a->get());
  BOOST_TEST(clock.pending() == 0u);
  timers.advance(1s);
  CHECK_DELIVERED();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(actor_clocks_steady)

BOOST_AUTO_TEST_CASE(deliver_to_ordinary_actors) {
  steady_timer timers;
  actor_clock clock{timers};
  caf::actor_system_config cfg;
  caf::actor_system system{cfg};
  std::promise<std::string> got;
  auto a = system.spawn([&](caf::event_based_actor* self) -> caf::behavior {
    return {[&got, self](const std::string& what) {
      got.set_value(what);
      self->quit();
    }};
  });
  auto due = clock.now() + 2ms;
  clock.schedule_message(due, caf::actor_cast<caf::strong_actor_ptr>(a),
                         caf::make_mailbox_element(nullptr,
                                                   caf::make_message_id(), {},
                                                   std::string{"in time"}));
  BOOST_TEST(got.get_future().get() == "in time");
  BOOST_CHECK(clock.now() >= due);
}

BOOST_AUTO_TEST_SUITE_END()
