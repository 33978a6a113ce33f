// What is promised about errors, a case each: how they are CAF's, what becomes
// of exceptions, how a cancellation differs from a failure, what several errors
// at once tell.

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/deep_to_string.hpp>
#include <caf/scoped_actor.hpp>

#include "support/json.hpp"
#include "support/tasks.hpp"

using namespace test;
using axiom::cancel_reason;
using axiom::concurrent_errors;

namespace {

struct engine_trouble : std::runtime_error {
  using runtime_error::runtime_error;
  int cylinder = 3;
};

async<int> trouble(task_context&) {
  throw engine_trouble{"no spark"};
  co_return 0;
}

struct errors : stepwise {
  /// What another node would have of it.
  caf::error carried_over(const caf::error& err) {
    caf::binary_serializer::container_type buffer;
    caf::binary_serializer sink{system(), buffer};
    BOOST_REQUIRE(!sink(const_cast<caf::error&>(err)));
    caf::error result;
    caf::binary_deserializer source{system(), buffer};
    BOOST_REQUIRE(!source(result));
    return result;
  }

  /// The reason that an actor which monitors a task is told.
  template <class F>
  caf::error reason_of(F op) {
    auto log = std::make_shared<watch_log>();
    auto watcher = spawn_watcher(system(), log);
    auto t = start("watched", op);
    caf::anon_send(watcher, caf::monitor_atom_v,
                   caf::actor_cast<caf::actor>(t.actor()));
    run();
    BOOST_REQUIRE(log->downs.size() == 1u);
    stop(watcher);
    return log->downs[0].reason;
  }
};

/// A tree of three groups, one in the other, with errors on each level.
async<void> groups_in_groups(task_context& self) {
  auto innermost =
    [](axiom::coordinated_task_group<int>& group) -> async<void> {
    co_await group.add_task("leaf", trouble);
    co_await group.add_task("other", failing);
    co_await group.wait_for_all();
  };
  auto inner =
    [innermost](axiom::coordinated_task_group<void>& group) -> async<void> {
    auto deeper = [innermost](task_context& me) -> async<void> {
      co_await axiom::with_task_group<int>(
        me,
        {.name = "innermost", .failure_mode = axiom::failure_mode::collect_all},
        axiom::named(innermost));
    };
    co_await group.add_task("branch", axiom::named(deeper));
    co_await group.wait_for_all();
  };
  auto outer =
    [inner](axiom::coordinated_task_group<void>& group) -> async<void> {
    auto deeper = [inner](task_context& me) -> async<void> {
      co_await axiom::with_task_group<void>(
        me, {.name = "inner", .failure_mode = axiom::failure_mode::collect_all},
        axiom::named(inner));
    };
    co_await group.add_task("trunk", axiom::named(deeper));
    co_await group.wait_for_all();
  };
  co_await axiom::with_task_group<void>(
    self, {.name = "outer", .failure_mode = axiom::failure_mode::collect_all},
    axiom::named(outer));
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(errors_are_promised_to, errors)

// -- CAF's errors -------------------------------------------------------------

BOOST_AUTO_TEST_CASE(be_rendered_as_text_by_any_system_with_the_category) {
  const auto err = axiom::make_error(errc::circuit_open, "db is down");
  BOOST_TEST(system().render(err) == "circuit_open: db is down");
  BOOST_TEST(system().render(errc::circuit_open) == "circuit_open");
  const auto& renderers = system().config().error_renderers;
  BOOST_REQUIRE(renderers.count(axiom::errc_category) == 1u);
  // CAF's functions without a system consult no category: they show which it
  // is, the number, and the text for people.
  for (auto& text : {caf::deep_to_string(err), to_string(err),
                     caf::actor_system_config::render(err)}) {
    BOOST_TEST(text.find("'axiom'") != std::string::npos, text);
    BOOST_TEST(text.find("db is down") != std::string::npos, text);
  }
  BOOST_TEST(axiom::describe(err) == "circuit_open: db is down");
}

BOOST_AUTO_TEST_CASE(come_from_and_become_errors_of_caf) {
  const caf::error ours = errc::queue_full;
  BOOST_CHECK(axiom::code_of(ours) == errc::queue_full);
  // Every code, there and back, through a failure and an exception too.
  for (std::uint8_t i = 1; !sentence_of(static_cast<errc>(i)).empty(); ++i) {
    const auto code = static_cast<errc>(i);
    const caf::error err = code;
    BOOST_CHECK(axiom::code_of(err) == code);
    BOOST_CHECK(axiom::failure{err}.is(code));
    BOOST_CHECK(axiom::exception{err}.is(code));
    BOOST_CHECK(carried_over(err) == err);
  }
  // Those of others stay what they are.
  const auto other = caf::make_error(caf::sec::request_timeout);
  BOOST_CHECK(axiom::failure{other}.error() == caf::sec::request_timeout);
  BOOST_CHECK(axiom::code_of(other) == std::nullopt);
}

// -- exceptions ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(keep_the_type_of_an_exception_in_the_process) {
  auto t = start("t", trouble);
  run();
  try {
    t.get();
    BOOST_FAIL("it has a value");
  } catch (const engine_trouble& ex) {
    BOOST_TEST(ex.cylinder == 3);
  }
  // Below a parent as well.
  auto parent = start("p", [](task_context& self) -> async<int> {
    co_return co_await self.create_child_task("child", trouble);
  });
  run();
  BOOST_CHECK_THROW(parent.get(), engine_trouble);
}

BOOST_AUTO_TEST_CASE(name_type_and_text_of_an_exception_on_other_nodes) {
  const auto there = carried_over(reason_of(trouble));
  BOOST_TEST(axiom::is(there, errc::unhandled_exception));
  const auto text = axiom::describe(there);
  BOOST_TEST(text.find("engine_trouble: no spark") != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(name_the_first_of_several_on_other_nodes) {
  const auto there = carried_over(reason_of(groups_in_groups));
  BOOST_TEST(axiom::is(there, errc::concurrent_errors));
  const auto text = axiom::describe(there);
  BOOST_TEST(text.find("trunk/branch/leaf") != std::string::npos, text);
  BOOST_TEST(text.find("engine_trouble: no spark") != std::string::npos, text);
  BOOST_TEST(text.find("and 1 more") != std::string::npos, text);
}

// -- cancellations ------------------------------------------------------------

BOOST_AUTO_TEST_CASE(tell_who_cancelled_why_and_by_which_path) {
  std::string path;
  std::string outside;
  axiom::cancel_cause_ptr cause;
  auto leaf = [&](task_context& self) -> async<void> {
    outside = cancellation_path(self);
    auto handler = self.on_cancel([&] {
      path = cancellation_path(self);
      cause = self.cause();
    });
    co_await forever(self);
  };
  auto middle = [leaf](task_context& self) -> async<void> {
    co_await self.create_child_task("leaf", leaf);
  };
  auto top = [middle](task_context& self) -> async<void> {
    co_await self.create_child_task("middle", middle);
  };
  auto root = start("root", [top](task_context& self) -> async<void> {
    co_await self.create_child_task("top", top);
  });
  run();
  BOOST_TEST(outside == "");
  root.cancel();
  run();
  BOOST_REQUIRE(cause);
  BOOST_CHECK(cause->reason == cancel_reason::user);
  BOOST_TEST(cause->target_name == "root");
  BOOST_CHECK(cause->target == root.reference().id);
  BOOST_TEST(path == "root/top/middle/leaf");
}

BOOST_AUTO_TEST_CASE(shorten_a_path_that_is_very_long) {
  std::string path;
  struct link {
    int left;
    std::string* path;

    async<void> operator()(task_context& self) const {
      if (left > 0) {
        auto name = std::to_string(left - 1);
        co_await self.create_child_task(name, link{left - 1, path});
      }
      auto handler =
        self.on_cancel([this, &self] { *path = cancellation_path(self); });
      co_await forever(self);
    }
  };
  auto root = start("root", link{100, &path});
  run();
  root.cancel();
  run();
  BOOST_TEST(path == "root/99/98/97/96/95/94/93/.../7/6/5/4/3/2/1/0");
}

BOOST_AUTO_TEST_CASE(chain_what_a_cancellation_came_from) {
  // A child fails, so its sibling is cancelled: that says after what.
  axiom::cancel_cause_ptr cause;
  auto body = [&](axiom::coordinated_task_group<int>& group) -> async<void> {
    auto sibling = [&](task_context& self) -> async<int> {
      auto handler = self.on_cancel([&] { cause = self.cause(); });
      co_await forever(self);
      co_return 0;
    };
    co_await group.add_task("sibling", axiom::named(sibling));
    co_await group.add_task("culprit", trouble);
    co_await group.wait_for_all();
  };
  auto t = start("t", [body](task_context& self) -> async<void> {
    co_await axiom::with_task_group<int>(self, {.name = "g"},
                                         axiom::named(body));
  });
  run();
  BOOST_REQUIRE(cause);
  BOOST_CHECK(cause->reason == cancel_reason::sibling_failed);
  BOOST_TEST(axiom::is(cause->error, errc::unhandled_exception));
  BOOST_TEST(to_string(*cause).find("no spark") != std::string::npos);
  // And it is no failure of the sibling's.
  try {
    t.get();
    BOOST_FAIL("it has a value");
  } catch (const concurrent_errors& ex) {
    BOOST_TEST(ex.total() == 1u);
    BOOST_TEST(ex.first().task.name == "culprit");
  }
}

BOOST_AUTO_TEST_CASE(tell_a_cancellation_from_a_failure_everywhere) {
  auto cancelled = start("c", forever);
  auto failed = start("f", failing);
  run();
  cancelled.cancel();
  run();
  // By the handle.
  BOOST_CHECK_THROW(cancelled.get(), axiom::cancelled_error);
  BOOST_CHECK_THROW(failed.get(), axiom::exception);
  BOOST_TEST(cancelled.get_expected().error().is(errc::cancelled));
  BOOST_TEST(!failed.get_expected().error().is(errc::cancelled));
  // To observers, and in the counters.
  BOOST_CHECK(events().phases_of("c").back() == task_phase::cancelled);
  BOOST_CHECK(events().phases_of("f").back() == task_phase::failed);
  const auto counts = axiom::runtime::snapshot_metrics(system());
  BOOST_TEST(counts.cancelled == 1u);
  BOOST_TEST(counts.failed == 1u);
  BOOST_TEST(counts.errors.at(static_cast<std::size_t>(errc::cancelled)) == 0u);
  // To actors, here and elsewhere: with the whole chain as text.
  const auto reason = carried_over(make_cancelled_error(*[&] {
    try {
      cancelled.get();
    } catch (const axiom::cancelled_error& ex) {
      return axiom::cancel_cause_ptr{&ex.cause()};
    }
    return axiom::cancel_cause_ptr{};
  }()));
  BOOST_TEST(axiom::is(reason, errc::cancelled));
  BOOST_TEST(axiom::describe(reason).find("user of 'c'") != std::string::npos);
  // To those who decide what may pass.
  BOOST_TEST(!is_transient(cancelled.get_expected().error()));
}

// -- several errors -----------------------------------------------------------

BOOST_AUTO_TEST_CASE(keep_whose_when_and_where_in_groups_of_groups) {
  auto t = start("t", groups_in_groups);
  const auto& info = axiom::runtime::host::of(system()).info();
  const auto begin = info.wall_time(now());
  run();
  try {
    t.get();
    BOOST_FAIL("it has a value");
  } catch (const concurrent_errors& ex) {
    BOOST_TEST(ex.total() == 2u);
    BOOST_TEST(ex.matches(errc::invalid_argument));
    BOOST_TEST(ex.matches(errc::unhandled_exception));
    BOOST_TEST(!ex.matches(errc::cancelled));
    BOOST_TEST(ex.first().task.name == "trunk");
    BOOST_REQUIRE(ex.first().nested() != nullptr);
    const auto flat = ex.flat();
    BOOST_REQUIRE(flat.size() == 2u);
    BOOST_TEST(flat[0].path == "trunk/branch/leaf");
    BOOST_TEST(flat[1].path == "trunk/branch/other");
    for (auto& x : flat) {
      BOOST_TEST(bool(x.error->task.id));
      BOOST_TEST(bool(x.error->task.parent));
      BOOST_CHECK(x.error->at >= begin);
      BOOST_TEST(x.depth == 2u);
    }
    BOOST_CHECK_THROW(flat[0].error->error.rethrow(), engine_trouble);
    BOOST_TEST(ex.root_causes().size() == 2u);
    const auto parts = ex.split([](const axiom::task_error& x) {
      return x.error.is(errc::invalid_argument);
    });
    BOOST_REQUIRE(parts.matching);
    BOOST_REQUIRE(parts.rest);
    BOOST_TEST(parts.matching->flat().at(0).path == "trunk/branch/other");
    BOOST_TEST(parts.rest->flat().at(0).path == "trunk/branch/leaf");
    const auto json = to_json(ex);
    for (auto* part : {"\"task\":\"leaf\"", "\"task\":\"branch\"", "no spark",
                       "\"total\":2", "\"omitted\":0"})
      BOOST_TEST(json.find(part) != std::string::npos, json);
  }
}

BOOST_AUTO_TEST_CASE(print_in_bounded_space) {
  std::vector<axiom::task_error> many;
  for (int i = 0; i < 10'000; ++i) {
    many.push_back(
      {{}, {errc::node_down, "call " + std::to_string(i)}, {}, {}});
    many.back().suppressed.push_back(
      {{}, {errc::queue_full, "beside"}, {}, {}});
  }
  const concurrent_errors all{std::move(many)};
  for (auto& text : {to_string(all), std::string{all.what()}}) {
    BOOST_TEST(text.size() < 10'000u);
    BOOST_TEST(text.find("... and 19900 more") != std::string::npos);
  }
  BOOST_TEST(to_json(all).find("\"omitted\":19000") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
