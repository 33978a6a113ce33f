// Many actors behind one handle: pools and groups; and the printer, which all
// actors of a system share.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>

#include <unistd.h>

#include <caf/actor_ostream.hpp>
#include <caf/actor_pool.hpp>
#include <caf/group.hpp>
#include <caf/group_manager.hpp>
#include <caf/scoped_execution_unit.hpp>

#include "conformance/fixture.hpp"

using namespace conformance;
using boost::test_tools::per_element;

namespace {

/// Notes which of many actors got a number, and which number.
using receipts = journal<std::pair<std::size_t, int>>;

caf::behavior worker(caf::event_based_actor* self, receipts* seen,
                     std::size_t index) {
  return {
    [seen, index](int x) {
      seen->add({index, x});
    },
    [self](caf::ok_atom) { self->quit(); },
  };
}

std::vector<caf::actor> spawn_workers(caf::actor_system& sys, receipts& seen,
                                      std::size_t n) {
  std::vector<caf::actor> result;
  for (std::size_t i = 0; i < n; ++i)
    result.push_back(sys.spawn(worker, &seen, i));
  return result;
}

caf::actor make_pool(caf::actor_system& sys, caf::actor_pool::policy dispatch,
                     const std::vector<caf::actor>& workers) {
  caf::scoped_execution_unit context{&sys};
  auto next = workers.begin();
  return caf::actor_pool::make(
    &context, workers.size(), [&] { return *next++; }, std::move(dispatch));
}

/// How many numbers each worker got.
std::map<std::size_t, int> counts(
  const std::vector<std::pair<std::size_t, int>>& all) {
  std::map<std::size_t, int> result;
  for (auto& receipt : all)
    ++result[receipt.first];
  return result;
}

/// Ends `pool`, and so its workers, which nobody else refers to. (Workers that
/// end at once, as when the pool ends with them in it, race with each other in
/// CAF.)
void end(const caf::actor& pool) {
  caf::anon_send(pool, caf::sys_atom_v, caf::delete_atom_v);
  caf::anon_send_exit(pool, caf::exit_reason::user_shutdown);
}

} // namespace

BOOST_AUTO_TEST_SUITE(pools_and_groups)

// -- pools --------------------------------------------------------------------

BOOST_DATA_TEST_CASE(a_round_robin_pool_gives_each_worker_its_turn, everywhere,
                     where) {
  receipts seen;
  fixture fix{where};
  auto pool = make_pool(fix.system(), caf::actor_pool::round_robin(),
                        spawn_workers(fix.system(), seen, 3));
  for (int i = 0; i < 300; ++i)
    caf::anon_send(pool, i);
  for (auto [index, x] : seen.await(300))
    BOOST_TEST(index == static_cast<std::size_t>(x % 3));
  end(pool);
}

BOOST_DATA_TEST_CASE(a_broadcast_pool_gives_each_worker_everything, everywhere,
                     where) {
  receipts seen;
  fixture fix{where};
  auto pool = make_pool(fix.system(), caf::actor_pool::broadcast(),
                        spawn_workers(fix.system(), seen, 3));
  for (int i = 0; i < 100; ++i)
    caf::anon_send(pool, i);
  std::map<std::size_t, std::vector<int>> got;
  for (auto [index, x] : seen.await(300))
    got[index].push_back(x);
  for (std::size_t i = 0; i < 3; ++i)
    BOOST_TEST(got[i] == in_order(100), per_element());
  end(pool);
}

BOOST_DATA_TEST_CASE(a_random_pool_gives_everything_to_some_worker, everywhere,
                     where) {
  receipts seen;
  fixture fix{where};
  auto pool = make_pool(fix.system(), caf::actor_pool::random(),
                        spawn_workers(fix.system(), seen, 3));
  for (int i = 0; i < 100; ++i)
    caf::anon_send(pool, i);
  std::vector<int> got;
  for (auto [index, x] : seen.await(100))
    got.push_back(x);
  std::sort(got.begin(), got.end());
  BOOST_TEST(got == in_order(100), per_element());
  end(pool);
}

BOOST_DATA_TEST_CASE(workers_join_and_leave_a_pool, everywhere, where) {
  receipts seen;
  fixture fix{where};
  auto all = spawn_workers(fix.system(), seen, 3);
  auto pool =
    make_pool(fix.system(), caf::actor_pool::round_robin(), {all[0], all[1]});
  caf::anon_send(pool, caf::sys_atom_v, caf::put_atom_v, all[2]);
  caf::anon_send(pool, caf::sys_atom_v, caf::delete_atom_v, all[0]);
  for (int i = 0; i < 10; ++i)
    caf::anon_send(pool, i);
  BOOST_CHECK(counts(seen.await(10))
              == (std::map<std::size_t, int>{{1, 5}, {2, 5}}));
  end(pool);
}

BOOST_DATA_TEST_CASE(a_worker_that_ends_leaves_its_pool, everywhere, where) {
  receipts seen;
  std::promise<void> left;
  fixture fix{where};
  auto all = spawn_workers(fix.system(), seen, 2);
  // What is attached before the pool's own monitor is told after it.
  all[0]->attach_functor([&](const caf::error&) { left.set_value(); });
  auto pool = make_pool(fix.system(), caf::actor_pool::round_robin(), all);
  caf::anon_send(all[0], caf::ok_atom_v);
  left.get_future().wait();
  for (int i = 0; i < 10; ++i)
    caf::anon_send(pool, i);
  BOOST_CHECK(counts(seen.await(10)) == (std::map<std::size_t, int>{{1, 10}}));
  end(pool);
}

BOOST_DATA_TEST_CASE(a_pool_ends_with_its_last_worker, everywhere, where) {
  receipts seen;
  std::promise<caf::error> ended;
  fixture fix{where};
  auto all = spawn_workers(fix.system(), seen, 2);
  auto pool = make_pool(fix.system(), caf::actor_pool::round_robin(), all);
  pool->attach_functor([&](const caf::error& why) { ended.set_value(why); });
  for (auto& x : all)
    caf::anon_send(x, caf::ok_atom_v);
  BOOST_CHECK(ended.get_future().get() == caf::exit_reason::out_of_workers);
}

BOOST_DATA_TEST_CASE(a_worker_ends_with_its_pool, everywhere, where) {
  receipts seen;
  std::promise<caf::error> ended;
  fixture fix{where};
  auto all = spawn_workers(fix.system(), seen, 1);
  all[0]->attach_functor([&](const caf::error& why) { ended.set_value(why); });
  auto pool = make_pool(fix.system(), caf::actor_pool::round_robin(), all);
  caf::anon_send_exit(pool, caf::exit_reason::user_shutdown);
  BOOST_CHECK(ended.get_future().get() == caf::exit_reason::user_shutdown);
}

BOOST_DATA_TEST_CASE(requests_through_a_pool_are_answered, everywhere, where) {
  fixture fix{where};
  auto square = [](caf::event_based_actor*) -> caf::behavior {
    return {[](int x) { return x * x; }};
  };
  auto pool =
    make_pool(fix.system(), caf::actor_pool::round_robin(),
              {fix.system().spawn(square), fix.system().spawn(square)});
  for (int i = 0; i < 20; ++i)
    BOOST_TEST(*ask<int>(fix.system(), pool, i) == i * i);
  end(pool);
}

// -- groups -------------------------------------------------------------------

BOOST_DATA_TEST_CASE(a_group_reaches_those_who_joined, everywhere, where) {
  receipts seen;
  fixture fix{where};
  auto group = fix.system().groups().get_local("numbers");
  auto member = [&](caf::event_based_actor* self,
                    std::size_t index) -> caf::behavior {
    self->join(group);
    return {
      [&, index](int x) {
        seen.add({index, x});
      },
      [&, self](caf::leave_atom) {
        self->leave(group);
        return caf::ok_atom_v;
      },
      [](caf::join_atom) { return caf::ok_atom_v; },
    };
  };
  std::vector<caf::actor> all;
  for (std::size_t i = 0; i < 3; ++i) {
    all.push_back(fix.system().spawn(member, i));
    BOOST_CHECK(ask<caf::ok_atom>(fix.system(), all[i], caf::join_atom_v));
  }
  caf::anon_send(group, 1);
  BOOST_CHECK(counts(seen.await(3))
              == (std::map<std::size_t, int>{{0, 1}, {1, 1}, {2, 1}}));
  BOOST_CHECK(ask<caf::ok_atom>(fix.system(), all[0], caf::leave_atom_v));
  caf::anon_send(group, 2);
  BOOST_CHECK(counts(seen.await(5))
              == (std::map<std::size_t, int>{{0, 1}, {1, 2}, {2, 2}}));
  for (auto& x : all)
    caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
}

// -- printing -----------------------------------------------------------------

BOOST_DATA_TEST_CASE(what_actors_print_comes_out_whole_and_in_their_order,
                     everywhere, where) {
  constexpr int actors = 10;
  constexpr int lines = 100;
  auto file = std::filesystem::temp_directory_path()
            / ("axiom-aout-" + std::to_string(::getpid()));
  fixture fix{where};
  caf::actor_ostream::redirect_all(fix.system(), file.string());
  for (int i = 0; i < actors; ++i)
    fix.system().spawn([i](caf::event_based_actor* self) {
      for (int line = 0; line < lines; ++line)
        caf::aout(self) << i << " " << line << std::endl;
    });
  fix.end();
  std::map<int, std::vector<int>> printed;
  std::ifstream in{file};
  for (int i, line; in >> i >> line;)
    printed[i].push_back(line);
  for (int i = 0; i < actors; ++i)
    BOOST_TEST(printed[i] == in_order(lines), per_element());
  std::filesystem::remove(file);
}

BOOST_AUTO_TEST_SUITE_END()
