// A circuit breaker by message: a permission belongs to its sender, who tells
// how the call went; nothing is learnt when he dies.

#include <caf/scoped_actor.hpp>

#include "support/recovery.hpp"

using namespace test;
using axiom::circuit_breaker;
using axiom::circuit_options;
using axiom::circuit_state;

namespace {

struct client_state {
  std::vector<std::uint64_t> numbers;
  std::vector<caf::error> errors;
};

using client_log = std::shared_ptr<client_state>;

/// An ordinary actor that asks and tells when it is told to.
caf::behavior client(caf::event_based_actor* self, axiom::circuit_actor circuit,
                     client_log log) {
  auto note = [log](std::uint64_t number) { log->numbers.push_back(number); };
  auto fail = [log](caf::error& err) { log->errors.push_back(err); };
  return {
    [=](caf::get_atom) {
      self->request(circuit, caf::infinite, axiom::acquire_atom_v)
        .then(note, fail);
    },
    [=](caf::get_atom, caf::timespan timeout) {
      self->request(circuit, caf::infinite, axiom::acquire_atom_v, timeout)
        .then(note, fail);
    },
    [=](caf::ok_atom, std::uint64_t number) {
      self->request(circuit, caf::infinite, axiom::succeeded_atom_v, number)
        .then([] {}, fail);
    },
    [=](caf::put_atom, std::uint64_t number, const caf::error& why) {
      self->request(circuit, caf::infinite, axiom::failed_atom_v, number, why)
        .then([] {}, fail);
    },
    [=](caf::put_atom, std::uint64_t number) {
      self->request(circuit, caf::infinite, axiom::release_atom_v, number)
        .then([] {}, fail);
    },
  };
}

struct requests : stepwise {
  circuit_breaker breaker = circuit_breaker::spawn(
    system(),
    {.name = "db", .failures_in_a_row = 2, .slow_call = 10s, .open_for = 1s});
  client_log log = std::make_shared<client_state>();
  const caf::error down = axiom::make_error(errc::node_down, "broken");

  caf::actor spawn_client() {
    return system().spawn(client, breaker.actor(), log);
  }

  template <class... Ts>
  void tell(const caf::actor& x, Ts... xs) {
    caf::anon_send(x, xs...);
    run();
  }

  /// The number of a permission for `x`, which has to get one.
  std::uint64_t permission(const caf::actor& x) {
    const auto before = log->numbers.size();
    tell(x, caf::get_atom_v);
    BOOST_REQUIRE(log->numbers.size() == before + 1);
    return log->numbers.back();
  }

  /// Opens the circuit and lets it become half-open.
  void half_open() {
    breaker.trip();
    advance(1s);
    BOOST_REQUIRE(breaker.state() == circuit_state::half_open);
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(circuit_requests, requests)

BOOST_AUTO_TEST_CASE(open_it_as_calls_by_handle_do) {
  auto a = spawn_client();
  auto b = spawn_client();
  const auto first = permission(a);
  const auto second = permission(b);
  BOOST_TEST(first != second);
  tell(a, caf::put_atom_v, first, down);
  BOOST_CHECK(breaker.state() == circuit_state::closed);
  tell(b, caf::put_atom_v, second, down);
  BOOST_CHECK(breaker.state() == circuit_state::open);
  BOOST_TEST(breaker.stats().why
             == "2 failures in a row; the last: node_down: broken");
  tell(a, caf::get_atom_v);
  BOOST_REQUIRE(log->errors.size() == 1u);
  BOOST_TEST(axiom::is(log->errors[0], errc::circuit_open));
  BOOST_TEST(breaker.stats().refused == 1u);
  stop(a);
  stop(b);
}

BOOST_AUTO_TEST_CASE(close_it_with_a_probe) {
  auto a = spawn_client();
  half_open();
  const auto probe = permission(a);
  tell(a, caf::get_atom_v); // there is room for one
  BOOST_TEST(log->errors.size() == 1u);
  tell(a, caf::ok_atom_v, probe);
  BOOST_CHECK(breaker.state() == circuit_state::closed);
  stop(a);
}

BOOST_AUTO_TEST_CASE(teach_nothing_if_they_are_given_back) {
  auto a = spawn_client();
  half_open();
  tell(a, caf::put_atom_v, permission(a));
  BOOST_CHECK(breaker.state() == circuit_state::half_open);
  BOOST_TEST(breaker.stats().probes == 0u);
  BOOST_TEST(breaker.stats().ignored == 1u);
  BOOST_TEST(log->errors.empty());
  stop(a);
}

BOOST_AUTO_TEST_CASE(give_the_place_of_a_probe_back_when_the_sender_dies) {
  auto a = spawn_client();
  auto b = spawn_client();
  half_open();
  permission(a);
  BOOST_TEST(breaker.stats().probes == 1u);
  send_exit(a, axiom::make_error(errc::node_down)); // whatever it died of
  run();
  BOOST_TEST(breaker.stats().probes == 0u);
  BOOST_TEST(breaker.stats().ignored == 1u);
  BOOST_TEST(breaker.stats().failed == 0u);
  tell(b, caf::ok_atom_v, permission(b));
  BOOST_CHECK(breaker.state() == circuit_state::closed);
  stop(b);
}

BOOST_AUTO_TEST_CASE(are_given_back_also_by_one_who_listens_no_longer) {
  auto a = spawn_client();
  half_open();
  breaker.subscribe(a);
  permission(a);
  breaker.unsubscribe(a);
  run();
  stop(a);
  BOOST_TEST(breaker.stats().probes == 0u);
}

BOOST_AUTO_TEST_CASE(are_given_back_when_the_task_that_asked_has_ended) {
  half_open();
  auto body = [&](task_context& self) -> async<void> {
    co_await self.request(breaker.actor(), 1s, axiom::acquire_atom_v);
  };
  auto t = start("t", body);
  run();
  t.get();
  BOOST_TEST(breaker.stats().probes == 0u);
  BOOST_TEST(breaker.stats().ignored == 1u);
}

BOOST_AUTO_TEST_CASE(are_told_about_once_and_by_the_sender) {
  auto a = spawn_client();
  auto b = spawn_client();
  const auto number = permission(a);
  tell(b, caf::ok_atom_v, number);
  BOOST_TEST(log->errors.size() == 1u);
  tell(a, caf::ok_atom_v, number);
  BOOST_TEST(log->errors.size() == 1u);
  tell(a, caf::put_atom_v, number, down);
  tell(a, caf::put_atom_v, number);
  tell(a, caf::ok_atom_v, std::uint64_t{1000});
  BOOST_TEST(log->errors.size() == 4u);
  for (auto& x : log->errors)
    BOOST_TEST(axiom::is(x, errc::invalid_argument));
  BOOST_TEST(breaker.stats().succeeded == 1u);
  BOOST_TEST(breaker.stats().failed == 0u);
  stop(a);
  stop(b);
}

BOOST_AUTO_TEST_CASE(fail_when_nothing_is_heard_in_time) {
  auto a = spawn_client();
  tell(a, caf::get_atom_v, caf::timespan{2s});
  const auto number = log->numbers.at(0);
  advance(1999ms);
  BOOST_TEST(breaker.stats().failed == 0u);
  advance(1ms);
  BOOST_TEST(breaker.stats().failed == 1u);
  tell(a, caf::ok_atom_v, number); // too late
  BOOST_TEST(log->errors.size() == 1u);
  BOOST_TEST(breaker.stats().succeeded == 0u);
  tell(a, caf::get_atom_v, caf::timespan{2s});
  advance(2s);
  BOOST_CHECK(breaker.state() == circuit_state::open);
  BOOST_TEST(breaker.stats().why.find("deadline_exceeded")
             != std::string::npos);
  stop(a);
  BOOST_TEST(pending_timers() <= 1u); // that of the open circuit
}

BOOST_AUTO_TEST_CASE(leave_no_timer_when_they_are_told_about_in_time) {
  auto a = spawn_client();
  for (int i = 0; i < 3; ++i)
    tell(a, caf::get_atom_v, caf::timespan{2s});
  BOOST_TEST(pending_timers() == 3u);
  tell(a, caf::ok_atom_v, log->numbers.at(0));
  tell(a, caf::put_atom_v, log->numbers.at(1));
  BOOST_TEST(pending_timers() == 1u);
  stop(a); // and with it the last one
  BOOST_TEST(pending_timers() == 0u);
  advance(3s);
  BOOST_TEST(breaker.stats().failed == 0u);
  BOOST_TEST(breaker.stats().ignored == 2u);
}

BOOST_AUTO_TEST_CASE(count_a_success_that_took_too_long_as_a_failure) {
  auto a = spawn_client();
  const auto number = permission(a);
  advance(11s);
  tell(a, caf::ok_atom_v, number);
  BOOST_TEST(breaker.stats().failed == 1u);
  stop(a);
}

BOOST_AUTO_TEST_CASE(ignore_errors_that_the_options_do_not_count) {
  auto a = spawn_client();
  for (int i = 0; i < 5; ++i)
    tell(a, caf::put_atom_v, permission(a),
         axiom::make_error(errc::invalid_argument, "the caller's own"));
  BOOST_CHECK(breaker.state() == circuit_state::closed);
  BOOST_TEST(breaker.stats().ignored == 5u);
  stop(a);
}

BOOST_AUTO_TEST_CASE(that_make_no_sense_are_refused) {
  auto a = spawn_client();
  tell(a, caf::get_atom_v, caf::timespan{0});
  const auto number = permission(a);
  tell(a, caf::put_atom_v, number, caf::error{});
  BOOST_REQUIRE(log->errors.size() == 2u);
  for (auto& x : log->errors)
    BOOST_TEST(axiom::is(x, errc::invalid_argument));
  tell(a, caf::ok_atom_v, number); // the permission is still there
  BOOST_TEST(log->errors.size() == 2u);
  BOOST_TEST(breaker.stats().succeeded == 1u);
  half_open(); // where a permission that is out is counted
  caf::anon_send(breaker.actor(), axiom::acquire_atom_v); // from nobody
  run();
  BOOST_CHECK(breaker.state() == circuit_state::half_open);
  BOOST_TEST(breaker.stats().probes == 0u);
  permission(a); // would be refused otherwise
  BOOST_TEST(breaker.stats().probes == 1u);
  stop(a);
}

BOOST_AUTO_TEST_CASE(end_with_the_actor_and_teach_nothing) {
  auto a = spawn_client();
  half_open();
  tell(a, caf::get_atom_v, caf::timespan{2s});
  send_exit(caf::actor_cast<caf::actor>(breaker.actor()),
            caf::exit_reason::kill);
  run();
  BOOST_TEST(breaker.stats().probes == 0u);
  BOOST_TEST(breaker.stats().ignored == 1u);
  BOOST_TEST(pending_timers() == 0u);
  BOOST_TEST(bool(breaker.try_enter())); // the handle works on
  stop(a);
}

BOOST_AUTO_TEST_SUITE_END()
