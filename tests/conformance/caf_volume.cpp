// Many messages, many actors, many spawns: nothing is lost, whoever sends and
// spawns.

#include <algorithm>
#include <atomic>
#include <future>
#include <latch>

#include "conformance/fixture.hpp"

using namespace conformance;
using boost::test_tools::per_element;

namespace {

/// A node of a tree of actors: spawns its children, adds up what they answer,
/// and answers its parent.
struct node {
  static constexpr int width = 10;

  static caf::behavior run(caf::event_based_actor* self) {
    return {[self](int depth) {
      auto answer = self->make_response_promise<int>();
      if (depth == 0) {
        answer.deliver(1);
        return answer;
      }
      auto sum = std::make_shared<int>(1);
      auto left = std::make_shared<int>(width);
      for (int i = 0; i < width; ++i)
        self->request(self->spawn(run), caf::infinite, depth - 1)
          .then([sum, left, answer](int below) mutable {
            *sum += below;
            if (--*left == 0)
              answer.deliver(*sum);
          });
      return answer;
    }};
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(volume)

// -- messages -----------------------------------------------------------------

BOOST_DATA_TEST_CASE(two_actors_play_ping_pong, everywhere, where) {
  constexpr int rounds = 20'000;
  std::promise<int> result;
  fixture fix{where};
  auto pong = fix.system().spawn([](caf::event_based_actor*) -> caf::behavior {
    return {[](int x) { return x + 1; }};
  });
  fix.system().spawn([&, pong](caf::event_based_actor* self) -> caf::behavior {
    self->send(pong, 0);
    return {[&, self, pong](int x) {
      if (x < rounds)
        return self->send(pong, x);
      result.set_value(x);
      self->quit();
    }};
  });
  BOOST_TEST(result.get_future().get() == rounds);
}

BOOST_DATA_TEST_CASE(a_token_goes_around_a_ring_of_a_thousand, everywhere,
                     where) {
  constexpr int size = 1000;
  constexpr int hops = 20 * size;
  std::promise<int> result;
  fixture fix{where};
  auto member = [](caf::event_based_actor* self,
                   const caf::actor& next) -> caf::behavior {
    return {[self, next](int x) { self->send(next, x + 1); }};
  };
  fix.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
    caf::actor next{self};
    for (int i = 1; i < size; ++i)
      next = self->spawn(member, std::move(next));
    self->send(next, 1);
    return {[&, self, next](int x) {
      if (x < hops)
        return self->send(next, x + 1);
      result.set_value(x);
      self->quit();
    }};
  });
  BOOST_TEST(result.get_future().get() == hops);
}

BOOST_DATA_TEST_CASE(a_mailbox_takes_all_that_four_threads_send, everywhere,
                     where) {
  constexpr int threads = 4;
  constexpr int each = 25'000;
  constexpr std::size_t total = std::size_t{threads} * each;
  std::promise<std::vector<int>> complete;
  fixture fix{where};
  auto receiver =
    fix.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
      auto all = std::make_shared<std::vector<int>>();
      return {[&, self, all](int x) {
        all->push_back(x);
        if (all->size() == total) {
          complete.set_value(std::move(*all));
          self->quit();
        }
      }};
    });
  auto senders = start_threads(threads, [receiver](int sender) {
    for (int i = 0; i < each; ++i)
      caf::anon_send(receiver, sender * each + i);
  });
  auto all = complete.get_future().get();
  std::stable_sort(all.begin(), all.end(),
                   [](int a, int b) { return a / each < b / each; });
  BOOST_CHECK(all == in_order(threads * each));
}

BOOST_DATA_TEST_CASE(idle_actors_wake_for_every_message, everywhere, where) {
  // Each message finds its receiver idle, and often the workers too.
  fixture fix{where};
  auto x = fix.system().spawn([](caf::event_based_actor*) -> caf::behavior {
    return {[](int x) { return x; }};
  });
  caf::scoped_actor self{fix.system()};
  for (int i = 0; i < 2000; ++i)
    self->request(x, caf::infinite, i)
      .receive([&](int y) { BOOST_REQUIRE(y == i); },
               [](const caf::error&) { BOOST_ERROR("not answered"); });
}

// -- actors -------------------------------------------------------------------

BOOST_DATA_TEST_CASE(ten_thousand_actors_answer_one, everywhere, where) {
  constexpr int count = 10'000;
  std::promise<std::vector<int>> complete;
  fixture fix{where};
  fix.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
    auto all = std::make_shared<std::vector<int>>();
    for (int i = 0; i < count; ++i)
      self->send(self->spawn([](caf::event_based_actor*) -> caf::behavior {
        return {[](int x) { return x; }};
      }),
                 i);
    return {[&, self, all](int x) {
      all->push_back(x);
      if (all->size() == count) {
        complete.set_value(std::move(*all));
        self->quit();
      }
    }};
  });
  auto all = complete.get_future().get();
  std::sort(all.begin(), all.end());
  BOOST_CHECK(all == in_order(count));
}

BOOST_DATA_TEST_CASE(a_tree_of_actors_that_spawn_and_wait_adds_up, everywhere,
                     where) {
  fixture fix{where};
  auto root = fix.system().spawn(&node::run);
  BOOST_TEST(*ask<int>(fix.system(), root, 4) == 11'111);
}

BOOST_DATA_TEST_CASE(all_that_outside_threads_spawn_runs, everywhere, where) {
  constexpr int threads = 4;
  constexpr int each = 2500;
  std::atomic<int> ran{0};
  fixture fix{where};
  auto spawning = start_threads(threads, [&](int) {
    for (int n = 0; n < each; ++n)
      fix.system().spawn([&](caf::event_based_actor*) { ++ran; });
  });
  spawning.clear();
  fix.end(); // waits for all of them
  BOOST_TEST(ran == threads * each);
}

BOOST_DATA_TEST_CASE(all_that_actors_spawn_runs, everywhere, where) {
  std::atomic<int> ran{0};
  fixture fix{where};
  for (int i = 0; i < 10; ++i)
    fix.system().spawn([&](caf::event_based_actor* self) {
      for (int n = 0; n < 1000; ++n)
        self->spawn([&](caf::event_based_actor*) { ++ran; });
    });
  fix.end();
  BOOST_TEST(ran == 10'000);
}

BOOST_DATA_TEST_CASE(spawning_inside_and_outside_at_once_loses_nobody,
                     everywhere, where) {
  std::atomic<int> ran{0};
  std::latch start{2};
  fixture fix{where};
  auto spawn_many = [&](auto& spawning) {
    for (int n = 0; n < 2000; ++n)
      spawning.spawn([&](caf::event_based_actor*) { ++ran; });
  };
  fix.system().spawn([&](caf::event_based_actor* self) {
    start.arrive_and_wait();
    spawn_many(*self);
  });
  start.arrive_and_wait();
  spawn_many(fix.system());
  fix.end();
  BOOST_TEST(ran == 4000);
}

BOOST_AUTO_TEST_SUITE_END()
