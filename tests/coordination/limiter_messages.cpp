// A limiter by message: a permit belongs to its sender, and comes back when
// that gives it back or dies.

#include <caf/scoped_actor.hpp>

#include "support/tasks.hpp"

using namespace test;
using axiom::concurrency_limiter;
using axiom::task_priority;

namespace {

struct client_state {
  std::vector<std::uint64_t> numbers;
  std::vector<caf::error> errors;
};

using client_log = std::shared_ptr<client_state>;

/// An ordinary actor that asks for permits when it is told to.
caf::behavior client(caf::event_based_actor* self, axiom::limiter_actor limiter,
                     client_log log) {
  auto note = [log](std::uint64_t number) { log->numbers.push_back(number); };
  auto fail = [log](caf::error& err) { log->errors.push_back(err); };
  return {
    [=](caf::get_atom, std::uint32_t weight) {
      self
        ->request(limiter, caf::infinite, axiom::acquire_atom_v, weight,
                  task_priority::medium)
        .then(note, fail);
    },
    [=](caf::get_atom, std::uint32_t weight, caf::timespan timeout) {
      self
        ->request(limiter, caf::infinite, axiom::acquire_atom_v, weight,
                  task_priority::medium, timeout)
        .then(note, fail);
    },
    [=](caf::put_atom, std::uint64_t number) {
      self->request(limiter, caf::infinite, axiom::release_atom_v, number)
        .then([] {}, fail);
    },
  };
}

struct messages : stepwise {
  concurrency_limiter limiter =
    concurrency_limiter::spawn(system(), {.name = "io", .max_concurrency = 2});

  client_log log = std::make_shared<client_state>();

  caf::actor spawn_client() {
    return system().spawn(client, limiter.actor(), log);
  }

  template <class... Ts>
  void tell(const caf::actor& x, Ts... xs) {
    caf::anon_send(x, xs...);
    run();
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(limiter_messages, messages)

BOOST_AUTO_TEST_CASE(a_permit_is_taken_and_given_back) {
  auto a = spawn_client();
  tell(a, caf::get_atom_v, std::uint32_t{2});
  BOOST_TEST(log->numbers.size() == 1u);
  BOOST_TEST(limiter.in_use() == 2u);
  tell(a, caf::put_atom_v, log->numbers[0]);
  BOOST_TEST(limiter.in_use() == 0u);
  BOOST_TEST(log->errors.empty());
  stop(a);
}

BOOST_AUTO_TEST_CASE(giving_back_twice_or_anothers_is_refused) {
  auto a = spawn_client();
  auto b = spawn_client();
  tell(a, caf::get_atom_v, std::uint32_t{1});
  tell(b, caf::put_atom_v, log->numbers[0]);
  BOOST_TEST(limiter.in_use() == 1u);
  tell(a, caf::put_atom_v, log->numbers[0]);
  tell(a, caf::put_atom_v, log->numbers[0]);
  BOOST_TEST(log->errors.size() == 2u);
  for (auto& x : log->errors)
    BOOST_TEST(axiom::is(x, errc::invalid_argument));
  BOOST_TEST(limiter.in_use() == 0u);
  stop(a);
  stop(b);
}

BOOST_AUTO_TEST_CASE(who_waits_is_answered_when_it_is_its_turn) {
  auto a = spawn_client();
  auto b = spawn_client();
  tell(a, caf::get_atom_v, std::uint32_t{2});
  tell(b, caf::get_atom_v, std::uint32_t{1});
  BOOST_TEST(log->numbers.size() == 1u);
  BOOST_TEST(limiter.stats().waiting == 1u);
  tell(a, caf::put_atom_v, log->numbers[0]);
  BOOST_TEST(log->numbers.size() == 2u);
  BOOST_TEST(limiter.in_use() == 1u);
  stop(a);
  stop(b);
}

BOOST_AUTO_TEST_CASE(the_death_of_a_sender_brings_everything_back) {
  auto a = spawn_client();
  auto b = spawn_client();
  auto c = spawn_client();
  tell(a, caf::get_atom_v, std::uint32_t{1});
  tell(a, caf::get_atom_v, std::uint32_t{1});
  tell(b, caf::get_atom_v, std::uint32_t{2});
  tell(c, caf::get_atom_v, std::uint32_t{1});
  caf::anon_send_exit(b, caf::exit_reason::kill); // while it waits
  run();
  BOOST_TEST(limiter.stats().waiting == 1u);
  caf::anon_send_exit(a, caf::exit_reason::kill); // while it holds two
  run();
  auto stats = limiter.stats();
  BOOST_TEST(stats.waiting == 0u);
  BOOST_TEST(stats.in_use == 1u);
  BOOST_TEST(stats.reclaimed == 2u);
  BOOST_TEST(log->numbers.size() == 3u);
  stop(c);
  BOOST_TEST(limiter.in_use() == 0u);
}

BOOST_AUTO_TEST_CASE(a_timeout_is_answered) {
  auto a = spawn_client();
  auto held = limiter.try_acquire(2);
  tell(a, caf::get_atom_v, std::uint32_t{1}, caf::timespan{1s});
  advance(1s);
  BOOST_REQUIRE(log->errors.size() == 1u);
  BOOST_TEST(axiom::is(log->errors[0], errc::deadline_exceeded));
  BOOST_TEST(limiter.stats().waiting == 0u);
  stop(a);
}

BOOST_AUTO_TEST_CASE(bad_requests_are_answered_with_an_error) {
  auto a = spawn_client();
  tell(a, caf::get_atom_v, std::uint32_t{0});
  tell(a, caf::get_atom_v, std::uint32_t{3});
  BOOST_REQUIRE(log->errors.size() == 2u);
  BOOST_TEST(axiom::is(log->errors[0], errc::invalid_argument));
  BOOST_TEST(axiom::is(log->errors[1], errc::exceeds_capacity));
  caf::anon_send(limiter.actor(), axiom::acquire_atom_v, std::uint32_t{1},
                 task_priority::medium);
  run();
  BOOST_TEST(limiter.in_use() == 0u);
  stop(a);
}

BOOST_AUTO_TEST_CASE(closing_answers_those_who_wait) {
  auto a = spawn_client();
  auto held = limiter.try_acquire(2);
  tell(a, caf::get_atom_v, std::uint32_t{1});
  caf::anon_send(limiter.actor(), axiom::close_atom_v);
  run();
  BOOST_REQUIRE(log->errors.size() == 1u);
  BOOST_TEST(axiom::is(log->errors[0], errc::scope_closed));
  stop(a);
}

BOOST_AUTO_TEST_CASE(an_exit_message_answers_those_who_wait) {
  auto a = spawn_client();
  auto held = limiter.try_acquire(2);
  tell(a, caf::get_atom_v, std::uint32_t{1});
  caf::anon_send_exit(limiter.actor(), caf::exit_reason::user_shutdown);
  run();
  BOOST_REQUIRE(log->errors.size() == 1u);
  BOOST_TEST(axiom::is(log->errors[0], errc::scope_closed));
  stop(a);
}

BOOST_AUTO_TEST_CASE(a_task_is_a_sender_as_any_other) {
  auto t = start("t", [&](task_context& self) -> async<void> {
    co_await self.request(limiter.actor(), 1s, axiom::acquire_atom_v,
                          std::uint32_t{2}, task_priority::high);
    BOOST_TEST(limiter.in_use() == 2u);
  });
  run();
  t.get();
  BOOST_TEST(limiter.in_use() == 0u);
}

BOOST_AUTO_TEST_CASE(limit_and_figures_go_by_message) {
  auto t = start("t", [&](task_context& self) -> async<void> {
    co_await self.request(limiter.actor(), 1s, axiom::set_limit_atom_v,
                          std::uint32_t{7});
    auto stats =
      co_await self.request(limiter.actor(), 1s, axiom::stats_atom_v);
    BOOST_TEST(stats.limit == 7u);
    BOOST_TEST(stats.name == "io");
    auto refused = co_await axiom::as_expected(self.request(
      limiter.actor(), 1s, axiom::set_limit_atom_v, std::uint32_t{0}));
    BOOST_TEST(refused.error().is(errc::invalid_argument));
  });
  run();
  t.get();
}

BOOST_AUTO_TEST_SUITE_END()
