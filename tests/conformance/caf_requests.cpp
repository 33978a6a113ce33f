// Requests between event-based actors: each is answered once, by whom and when
// ever, or fails.

#include <future>
#include <map>

#include <caf/response_promise.hpp>
#include <caf/result.hpp>
#include <caf/typed_response_promise.hpp>

#include "conformance/fixture.hpp"

using namespace conformance;
using boost::test_tools::per_element;

namespace {

using lines = std::vector<std::string>;

caf::actor spawn_squaring(caf::actor_system& sys) {
  return sys.spawn([](caf::event_based_actor*) -> caf::behavior {
    return {[](int x) { return x * x; }};
  });
}

/// Answers a number with itself, but not before it is told. (Until then its
/// promise, which refers to it, keeps it alive.)
caf::actor spawn_hesitating(caf::actor_system& sys) {
  return sys.spawn([](caf::event_based_actor* self) -> caf::behavior {
    return {
      [self](int x) {
        auto answer = self->make_response_promise<int>();
        self->become(caf::keep_behavior,
                     [self, answer, x](caf::ok_atom) mutable {
                       answer.deliver(x);
                       self->unbecome();
                     });
        return answer;
      },
    };
  });
}

/// The error that `whom` answers to a number.
caf::error error_of(caf::actor_system& sys, const caf::actor& whom) {
  auto response = ask<int>(sys, whom, 1);
  return response ? caf::error{} : response.error();
}

} // namespace

BOOST_AUTO_TEST_SUITE(requests)

BOOST_DATA_TEST_CASE(then_gets_the_response, everywhere, where) {
  std::promise<int> response;
  fixture fix{where};
  auto server = spawn_squaring(fix.system());
  fix.system().spawn([&, server](caf::event_based_actor* self) {
    self->request(server, caf::infinite, 7).then([&](int x) {
      response.set_value(x);
    });
  });
  BOOST_TEST(response.get_future().get() == 49);
}

BOOST_DATA_TEST_CASE(then_lets_other_messages_pass, everywhere, where) {
  journal<std::string> seen;
  fixture fix{where};
  auto server = spawn_hesitating(fix.system());
  auto client = fix.system().spawn(
    [&, server](caf::event_based_actor* self) -> caf::behavior {
      self->request(server, caf::infinite, 1).then([&](int) {
        seen.add("response");
      });
      return {[&, self, server](const std::string& other) {
        seen.add(other);
        self->send(server, caf::ok_atom_v); // only now it answers
      }};
    });
  caf::anon_send(client, "other");
  BOOST_TEST(seen.await(2) == (lines{"other", "response"}), per_element());
}

BOOST_DATA_TEST_CASE(await_holds_other_messages_back, everywhere, where) {
  journal<std::string> seen;
  fixture fix{where};
  auto server =
    fix.system().spawn([](caf::event_based_actor* self) -> caf::behavior {
      return {[self](const caf::actor& client) {
        self->send(client, "before the response");
        return 1;
      }};
    });
  fix.system().spawn(
    [&, server](caf::event_based_actor* self) -> caf::behavior {
      self->request(server, caf::infinite, caf::actor{self}).await([&](int) {
        seen.add("response");
      });
      return {[&, self](const std::string& other) {
        seen.add(other);
        self->quit();
      }};
    });
  BOOST_TEST(seen.await(2) == (lines{"response", "before the response"}),
             per_element());
}

BOOST_DATA_TEST_CASE(a_thousand_requests_get_a_response_each, everywhere,
                     where) {
  std::promise<std::map<int, int>> complete;
  fixture fix{where};
  auto server = spawn_squaring(fix.system());
  fix.system().spawn([&, server](caf::event_based_actor* self) {
    auto responses = std::make_shared<std::map<int, int>>();
    for (int i = 0; i < 1000; ++i)
      self->request(server, caf::infinite, i).then([&, responses, i](int x) {
        responses->emplace(i, x);
        if (responses->size() == 1000)
          complete.set_value(std::move(*responses));
      });
  });
  auto responses = complete.get_future().get();
  for (auto [request, response] : responses)
    BOOST_TEST(response == request * request);
}

BOOST_DATA_TEST_CASE(an_error_for_a_response_reaches_the_error_handler,
                     everywhere, where) {
  std::promise<caf::error> response;
  fixture fix{where};
  auto server = fix.system().spawn([](
                                     caf::event_based_actor*) -> caf::behavior {
    return {[](int) -> caf::result<int> { return caf::sec::invalid_argument; }};
  });
  fix.system().spawn([&, server](caf::event_based_actor* self) {
    self->request(server, caf::infinite, 1)
      .then([](int) {},
            [&](const caf::error& reason) { response.set_value(reason); });
  });
  BOOST_CHECK(response.get_future().get() == caf::sec::invalid_argument);
}

BOOST_DATA_TEST_CASE(an_error_that_nobody_handles_ends_the_client, everywhere,
                     where) {
  std::promise<caf::error> ended;
  fixture fix{where};
  auto server = fix.system().spawn([](
                                     caf::event_based_actor*) -> caf::behavior {
    return {[](int) -> caf::result<int> { return caf::sec::invalid_argument; }};
  });
  auto client =
    fix.system().spawn([server](caf::event_based_actor* self) -> caf::behavior {
      return {[self, server](caf::ok_atom) {
        self->request(server, caf::infinite, 1).then([](int) {});
      }};
    });
  client->attach_functor([&](const caf::error& why) { ended.set_value(why); });
  caf::anon_send(client, caf::ok_atom_v);
  BOOST_CHECK(ended.get_future().get() == caf::sec::invalid_argument);
}

BOOST_DATA_TEST_CASE(a_request_that_is_not_answered_in_time_fails, everywhere,
                     where) {
  std::promise<caf::error> response;
  fixture fix{where};
  auto server = spawn_hesitating(fix.system());
  fix.system().spawn([&, server](caf::event_based_actor* self) {
    self->request(server, 1ms, 1)
      .then([](int) {},
            [&](const caf::error& reason) { response.set_value(reason); });
  });
  BOOST_CHECK(response.get_future().get() == caf::sec::request_timeout);
  caf::anon_send(server, caf::ok_atom_v);
}

BOOST_DATA_TEST_CASE(an_awaited_request_that_is_not_answered_in_time_fails,
                     everywhere, where) {
  journal<std::string> seen;
  fixture fix{where};
  auto server = spawn_hesitating(fix.system());
  auto client = fix.system().spawn(
    [&, server](caf::event_based_actor* self) -> caf::behavior {
      self->request(server, 1ms, 1)
        .await([](int) {},
               [&](const caf::error& why) {
                 if (why == caf::sec::request_timeout)
                   seen.add("timeout");
               });
      return {[&](const std::string& other) { seen.add(other); }};
    });
  caf::anon_send(client, "other");
  BOOST_TEST(seen.await(2) == (lines{"timeout", "other"}), per_element());
  caf::anon_send(server, caf::ok_atom_v);
}

BOOST_DATA_TEST_CASE(a_request_that_is_answered_in_time_does_not_fail,
                     everywhere, where) {
  journal<std::string> seen;
  fixture fix{where};
  fix.system().spawn(
    [&, server = spawn_squaring(fix.system())](caf::event_based_actor* self) {
      self->request(server, 60min, 1)
        .then([&](int) { seen.add("response"); },
              [&](const caf::error&) { seen.add("error"); });
    });
  seen.await(1);
  fix.end();
  BOOST_TEST(seen.entries() == lines{"response"}, per_element());
}

BOOST_DATA_TEST_CASE(a_response_after_the_timeout_is_dropped, everywhere,
                     where) {
  journal<std::string> seen;
  fixture fix{where};
  auto server = spawn_hesitating(fix.system());
  fix.system().spawn([&, server](caf::event_based_actor* self) {
    self->request(server, 1ms, 1)
      .then([&](int) { seen.add("response"); },
            [&, self, server](const caf::error&) {
              seen.add("timeout");
              // The late response comes before the one to this request.
              self->send(server, caf::ok_atom_v);
              self->request(server, caf::infinite, 2).then([&](int x) {
                seen.add(std::to_string(x));
              });
              self->send(server, caf::ok_atom_v);
            });
  });
  BOOST_TEST(seen.await(2) == (lines{"timeout", "2"}), per_element());
}

BOOST_DATA_TEST_CASE(a_request_to_an_actor_that_has_ended_fails, everywhere,
                     where) {
  std::promise<void> ended;
  fixture fix{where};
  auto server = spawn_squaring(fix.system());
  server->attach_functor([&](const caf::error&) { ended.set_value(); });
  caf::anon_send_exit(server, caf::exit_reason::user_shutdown);
  ended.get_future().wait();
  BOOST_CHECK(error_of(fix.system(), server)
              == caf::sec::request_receiver_down);
}

BOOST_DATA_TEST_CASE(requests_to_an_actor_that_ends_fail_in_its_mailbox,
                     everywhere, where) {
  std::promise<void> go;
  journal<caf::error> failures;
  fixture fix{where};
  auto server = fix.system().spawn<caf::detached>(
    [&](caf::event_based_actor* self) -> caf::behavior {
      return {
        [&, self](caf::ok_atom) {
          go.get_future().wait();
          self->quit();
        },
        [](int x) { return x; },
      };
    });
  caf::anon_send(server, caf::ok_atom_v);
  fix.system().spawn([&, server](caf::event_based_actor* self) {
    for (int i = 0; i < 50; ++i)
      self->request(server, caf::infinite, i)
        .then([](int) {}, [&](const caf::error& why) { failures.add(why); });
    go.set_value();
  });
  for (auto& why : failures.await(50))
    BOOST_CHECK(why == caf::sec::request_receiver_down);
}

BOOST_DATA_TEST_CASE(a_delegated_request_is_answered_by_the_delegate,
                     everywhere, where) {
  fixture fix{where};
  auto last = spawn_squaring(fix.system());
  for (int i = 0; i < 10; ++i)
    last = fix.system().spawn(
      [next = last](caf::event_based_actor* self) -> caf::behavior {
        return {[self, next](int x) { return self->delegate(next, x + 1); }};
      });
  BOOST_TEST(*ask<int>(fix.system(), last, 0) == 100);
}

BOOST_DATA_TEST_CASE(promises_may_be_kept_later_and_in_any_order, everywhere,
                     where) {
  journal<int> seen;
  fixture fix{where};
  auto server =
    fix.system().spawn([](caf::event_based_actor* self) -> caf::behavior {
      auto open = std::make_shared<
        std::vector<std::pair<int, caf::typed_response_promise<int>>>>();
      return {
        [self, open](int x) {
          open->emplace_back(x, self->make_response_promise<int>());
          return open->back().second;
        },
        [open](caf::flush_atom) {
          for (; !open->empty(); open->pop_back())
            open->back().second.deliver(open->back().first);
        },
      };
    });
  fix.system().spawn([&, server](caf::event_based_actor* self) {
    for (int i = 9; i >= 0; --i)
      self->request(server, caf::infinite, i).then([&](int x) { seen.add(x); });
    self->send(server, caf::flush_atom_v);
  });
  BOOST_TEST(seen.await(10) == in_order(10), per_element());
}

BOOST_DATA_TEST_CASE(a_promise_may_be_kept_by_a_request_of_the_server,
                     everywhere, where) {
  fixture fix{where};
  auto squaring = spawn_squaring(fix.system());
  auto server = fix.system().spawn(
    [squaring](caf::event_based_actor* self) -> caf::behavior {
      return {[self, squaring](int x) {
        auto answer = self->make_response_promise<int>();
        self->request(squaring, caf::infinite, x).then([answer](int y) mutable {
          answer.deliver(y + 1);
        });
        return answer;
      }};
    });
  BOOST_TEST(*ask<int>(fix.system(), server, 3) == 10);
}

BOOST_DATA_TEST_CASE(an_actor_awaits_the_actor_that_it_spawned, everywhere,
                     where) {
  // Each actor of the chain spawns the next and awaits its response.
  struct link {
    static caf::behavior run(caf::event_based_actor* self) {
      return {[self](int depth) {
        auto answer = self->make_response_promise<int>();
        if (depth == 0) {
          answer.deliver(0);
        } else {
          self->request(self->spawn(&link::run), caf::infinite, depth - 1)
            .await([answer](int below) mutable { answer.deliver(below + 1); });
        }
        return answer;
      }};
    }
  };
  fixture fix{where};
  auto first = fix.system().spawn(&link::run);
  BOOST_TEST(*ask<int>(fix.system(), first, 500) == 500);
}

BOOST_AUTO_TEST_SUITE_END()
