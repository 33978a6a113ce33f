// Beside OTP's own test suite of its supervisor, the third part: a child that
// cannot be made again, with restarts without end. The supervisor has to answer
// all the same. The table of all cases is in supervisor_otp.cpp.
//
// On one real worker: the supervisor, and whoever asks it, take turns there as
// they do elsewhere, and how far the loop comes meanwhile does not depend on
// when a thread runs.

#include <atomic>
#include <limits>
#include <mutex>

#include "stress/support.hpp"
#include "support/supervised.hpp"

using namespace test;
using strategy_kind = supervision_strategy;

namespace {

/// The children of a test, and how often they could not be made.
class restart_loop {
public:
  /// After so many times they can be made again, so that a supervisor that
  /// tries until it succeeds fails the test rather than hang it.
  static constexpr std::uint64_t most = 1'000'000;

  /// How many there may be until a request is answered.
  static constexpr std::uint64_t patience = 100'000;

  std::atomic<bool> failing{false};
  std::atomic<std::uint64_t> tries{0};

  caf::actor make(child_start& start, bool may_fail) {
    if (may_fail && failing && ++tries < most)
      throw std::runtime_error("not again");
    auto result =
      start.system().spawn([](caf::event_based_actor* self) -> caf::behavior {
        return {[self](caf::error& why) { self->quit(std::move(why)); }};
      });
    std::lock_guard guard{mutex_};
    return latest_[start.name()] = result;
  }

  caf::actor latest(const std::string& name) {
    std::lock_guard guard{mutex_};
    return latest_.at(name);
  }

private:
  std::mutex mutex_;
  std::map<std::string, caf::actor> latest_;
};

using restart_loop_ptr = std::shared_ptr<restart_loop>;

/// How a request was answered, and how often was tried meanwhile.
struct answer {
  std::optional<errc> code;
  std::uint64_t tries;
};

template <class F>
async<answer> await_answer(F ask, restart_loop_ptr loop) {
  answer result{};
  const auto before = loop->tries.load();
  auto request = ask();
  try {
    co_await request;
  } catch (const axiom::exception& ex) {
    result.code = static_cast<errc>(ex.error().code());
  }
  result.tries = loop->tries - before;
  co_return result;
}

struct looping : axiom::testing::fixture {
  looping()
    : fixture(
      {.scheduler = axiom::runtime::scheduler_policy::axiom, .threads = 1}) {
    // nop
  }

  child_spec child(const char* name, bool may_fail = true) const {
    return axiom::actor_child({.name = name},
                              [loop = loop, may_fail](child_start& start) {
                                return loop->make(start, may_fail);
                              });
  }

  /// One that restarts as often as it likes, at once; it is up.
  supervisor begin(strategy_kind strategy, std::vector<child_spec> children,
                   std::size_t instances = 0) {
    auto result = supervisor::spawn(
      system(), {.strategy = strategy,
                 .max_restarts = std::numeric_limits<std::size_t>::max(),
                 .children = std::move(children),
                 .instances = instances,
                 .error_history = 10});
    result.ready().get();
    return result;
  }

  /// Has a child fail that cannot be made again from now on.
  void hang(const std::string& name) {
    loop->tries = 0;
    loop->failing = true;
    caf::anon_send(loop->latest(name), broken());
    stress::spin_until([this] { return loop->tries >= 3; });
  }

  /// The code of the answer, which has to come while the loop goes on.
  template <class F>
  std::optional<errc> meanwhile(F ask) {
    auto asks = coordinator().create_child_task(
      "asks",
      [ask, loop = loop](task_context&) { return await_answer(ask, loop); });
    const auto result = asks.get();
    BOOST_TEST(result.tries < restart_loop::patience);
    return result.code;
  }

  /// That the loop is over.
  void check_quiet(const supervisor& x) {
    const auto before = loop->tries.load();
    for (int i = 0; i < 10; ++i)
      x.which_children().get();
    BOOST_TEST(loop->tries == before);
  }

  /// That it stops in the middle of the loop.
  void check_stop(const supervisor& x) {
    BOOST_CHECK(meanwhile([x] { return x.stop(); }) == std::nullopt);
    BOOST_TEST(x.ended());
    BOOST_TEST(loop->tries < restart_loop::most);
    loop->failing = false;
  }

  restart_loop_ptr loop = std::make_shared<restart_loop>();
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(otp_suite_loops, looping)

BOOST_AUTO_TEST_CASE(hanging_restart_loop) {
  auto sup = begin(strategy_kind::one_for_one, {child("a")});
  hang("a");
  const auto again = child("a");
  BOOST_CHECK(meanwhile([sup, again] { return sup.start_child(again); })
              == errc::name_taken);
  BOOST_CHECK(meanwhile([sup] { return sup.restart_child("a"); })
              == errc::child_not_stopped);
  BOOST_TEST(sup.count_children().get().specs == 1u);
  BOOST_CHECK(meanwhile([sup] { return sup.terminate_child("a"); })
              == std::nullopt);
  BOOST_TEST(loop->tries < restart_loop::most);
  check_quiet(sup);
  const auto info = sup.which_children().get().at(0);
  BOOST_CHECK(info.state == child_state::stopped);
  BOOST_CHECK(info.actor == nullptr);
  loop->failing = false;
  BOOST_CHECK(sup.restart_child("a").get().state == child_state::running);
  hang("a");
  check_stop(sup);
}

BOOST_AUTO_TEST_CASE(hanging_restart_loop_rest_for_one) {
  auto sup = begin(strategy_kind::rest_for_one,
                   {child("x", false), child("a"), child("y", false)});
  const auto x = loop->latest("x");
  hang("a");
  const auto again = child("a");
  BOOST_CHECK(meanwhile([sup, again] { return sup.start_child(again); })
              == errc::name_taken);
  BOOST_CHECK(meanwhile([sup] { return sup.restart_child("a"); })
              == errc::child_not_stopped);
  const auto children = sup.which_children().get();
  BOOST_CHECK(children.at(0).actor
              == caf::actor_cast<caf::strong_actor_ptr>(x));
  BOOST_CHECK(children.at(1).state != child_state::running);
  BOOST_CHECK(children.at(2).state == child_state::waiting);
  BOOST_CHECK(meanwhile([sup] { return sup.terminate_child("a"); })
              == std::nullopt);
  BOOST_TEST(loop->tries < restart_loop::most);
  check_quiet(sup);
  loop->failing = false;
  sup.restart_child("a").get();
  BOOST_CHECK(loop->latest("x") == x);
  hang("a");
  check_stop(sup);
}

BOOST_AUTO_TEST_CASE(hanging_restart_loop_simple) {
  auto sup = begin(strategy_kind::simple_one_for_one, {child("w")}, 1);
  hang("w-1");
  BOOST_CHECK(meanwhile([sup] { return sup.count_children(); })
              == std::nullopt);
  BOOST_CHECK(meanwhile([sup] { return sup.terminate_child("w-1"); })
              == std::nullopt);
  BOOST_TEST(loop->tries < restart_loop::most);
  check_quiet(sup);
  BOOST_TEST(sup.stats().active == 0u);
  loop->failing = false;
  BOOST_TEST(sup.start_child().get().name == "w-2");
  hang("w-2");
  check_stop(sup);
}

BOOST_AUTO_TEST_CASE(hanging_restart_loop_that_is_killed) {
  for (auto strategy : {strategy_kind::one_for_one, strategy_kind::one_for_all,
                        strategy_kind::rest_for_one}) {
    BOOST_TEST_CONTEXT(axiom::to_string(strategy)) {
      auto sup = begin(strategy, {child("x", false), child("a")});
      hang("a");
      caf::anon_send_exit(sup.actor(), caf::exit_reason::kill);
      stress::spin_until([&] { return sup.ended(); });
      BOOST_TEST(loop->tries < restart_loop::most);
      loop->failing = false;
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
