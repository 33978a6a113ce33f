// Schedulers as black boxes: jobs that are no actors, handed over from outside
// and from workers. The interleavings looked for:
//
// - a job is submitted, by several at once, while it is queued, while it runs,
//   and while another worker takes it: it runs once for each time;
// - a worker goes to sleep while a job comes: one of both sees the other;
// - a worker fills its own queue far beyond its size while others steal;
// - the workers are stopped while jobs run, queue and submit others: every
//   reference that was handed over is given back;
// - jobs and actors come from blocking actors while the workers stop, and when
//   they are gone already.

#include <future>
#include <memory>

#include <caf/blocking_actor.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include "jobs.hpp"

using namespace stress;

BOOST_AUTO_TEST_SUITE(stress_scheduler)

namespace {

resume_result nothing(crowd&, job&, caf::execution_unit*, std::uint64_t) {
  return caf::resumable::done;
}

/// Submits 0.7 jobs on average, so that all comes to its end.
resume_result fading(crowd& all, job& self, caf::execution_unit* unit,
                     std::uint64_t dice) {
  auto rest = dice / 10;
  switch (dice % 10) {
    case 0:
      self.submit(unit);
      return caf::resumable::done;
    case 1:
      self.submit(nullptr);
      return caf::resumable::awaiting_message;
    case 2:
      all.any(rest).submit(unit);
      return caf::resumable::done;
    case 3:
      all.any(rest).submit(nullptr);
      return caf::resumable::awaiting_message;
    case 4:
      all.any(rest).submit(unit);
      all.any(rest / 7).submit(nullptr);
      return caf::resumable::done;
    case 5:
      return caf::resumable::resume_later;
    case 6:
      return caf::resumable::awaiting_message;
    default:
      return caf::resumable::done;
  }
}

/// Submits exactly one job: never comes to an end.
resume_result lasting(crowd& all, job& self, caf::execution_unit* unit,
                      std::uint64_t dice) {
  auto rest = dice / 4;
  switch (dice % 4) {
    case 0:
      all.any(rest).submit(unit);
      return caf::resumable::awaiting_message;
    case 1:
      all.any(rest).submit(nullptr);
      return caf::resumable::done;
    case 2:
      self.submit(nullptr);
      return caf::resumable::done;
    default:
      return caf::resumable::resume_later;
  }
}

/// Hands over two more of its kind when it is thrown away, until there are
/// enough. (Tasks hand over others when they end.)
class chained final : public caf::resumable, public caf::ref_counted {
public:
  chained(axiom::runtime::host& where, std::atomic<int>& alive, int left)
    : host_(where), alive_(alive), left_(left) {
    ++alive_;
  }

  ~chained() override {
    for (int i = 1; i <= 2 && left_ >= i; ++i)
      host_.submit(new chained{host_, alive_, left_ - i}, nullptr);
    --alive_;
  }

  resume_result resume(caf::execution_unit*, std::size_t) override {
    return resume_later;
  }

  void intrusive_ptr_add_ref_impl() override {
    ref();
  }

  void intrusive_ptr_release_impl() override {
    deref();
  }

private:
  axiom::runtime::host& host_;
  std::atomic<int>& alive_;
  int left_;
};

template <class F>
void under_each_policy(std::initializer_list<std::size_t> counts, F f) {
  for (auto& where : test::under_each_policy(counts))
    BOOST_TEST_CONTEXT(where) f(where);
}

constexpr auto budget = 100ms;
constexpr std::size_t any_number = 1'000'000;

/// Passes a time of any magnitude between nothing and about a millisecond: a
/// worker that finds no job spins, yields and sleeps in it.
void pause(chooser& choose) {
  for (auto n = choose.below(std::size_t{1} << choose.below(21)); n > 0; --n)
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

} // namespace

BOOST_AUTO_TEST_CASE(jobs_run_as_often_as_they_are_submitted) {
  under_each_policy({1, 2, 4}, [](auto& where) {
    workers ws{where};
    for (rounds r{any_number, budget}; r.next();) {
      auto stream = r.stream();
      crowd all{50, stream, fading};
      all.join(ws.system());
      race(3, stream, [&](auto, auto& choose) {
        for (int i = 0; i < 1000; ++i) {
          all.any(choose.below(any_number)).submit(nullptr);
          if (choose.one_in(50))
            choose.dither();
        }
      });
      spin_until([&] { return all.quiet(); });
      spin_until([&] { return all.given_back(); });
      BOOST_TEST(all.balanced());
    }
  });
}

BOOST_AUTO_TEST_CASE(one_job_wakes_workers_that_sleep_or_are_about_to) {
  under_each_policy({1, 2, 4}, [](auto& where) {
    workers ws{where};
    crowd one{1, 0, nothing};
    one.join(ws.system());
    rounds r{any_number, budget};
    for (chooser choose{r.stream()}; r.next();) {
      one.any(0).submit(nullptr);
      spin_until([&] { return one.quiet(); });
      pause(choose);
    }
    BOOST_TEST(one.balanced());
  });
}

BOOST_AUTO_TEST_CASE(jobs_of_several_threads_wake_workers_each) {
  under_each_policy({1, 2, 4}, [](auto& where) {
    workers ws{where};
    for (rounds r{any_number, budget}; r.next();) {
      auto stream = r.stream();
      race(3, stream, [&](auto i, auto& choose) {
        crowd own{1, i, nothing};
        own.join(ws.system());
        for (int n = 0; n < 20; ++n) {
          own.any(0).submit(nullptr);
          spin_until([&] { return own.quiet(); });
          pause(choose);
        }
        spin_until([&] { return own.given_back(); });
      });
    }
  });
}

BOOST_AUTO_TEST_CASE(a_job_of_a_busy_worker_wakes_another) {
  under_each_policy({2, 4}, [](auto& where) {
    workers ws{where};
    crowd inner{1, 0, nothing};
    crowd outer{1, 0, [&](auto&, auto&, auto* unit, auto) {
                  inner.any(0).submit(unit);
                  spin_until([&] { return inner.quiet(); });
                  return caf::resumable::done;
                }};
    inner.join(ws.system());
    outer.join(ws.system());
    rounds r{any_number, budget};
    for (chooser choose{r.stream()}; r.next();) {
      outer.any(0).submit(nullptr);
      spin_until([&] { return outer.quiet(); });
      pause(choose);
    }
    BOOST_TEST(inner.balanced());
  });
}

BOOST_AUTO_TEST_CASE(thousands_of_jobs_of_one_worker_run_once_each) {
  under_each_policy({1, 2, 4}, [](auto& where) {
    workers ws{where};
    crowd many{5000, 0, nothing};
    crowd root{1, 0, [&](auto&, auto&, auto* unit, auto) {
                 for (std::uint64_t i = 0; i < 5000; ++i)
                   many.any(i).submit(unit);
                 return caf::resumable::done;
               }};
    many.join(ws.system());
    root.join(ws.system());
    for (rounds r{any_number, budget}; r.next();) {
      root.any(0).submit(nullptr);
      spin_until([&] { return root.quiet() && many.quiet(); });
      spin_until([&] { return many.given_back(); });
      BOOST_TEST(many.balanced());
    }
  });
}

BOOST_AUTO_TEST_CASE(jobs_that_never_end_are_given_back_when_workers_stop) {
  under_each_policy({1, 2, 4}, [](auto& where) {
    for (rounds r{any_number, budget}; r.next();) {
      auto stream = r.stream();
      crowd all{50, stream, lasting};
      workers ws{where};
      all.join(ws.system());
      race(3, stream, [&](auto, auto& choose) {
        for (int i = 0; i < 100; ++i)
          all.any(choose.below(any_number)).submit(nullptr);
        pause(choose);
      });
      ws.stop();
      BOOST_TEST(all.given_back());
    }
  });
}

BOOST_AUTO_TEST_CASE(jobs_that_come_while_workers_stop_are_given_back) {
  under_each_policy({1, 2, 4}, [](auto& where) {
    for (rounds r{any_number, budget}; r.next();) {
      auto stream = r.stream();
      crowd all{50, stream, fading};
      workers ws{where};
      all.join(ws.system());
      // The system stops its workers first, then waits for this actor.
      ws.system().spawn<caf::hidden>([&, stream](caf::blocking_actor*) {
        chooser choose{stream};
        for (int i = 0; i < 100; ++i) {
          all.any(choose.below(any_number)).submit(nullptr);
          choose.dither();
        }
      });
      ws.stop();
      BOOST_TEST(all.given_back());
    }
  });
}

BOOST_AUTO_TEST_CASE(actors_that_come_when_the_workers_are_gone_are_ended) {
  under_each_policy({1, 2, 4}, [](auto& where) {
    auto held = std::make_shared<int>(0);
    caf::error answer;
    std::promise<void> gone;
    workers ws{where};
    // The printer ends after the workers, and before the system awaits the
    // threads of blocking actors.
    auto& sys = ws.system();
    sys.scheduler().printer()->attach_functor([&] { gone.set_value(); });
    sys.spawn<caf::hidden>([&](caf::blocking_actor* self) {
      gone.get_future().wait();
      for (int i = 0; i < 500; ++i)
        self->spawn([held](caf::event_based_actor*) {});
      self
        ->request(self->spawn([](caf::event_based_actor*) {}), caf::infinite, 1)
        .receive([](int) {}, [&](caf::error& why) { answer = std::move(why); });
    });
    ws.stop();
    BOOST_TEST(held.use_count() == 1);
    BOOST_CHECK(answer == caf::sec::request_receiver_down);
  });
}

BOOST_AUTO_TEST_CASE(jobs_that_come_of_jobs_thrown_away_are_given_back) {
  under_each_policy({1, 2, 4}, [](auto& where) {
    for (rounds r{any_number, budget}; r.next();) {
      std::atomic<int> alive{0};
      chooser choose{r.stream()};
      workers ws{where};
      auto& host = axiom::runtime::host::of(ws.system());
      for (int i = 0; i < 10; ++i)
        host.submit(new chained{host, alive, 8}, nullptr);
      pause(choose);
      ws.stop();
      BOOST_TEST(alive == 0);
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
