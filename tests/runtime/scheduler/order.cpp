// The order in which a worker runs its jobs: by level, with a share for those
// below; within a level the one made ready last, with a share for the oldest.

#include <array>
#include <atomic>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include "support/jobs.hpp"
#include "support/tasks.hpp"

using namespace test;
using runtime::job_level;
using runtime::placement;

namespace {

/// A system of one worker, and what ran there.
struct one_worker : workers<1> {
  void hold() {
    held.emplace(*host);
  }

  /// Lets the worker run all there is, and returns it in order.
  const lines& go() {
    held.reset();
    await_rest(*host);
    std::promise<void> handed_over; // what it wrote
    test::submit(*host, [&] { handed_over.set_value(); });
    handed_over.get_future().wait();
    return ran;
  }

  /// A job that only notes its name.
  std::function<void()> noting(std::string name) {
    return [this, name = std::move(name)] { ran.push_back(name); };
  }

  void submit(std::string name, job_level level = medium,
              placement where = placement::next) {
    test::submit(*host, noting(std::move(name)), level, where);
  }

  std::optional<held_worker> held;
  lines ran; ///< written by the worker
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(jobs_on_one_worker, one_worker)

BOOST_AUTO_TEST_CASE(run_by_level_then_as_they_came) {
  hold();
  submit("low 1", low);
  submit("medium 1", medium);
  submit("high 1", high);
  submit("medium 2", medium);
  submit("background 1", background);
  submit("high 2", high);
  submit("low 2", low);
  BOOST_TEST(go()
               == (lines{"high 1", "high 2", "medium 1", "medium 2", "low 1",
                         "low 2", "background 1"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(made_ready_by_the_last_one_run_next) {
  hold();
  test::submit(*host, [this] {
    submit("older", medium, placement::fresh);
    submit("newer", medium, placement::fresh);
    submit("next", medium, placement::next);
  });
  submit("from outside");
  BOOST_TEST(go() == (lines{"next", "newer", "older", "from outside"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(made_ready_later_go_before_one_that_was_to_run_next) {
  hold();
  test::submit(*host, [this] {
    submit("a", medium, placement::next);
    submit("b", medium, placement::next);
    submit("c", medium, placement::next);
  });
  BOOST_TEST(go() == (lines{"c", "b", "a"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(that_are_more_urgent_go_before_the_next_one) {
  hold();
  test::submit(*host, [this] {
    submit("urgent", high, placement::fresh);
    submit("next", medium, placement::next);
  });
  test::submit(*host, [this] {
    submit("next too", low, placement::next);
    submit("urgent too", medium, placement::fresh);
  });
  BOOST_TEST(go() == (lines{"urgent", "next", "urgent too", "next too"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(that_let_others_go_first_run_behind_them) {
  hold();
  test::submit(*host, [this] {
    submit("last", medium, placement::last);
    submit("a", medium, placement::fresh);
    submit("b", medium, placement::next);
  });
  submit("from outside");
  BOOST_TEST(go() == (lines{"b", "a", "from outside", "last"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(of_one_batch_made_by_a_job_all_run) {
  hold();
  test::submit(*host, [this] {
    std::vector<caf::resumable*> batch;
    for (auto* name : {"a", "b", "c"})
      batch.push_back(new job{noting(name)});
    host->submit_batch(batch, nullptr, medium);
    host->submit_batch({}, nullptr, medium);
  });
  BOOST_TEST(go().size() == 3u);
}

BOOST_AUTO_TEST_CASE(of_a_lower_level_have_an_eighth_of_the_picks) {
  hold();
  endless flood{host, high, placement::fresh};
  std::vector<int> flood_runs;
  test::submit(*host, flood, high);
  for (int i = 0; i < 20; ++i)
    test::submit(
      *host,
      [&flood, &flood_runs] {
        flood_runs.push_back(flood.runs->exchange(0));
        *flood.stop = flood_runs.size() == 20;
      },
      background);
  go();
  BOOST_TEST(flood_runs == std::vector<int>(20, 7),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(of_every_level_run_however_many_come_in_above) {
  hold();
  std::array<endless, 3> floods{endless{host, high, placement::next},
                                endless{host, medium, placement::fresh},
                                endless{host, low, placement::last}};
  for (auto& x : floods)
    test::submit(*host, x, x.level);
  test::submit(
    *host,
    [&floods] {
      for (auto& x : floods)
        *x.stop = true;
    },
    background);
  go();
  BOOST_TEST(*floods[0].runs < 512);
  BOOST_TEST(*floods[1].runs > 0);
  BOOST_TEST(*floods[2].runs > 0);
}

BOOST_AUTO_TEST_CASE(have_their_turn_beside_one_that_always_makes_the_next) {
  hold();
  endless chain{host, medium, placement::next};
  test::submit(*host, chain);
  test::submit(*host, [&chain] { *chain.stop = true; });
  go();
  BOOST_TEST(*chain.runs <= 31);
}

BOOST_AUTO_TEST_CASE(of_the_worker_have_their_turn_beside_those_from_outside) {
  hold();
  // One chain keeps the newest place of the worker's own queue, the other one
  // the shared queue from getting empty; the job in question is the oldest.
  endless newest{host, medium, placement::fresh};
  endless shared{host, medium, placement::last};
  test::submit(*host, [&] {
    test::submit(
      *host, [&] { *newest.stop = *shared.stop = true; }, medium,
      placement::fresh);
    newest();
    shared();
  });
  go();
  BOOST_TEST(*newest.runs <= 2 * 93);
}

BOOST_AUTO_TEST_CASE(have_their_turn_beside_an_actor_that_never_pauses) {
  auto stop = std::make_shared<std::atomic<bool>>(false);
  auto busy =
    system->spawn([stop](caf::event_based_actor* self) -> caf::behavior {
      return {[self, stop](int) {
        if (!*stop)
          self->send(self, 1);
      }};
    });
  caf::anon_send(busy, 1);
  std::promise<void> done;
  test::submit(*host, [&] { done.set_value(); });
  done.get_future().wait();
  *stop = true;
}

BOOST_AUTO_TEST_SUITE_END()
