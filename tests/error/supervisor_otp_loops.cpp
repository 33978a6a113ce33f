// Beside OTP's own test suite of its supervisor, the third part: a child that
// cannot be made again, with restarts without end. The supervisor has to answer
// all the same. The table of all cases is in supervisor_otp.cpp.

#include <limits>

#include "support/supervised.hpp"

using namespace test;
using strategy_kind = supervision_strategy;

namespace {

/// Whether and how often the children of a test could not be made.
struct restart_loop {
  /// After so many times they can be made again, so that a supervisor that
  /// tries until it succeeds fails the test rather than hang it.
  static constexpr std::size_t most = 100'000;

  bool failing = false;
  std::size_t tries = 0;
};

using restart_loop_ptr = std::shared_ptr<restart_loop>;

/// How a request was answered, and how far the loop had come then.
struct answer {
  std::optional<errc> code;
  std::size_t tries = 0;
};

template <class T>
async<void> await_answer(axiom::task<T> request, restart_loop_ptr loop,
                         std::shared_ptr<answer> into) {
  try {
    co_await request;
  } catch (const axiom::exception& ex) {
    into->code = static_cast<errc>(ex.error().code());
  }
  into->tries = loop->tries;
}

struct looping : supervised {
  child_spec looping_child(child_options how) const {
    return axiom::actor_child(
      std::move(how), [home = home, loop = loop](child_start& start) {
        if (loop->failing && ++loop->tries < restart_loop::most)
          throw std::runtime_error("not again");
        return home->latest[start.name()] =
                 start.system().spawn<obedient>(home, start.name());
      });
  }

  /// As often as it likes, at once.
  static supervisor_options without_limit(strategy_kind strategy,
                                          std::vector<child_spec> children) {
    return {.strategy = strategy,
            .max_restarts = std::numeric_limits<std::size_t>::max(),
            .children = std::move(children),
            .error_history = 10};
  }

  void step() {
    if (!run_one())
      advance(1ms);
  }

  /// Has a child fail that cannot be made again from now on.
  void hang(const std::string& name) {
    loop->failing = true;
    loop->tries = 0;
    caf::anon_send(home->latest.at(name), broken());
    while (loop->tries < 3)
      step();
  }

  /// The code of the answer, which has to come while the loop goes on.
  template <class T>
  std::optional<errc> meanwhile(const axiom::task<T>& request) {
    auto result = std::make_shared<answer>();
    auto asks = start("asks", [request, loop = loop, result](task_context&) {
      return await_answer(request, loop, result);
    });
    while (!asks.done())
      step();
    BOOST_TEST(result->tries < restart_loop::most);
    return result->code;
  }

  /// That the loop is over.
  void check_quiet() {
    run();
    const auto before = loop->tries;
    advance(1h);
    BOOST_TEST(loop->tries == before);
  }

  restart_loop_ptr loop = std::make_shared<restart_loop>();
};

const auto no_error = std::optional<errc>{};

} // namespace

BOOST_FIXTURE_TEST_SUITE(otp_suite_loops, looping)

BOOST_AUTO_TEST_CASE(hanging_restart_loop) {
  auto sup = begin(
    without_limit(strategy_kind::one_for_one, {looping_child({.name = "a"})}));
  hang("a");
  BOOST_CHECK(meanwhile(sup.start_child(worker({.name = "a"})))
              == errc::name_taken);
  BOOST_CHECK(meanwhile(sup.restart_child("a")) == errc::child_not_stopped);
  auto children = sup.which_children();
  BOOST_CHECK(meanwhile(children) == no_error);
  BOOST_CHECK(children.get().at(0).actor == nullptr);
  auto counts = sup.count_children();
  BOOST_CHECK(meanwhile(counts) == no_error);
  BOOST_TEST(counts.get().specs == 1u);
  BOOST_CHECK(meanwhile(sup.terminate_child("a")) == no_error);
  check_quiet();
  BOOST_CHECK(state_of(sup, "a") == child_state::stopped);
  loop->failing = false;
  result_of(sup.restart_child("a"));
  BOOST_CHECK(state_of(sup, "a") == child_state::running);
  hang("a");
  BOOST_CHECK(meanwhile(sup.stop()) == no_error);
  BOOST_TEST(sup.ended());
  check_quiet();
}

BOOST_AUTO_TEST_CASE(hanging_restart_loop_rest_for_one) {
  auto sup =
    begin(without_limit(strategy_kind::rest_for_one,
                        {worker({.name = "x"}), looping_child({.name = "a"}),
                         worker({.name = "y"})}));
  happened();
  hang("a");
  CHECK_HAPPENED({"-a", "-y"});
  BOOST_CHECK(meanwhile(sup.start_child(worker({.name = "a"})))
              == errc::name_taken);
  BOOST_CHECK(meanwhile(sup.restart_child("a")) == errc::child_not_stopped);
  auto children = sup.which_children();
  BOOST_CHECK(meanwhile(children) == no_error);
  for (auto& x : children.get())
    BOOST_TEST((x.actor != nullptr) == (x.name == "x"), x.name);
  BOOST_CHECK(meanwhile(sup.terminate_child("a")) == no_error);
  check_quiet();
  BOOST_CHECK(state_of(sup, "a") == child_state::stopped);
  BOOST_TEST(home->starts["x"] == 1);
  loop->failing = false;
  result_of(sup.restart_child("a"));
  hang("a");
  BOOST_CHECK(meanwhile(sup.stop()) == no_error);
  BOOST_TEST(sup.ended());
  check_quiet();
}

BOOST_AUTO_TEST_CASE(hanging_restart_loop_simple) {
  auto options = without_limit(strategy_kind::simple_one_for_one,
                               {looping_child({.name = "w"})});
  options.instances = 1;
  auto sup = begin(std::move(options));
  hang("w-1");
  auto counts = sup.count_children();
  BOOST_CHECK(meanwhile(counts) == no_error);
  BOOST_TEST(counts.get().specs == 1u);
  BOOST_CHECK(meanwhile(sup.terminate_child("w-1")) == no_error);
  check_quiet();
  BOOST_TEST(sup.stats().active == 0u);
  loop->failing = false;
  BOOST_TEST(result_of(sup.start_child()).name == "w-2");
  hang("w-2");
  BOOST_CHECK(meanwhile(sup.stop()) == no_error);
  BOOST_TEST(sup.ended());
  check_quiet();
}

BOOST_AUTO_TEST_CASE(hanging_restart_loop_that_is_killed) {
  for (auto strategy : {strategy_kind::one_for_one, strategy_kind::one_for_all,
                        strategy_kind::rest_for_one}) {
    BOOST_TEST_CONTEXT(axiom::to_string(strategy)) {
      auto sup = begin(without_limit(
        strategy, {worker({.name = "x"}), looping_child({.name = "a"})}));
      hang("a");
      caf::anon_send_exit(sup.actor(), caf::exit_reason::kill);
      while (!sup.ended())
        step();
      BOOST_TEST(loop->tries < restart_loop::most);
      check_quiet();
      loop->failing = false;
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
