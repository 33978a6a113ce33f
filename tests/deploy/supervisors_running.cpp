#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>

#include "axiom/config.hpp"
#include "axiom/deploy/error_tree.hpp"
#include "axiom/deploy/loader.hpp"
#include "axiom/deploy/runner.hpp"
#include "axiom/deploy/task_types.hpp"
#include "axiom/task/async.hpp"
#include "axiom/task/context_ops.hpp"

using namespace axiom::deploy;
using namespace std::chrono_literals;
using axiom::async;
using axiom::task_context;

namespace {

using lines = std::vector<std::string>;
using task_kind = runner::result::kind;
using kind = supervisor_runner::result::kind;

class null_sink : public byte_sink {
  void do_write(std::string_view, const stop_predicate&) override {
    // nop
  }
};

/// What happened, and a way to wait until it has.
class journal {
public:
  void add(std::string line) {
    const std::lock_guard guard{mutex_};
    lines_.push_back(std::move(line));
    changed_.notify_all();
  }

  lines all() const {
    const std::lock_guard guard{mutex_};
    return lines_;
  }

  bool has(const std::string& line) const {
    const std::lock_guard guard{mutex_};
    return there(line);
  }

  void wait_for(const std::string& line) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return there(line); });
  }

private:
  bool there(const std::string& line) const {
    return std::find(lines_.begin(), lines_.end(), line) != lines_.end();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  lines lines_;
};

class test_program : public task_program {
public:
  using body =
    std::function<async<void>(task_context& self, run_services& services)>;

  explicit test_program(body fun) : fun_(std::move(fun)) {
    // nop
  }

  async<void> run(task_context& self, run_services& services) const override {
    return fun_(self, services);
  }

private:
  body fun_;
};

/// Notes its begin and its end.
class presence {
public:
  presence(journal& where, std::string name)
    : where_(where), name_(std::move(name)) {
    where_.add('+' + name_);
  }

  presence(const presence&) = delete;
  presence& operator=(const presence&) = delete;

  ~presence() {
    where_.add('-' + name_);
  }

private:
  journal& where_;
  std::string name_;
};

async<void> stay(task_context& self, journal& where, std::string name) {
  const presence here{where, std::move(name)};
  co_await self.sleep_for(1h);
}

async<void> visit(task_context& self, journal& where, std::string name) {
  const presence here{where, std::move(name)};
  co_await self.yield();
}

/// Fails on its first so many starts.
async<void> fail_at_first(task_context& self, run_services& services,
                          journal& where, std::string name,
                          std::uint64_t times) {
  const auto number = services.start_number();
  {
    const presence here{where, name + std::to_string(number)};
    co_await self.yield();
  }
  if (number <= times)
    throw std::runtime_error{name + " is broken"};
  co_await self.sleep_for(1h);
}

struct fixture {
  fixture() {
    cfg.axiom.threads = 2;
    cfg.add_actor_type<echo, const std::string&>("echo");
    sys = std::make_unique<caf::actor_system>(cfg);
  }

  class echo : public caf::event_based_actor {
  public:
    echo(caf::actor_config& cfg, std::string text)
      : caf::event_based_actor(cfg), text_(std::move(text)) {
      // nop
    }

    caf::behavior make_behavior() override {
      heard().add("echo " + text_);
      return {[](int) {}};
    }

    static journal& heard() {
      static journal instance;
      return instance;
    }

  private:
    std::string text_;
  };

  task_spec program(std::string name, test_program::body fun) const {
    task_spec spec;
    spec.name = std::move(name);
    spec.type = "test";
    spec.grace = 2s;
    spec.program = std::make_shared<test_program>(std::move(fun));
    return spec;
  }

  void task(std::string name, test_program::body fun) {
    value.tasks.push_back(program(std::move(name), std::move(fun)));
  }

  supervised_spec child(std::string name, test_program::body fun) const {
    supervised_spec result;
    result.how.name = name;
    result.what = program(std::move(name), std::move(fun));
    return result;
  }

  /// A child that runs until it is stopped.
  supervised_spec resident(std::string name) {
    return child(name, [this, name](task_context& self, run_services&) {
      return stay(self, happened, name);
    });
  }

  supervised_spec broken(std::string name, std::uint64_t times) {
    return child(name, [this, name, times](task_context& self,
                                           run_services& services) {
      return fail_at_first(self, services, happened, name, times);
    });
  }

  supervisor_spec& supervisor(std::string name,
                              std::vector<supervised_spec> children) {
    auto& result = value.supervisors.emplace_back();
    result.options.name = std::move(name);
    result.children = std::move(children);
    return result;
  }

  supervised_spec nested(supervisor_spec spec) const {
    supervised_spec result;
    result.how.name = spec.options.name;
    result.what = std::make_shared<const supervisor_spec>(std::move(spec));
    return result;
  }

  std::unique_ptr<runner> make() {
    return std::make_unique<runner>(
      axiom::structured_task_coordinator::spawn(*sys, {.name = "test"}), value,
      sink, 2);
  }

  /// From the text of a file.
  void load(const std::string& text) {
    const auto types = builtin_task_types();
    const loader files{types, actor_types_of(cfg)};
    auto loaded = files.load(source_text{"d.yaml", text}, {});
    BOOST_TEST_REQUIRE(loaded.ok(), loaded.report());
    value = std::move(loaded.value);
  }

  std::string tree_of(const supervisor_runner::result& x) const {
    std::string result;
    BOOST_TEST_REQUIRE(x.error.has_value());
    append_error_tree(result, x.name, *x.error);
    return result;
  }

  axiom::config cfg;
  std::unique_ptr<caf::actor_system> sys;
  null_sink sink;
  journal happened;
  deployment value;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(running_supervisors, fixture)

BOOST_AUTO_TEST_CASE(they_start_before_the_tasks_and_stop_after_them) {
  supervisor("one", {resident("a"), resident("b")});
  supervisor("two", {resident("c")});
  // Children that run when they are started: the first step of a task is a
  // matter of the scheduler.
  task("t", [this](task_context& self, run_services&) -> async<void> {
    for (const auto* name : {"+a", "+b", "+c"})
      while (!happened.has(name))
        co_await self.yield();
    auto body = visit(self, happened, "t");
    co_await std::move(body);
  });
  auto all = make();
  all->start();
  const auto results = all->wait();
  BOOST_CHECK(results[0].outcome == task_kind::completed);
  auto now = happened.all();
  BOOST_TEST_REQUIRE(now.size() == 8u);
  std::sort(now.begin(), now.begin() + 3);
  BOOST_TEST(now == (lines{"+a", "+b", "+c", "+t", "-t", "-c", "-b", "-a"}),
             boost::test_tools::per_element());
  for (const auto& x : all->supervisors()) {
    BOOST_CHECK(x.outcome == kind::completed);
    BOOST_TEST(!x.stuck);
  }
}

BOOST_AUTO_TEST_CASE(the_next_one_waits_until_the_one_before_has_said_so) {
  auto slow = child("slow", [this](task_context& self,
                                   run_services& services) -> async<void> {
    for (int i = 0; i < 100; ++i)
      co_await self.yield();
    happened.add("slow is ready");
    services.started();
    services.started(); // once is enough, twice does no harm
    co_await self.sleep_for(1h);
  });
  slow.how.start = axiom::child_start_mode::said;
  supervisor("one", {slow});
  supervisor("two", {resident("b")});
  task("t", [this](task_context& self, run_services&) {
    return visit(self, happened, "t");
  });
  auto all = make();
  all->start();
  all->wait();
  const auto now = happened.all();
  BOOST_TEST(now.front() == "slow is ready");
}

BOOST_AUTO_TEST_CASE(one_below_a_timeout_says_that_it_is_started_too) {
  auto timed =
    child("timed", [this](task_context& self,
                          run_services& services) -> async<void> {
      services.started();
      auto body = stay(self, happened, "timed");
      co_await std::move(body);
    });
  timed.how.start = axiom::child_start_mode::said;
  std::get<task_spec>(timed.what).timeout = 1h;
  supervisor("one", {timed});
  auto all = make();
  all->start();
  happened.wait_for("+timed");
  all->cancel();
  all->wait();
  BOOST_CHECK(all->supervisors()[0].outcome == kind::cancelled);
}

BOOST_AUTO_TEST_CASE(children_that_fail_are_started_again) {
  supervisor("one", {broken("a", 2)});
  auto all = make();
  all->start();
  happened.wait_for("+a3");
  const auto now = all->supervision();
  BOOST_REQUIRE(now);
  BOOST_TEST(now->supervisors == 1u);
  BOOST_TEST(now->restarts == 2u);
  all->cancel();
  BOOST_TEST(all->wait().empty());
  const auto results = all->supervisors();
  BOOST_CHECK(results[0].outcome == kind::cancelled);
  BOOST_TEST(results[0].stats.starts == 3u);
  BOOST_TEST(results[0].stats.restarts == 2u);
}

BOOST_AUTO_TEST_CASE(one_that_gives_up_ends_the_run) {
  supervisor("good", {resident("g")});
  supervisor("bad", {broken("a", 1000)}).options.max_restarts = 1;
  task("t", [this](task_context& self, run_services&) {
    return stay(self, happened, "t");
  });
  auto all = make();
  all->start();
  const auto results = all->wait();
  BOOST_CHECK(results[0].outcome == task_kind::cancelled);
  const auto supervisors = all->supervisors();
  BOOST_CHECK(supervisors[0].outcome == kind::cancelled);
  BOOST_CHECK(supervisors[1].outcome == kind::failed);
  const auto tree = tree_of(supervisors[1]);
  BOOST_TEST(tree.find("bad: 3 errors\n") == 0u, tree);
  BOOST_TEST(tree.find("a #1: unhandled_exception: std::runtime_error: "
                       "a is broken")
               != std::string::npos,
             tree);
  BOOST_TEST(tree.find("a #2: ") != std::string::npos, tree);
  BOOST_TEST(tree.find("more than 1 times within") != std::string::npos, tree);
}

BOOST_AUTO_TEST_CASE(as_many_errors_are_kept_as_the_file_says) {
  load("version: 1\n"
       "supervisors:\n"
       "  - name: one\n"
       "    max_restarts: 4\n"
       "    error_history: 2\n"
       "    children: [{ name: d, type: drill, with: { fail_every: 1 } }]\n");
  auto all = make();
  all->start();
  all->wait();
  const auto results = all->supervisors();
  BOOST_TEST(results[0].stats.errors == 5u);
  const auto tree = tree_of(results[0]);
  BOOST_TEST(tree.find("d #3: ") == std::string::npos, tree);
  BOOST_TEST(tree.find("d #4: ") != std::string::npos, tree);
  BOOST_TEST(tree.find("d #5: ") != std::string::npos, tree);
}

BOOST_AUTO_TEST_CASE(one_that_gives_up_ends_a_run_without_tasks) {
  supervisor("bad", {broken("a", 1000)}).options.max_restarts = 0;
  supervisor("good", {resident("g")});
  auto all = make();
  all->start();
  BOOST_TEST(all->wait().empty());
  BOOST_CHECK(all->supervisors()[0].outcome == kind::failed);
  BOOST_CHECK(all->supervisors()[1].outcome == kind::cancelled);
}

BOOST_AUTO_TEST_CASE(one_below_another_gives_up_to_that) {
  supervisor_spec low;
  low.options.name = "low";
  low.options.max_restarts = 0;
  low.children = {broken("a", 2)};
  supervisor("top", {nested(std::move(low)), resident("b")});
  auto all = make();
  all->start();
  happened.wait_for("+a3");
  all->cancel();
  all->wait();
  const auto results = all->supervisors();
  BOOST_TEST_REQUIRE(results.size() == 1u);
  BOOST_TEST(results[0].stats.restarts == 2u);
}

BOOST_AUTO_TEST_CASE(what_cannot_start_ends_the_run_before_the_tasks) {
  auto never = child("never", [](task_context&, run_services&) -> async<void> {
    throw std::runtime_error{"no port"};
    co_return;
  });
  never.how.start = axiom::child_start_mode::said;
  supervisor("first", {resident("g")});
  supervisor("second", {never});
  supervisor("third", {resident("h")});
  task("t", [](task_context&, run_services&) -> async<void> {
    BOOST_ERROR("must not run");
    co_return;
  });
  auto all = make();
  all->start();
  BOOST_CHECK(all->wait()[0].outcome == task_kind::cancelled);
  const auto results = all->supervisors();
  BOOST_CHECK(results[0].outcome == kind::cancelled);
  BOOST_CHECK(results[1].outcome == kind::failed);
  BOOST_TEST(tree_of(results[1]).find("no port") != std::string::npos);
  BOOST_CHECK(results[2].outcome == kind::cancelled);
  BOOST_TEST(results[2].stats.starts == 0u);
}

BOOST_AUTO_TEST_CASE(cancelling_ends_a_start_that_takes_for_ever) {
  auto shy = resident("shy");
  shy.how.start = axiom::child_start_mode::said;
  supervisor("one", {shy});
  auto all = make();
  std::thread other{[&] {
    happened.wait_for("+shy");
    all->cancel();
  }};
  all->start();
  other.join();
  BOOST_TEST(all->wait().empty());
  BOOST_CHECK(all->supervisors()[0].outcome == kind::cancelled);
  BOOST_TEST(happened.all() == (lines{"+shy", "-shy"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_earlier_one_that_gives_up_ends_a_long_start) {
  // Fails when the later one has begun its start.
  auto bad =
    child("bad", [this](task_context& self, run_services&) -> async<void> {
      while (!happened.has("+shy"))
        co_await self.yield();
      throw std::runtime_error{"bad is broken"};
    });
  auto shy = resident("shy");
  shy.how.start = axiom::child_start_mode::said;
  shy.how.start_timeout = 10s; // else it would be the later one that failed
  supervisor("first", {bad}).options.max_restarts = 0;
  supervisor("second", {shy});
  auto all = make();
  all->start();
  all->wait();
  const auto results = all->supervisors();
  BOOST_CHECK(results[0].outcome == kind::failed);
  BOOST_CHECK(results[1].outcome == kind::cancelled);
}

BOOST_AUTO_TEST_CASE(cancelled_before_the_start_nothing_is_started) {
  supervisor("one", {resident("a")});
  auto all = make();
  all->cancel();
  all->start();
  all->wait();
  BOOST_CHECK(all->supervisors()[0].outcome == kind::cancelled);
  BOOST_TEST(happened.all().empty());
}

BOOST_AUTO_TEST_CASE(without_tasks_it_ends_with_the_last_supervisor) {
  auto& one = supervisor("one", {child("a",
                                       [this](task_context& self,
                                              run_services&) {
                                         return visit(self, happened, "a");
                                       }),
                                 resident("b")});
  one.options.auto_shutdown = axiom::auto_shutdown::any_significant;
  one.children[0].how.restart = axiom::restart_kind::transient;
  one.children[0].how.significant = true;
  auto all = make();
  all->start();
  all->wait();
  BOOST_CHECK(all->supervisors()[0].outcome == kind::completed);
  BOOST_TEST(!all->cancelling());
}

BOOST_AUTO_TEST_CASE(dropping_it_ends_what_supervisors_run) {
  supervisor_spec low;
  low.options.name = "low";
  low.children = {resident("b")};
  auto killed = nested(std::move(low));
  killed.how.shutdown = axiom::shutdown_kill; // not waited for by "top"
  supervisor("top", {resident("a"), killed});
  auto all = make();
  all->start();
  happened.wait_for("+a");
  happened.wait_for("+b");
  all.reset();
  auto now = happened.all();
  std::sort(now.begin(), now.end());
  BOOST_TEST(now == (lines{"+a", "+b", "-a", "-b"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(children_share_what_tasks_share) {
  // A permit a child, of which there is one.
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  std::atomic<int> runs{0};
  auto body = [&](task_context& self, run_services&) -> async<void> {
    most = std::max(most.load(), ++now);
    for (int j = 0; j < 20; ++j)
      co_await self.yield();
    --now;
    if (++runs == 4)
      happened.add("all have run");
  };
  value.limiters.push_back({.name = "one", .max_concurrency = 1});
  value.resources.custom.emplace_back("licence", 1);
  std::vector<supervised_spec> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(child("c" + std::to_string(i), body));
    children.back().how.restart = axiom::restart_kind::temporary;
    auto& spec = std::get<task_spec>(children.back().what);
    if (i < 2)
      spec.limiter = "one";
    spec.resources.add(axiom::custom("licence", 1));
  }
  supervisor("one", std::move(children));
  auto all = make();
  all->start();
  happened.wait_for("all have run");
  all->cancel();
  all->wait();
  BOOST_TEST(most == 1);
}

BOOST_AUTO_TEST_CASE(instances_are_started_and_count_their_starts_together) {
  auto& many = supervisor("many", {broken("a", 2)});
  many.options.strategy = axiom::supervision_strategy::simple_one_for_one;
  many.options.instances = 2;
  auto all = make();
  all->start();
  happened.wait_for("+a3");
  happened.wait_for("+a4");
  const auto now = all->supervision();
  BOOST_TEST(now->children == 2u);
  all->cancel();
  all->wait();
  BOOST_TEST(all->supervisors()[0].stats.starts == 4u);
}

BOOST_AUTO_TEST_CASE(actors_of_the_application_may_be_children) {
  load("version: 1\n"
       "supervisors:\n"
       "  - name: one\n"
       "    children: [{ name: e, type: echo, with: { arguments: [hi] } }]\n");
  auto all = make();
  all->start();
  echo::heard().wait_for("echo hi");
  all->cancel();
  all->wait();
  BOOST_CHECK(all->supervisors()[0].outcome == kind::cancelled);
}

BOOST_AUTO_TEST_CASE(an_actor_that_cannot_be_made_is_said_so) {
  load("version: 1\n"
       "supervisors: [{ name: one, children: [echo] }]\n");
  auto all = make();
  all->start();
  all->wait();
  const auto tree = tree_of(all->supervisors()[0]);
  BOOST_TEST(tree.find("an actor of type 'echo' cannot be made with 0 "
                       "std::string")
               != std::string::npos,
             tree);
}

// -- drills -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_drill_fails_on_the_starts_it_is_told_to) {
  load("version: 1\n"
       "supervisors:\n"
       "  - name: one\n"
       "    max_restarts: 1\n"
       "    children:\n"
       "      - name: d\n"
       "        type: drill\n"
       "        with: { lifetime: 0s, fail_every: 2, fail_text: oh no }\n");
  auto all = make();
  all->start();
  all->wait();
  // Each end is followed by a restart, since it is permanent: #1 ended well.
  const auto tree = tree_of(all->supervisors()[0]);
  BOOST_TEST(tree.find("d #2: unhandled_exception: std::runtime_error: "
                       "oh no") != std::string::npos,
             tree);
  BOOST_TEST(tree.find("d #1") == std::string::npos, tree);
}

BOOST_AUTO_TEST_CASE(a_drill_is_a_task_like_any_other) {
  load("version: 1\n"
       "tasks:\n"
       "  - name: well\n"
       "    type: drill\n"
       "    with: { lifetime: 3ms, interval: 1ms }\n"
       "  - { name: bad, type: drill, with: { fail_every: 1 } }\n"
       "  - { name: fine, type: drill, "
       "with: { fail_every: 2, lifetime: 0s, start_after: 1ms } }\n");
  auto all = make();
  all->start();
  const auto results = all->wait();
  BOOST_CHECK(results[0].outcome == task_kind::completed);
  BOOST_TEST(results[0].progress.done == 3u);
  BOOST_CHECK(results[1].outcome == task_kind::failed);
  BOOST_TEST(results[1].error->what().find("failed on purpose")
             != std::string::npos);
  BOOST_CHECK(results[2].outcome == task_kind::completed);
}

BOOST_AUTO_TEST_SUITE_END()
