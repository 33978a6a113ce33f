// Trees of tasks under cancellation. The interleavings looked for:
//
// - a parent creates a child before, between and after the two halves of the
//   walk that cancels it (admission closed, flag set): the child is found by
//   the walk or born cancelled, and the parent ends after it in either case;
// - a task ends before the walk reaches it, while the walk stands on it (then
//   the walk takes it out of the list), or after it was signalled;
// - two walks, one below the other or both from the top, stand on one child;
// - the last handle goes while the task is queued, runs, or ends;
// - one after the other of 10,000 tasks is the target of some walk while the
//   tree is still being built.

#include <mutex>

#include "support.hpp"

using namespace stress;

BOOST_AUTO_TEST_SUITE(stress_trees)

BOOST_AUTO_TEST_CASE(children_created_while_their_parent_is_cancelled) {
  under_each_scheduler(virtual_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      std::atomic<int> alive{0};
      std::atomic<int> late_and_run{0};
      std::vector<axiom::task<void>> children;
      auto stream = r.stream();
      auto parent =
        fix.coordinator().create_child_task("parent", [&](task_context& self) {
          chooser choose{stream + 99};
          for (int extra = 3; extra > 0 && children.size() < 300;) {
            auto late = self.cancelled();
            extra -= late ? 1 : 0;
            children.push_back(self.create_child_task(
              "child",
              [&alive, &late_and_run, late](task_context& self) -> async<void> {
                held here{alive};
                late_and_run += late ? 1 : 0;
                co_await self.sleep_for(24h);
              }));
            choose.dither();
          }
        });
      race(2, stream, [&](auto, auto& choose) {
        for (auto n = choose.below(20); n > 0; --n)
          choose.dither();
        parent.cancel();
      });
      parent.wait();
      BOOST_TEST(alive == 0);
      BOOST_TEST(late_and_run == 0);
      for (auto& child : children) {
        BOOST_TEST(child.done());
        BOOST_TEST(child.cancelled());
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(tasks_that_end_while_they_are_cancelled) {
  under_each_scheduler(virtual_time, [](auto& fix) {
    auto before = fix.coordinator().stats();
    std::uint64_t ran = 0;
    std::uint64_t parents = 0;
    for (rounds r{400}; r.next();) {
      constexpr std::size_t width = 64;
      std::atomic<std::uint64_t> bodies{0};
      auto stream = r.stream();
      auto group = fix.coordinator().create_child_task(
        "parent", [&](task_context& self) -> async<void> {
          std::vector<axiom::task<int>> children;
          for (std::size_t i = 0; i < width; ++i)
            children.push_back(self.create_child_task("child", [&bodies] {
              ++bodies;
              return 1;
            }));
          co_await self.hierarchy().await_children();
        });
      race(2, stream, [&](auto i, auto& choose) {
        choose.dither();
        if (i == 0)
          group.cancel();
        else
          group.hierarchy().propagate_cancellation();
      });
      group.wait();
      ran += bodies;
      ++parents;
    }
    spin_until([&] { return fix.coordinator().stats().roots == 0; });
    auto after = fix.coordinator().stats();
    // A callable that ran has a value, cancelled or not; its parent may have
    // one.
    auto completed = after.completed - before.completed;
    BOOST_TEST(completed >= ran);
    BOOST_TEST(completed <= ran + parents);
    BOOST_TEST(after.failed == before.failed);
    BOOST_TEST(after.created - before.created
               == completed + after.cancelled - before.cancelled);
  });
}

namespace {

/// Suspends below a tree of `depth` levels, each `width` wide. Notes references
/// of all.
async<void> grow(task_context& self, std::size_t depth, std::size_t width,
                 std::atomic<std::size_t>& grown,
                 std::vector<axiom::task_reference>& all) {
  static std::mutex mutex;
  {
    std::lock_guard guard{mutex};
    all[grown] = self.reference();
    ++grown;
  }
  if (depth > 0)
    for (std::size_t i = 0; i < width; ++i)
      self.create_child_task("node", [=, &grown, &all](task_context& self) {
        return grow(self, depth - 1, width, grown, all);
      });
  co_await self.sleep_for(24h);
}

} // namespace

BOOST_AUTO_TEST_CASE(cancellers_of_overlapping_trees_signal_each_task_once) {
  under_each_scheduler(virtual_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      constexpr std::size_t size = 1 + 4 + 16 + 64;
      std::atomic<std::size_t> grown{0};
      std::vector<axiom::task_reference> all(size);
      auto root =
        fix.coordinator().create_child_task("node", [&](task_context& self) {
          return grow(self, 3, 4, grown, all);
        });
      spin_until([&] { return grown == size; });
      std::atomic<std::uint64_t> signalled{0};
      race(3, r.stream(), [&](auto i, auto& choose) {
        std::vector<axiom::cancellation> requests;
        for (int n = 0; n < 8; ++n)
          try {
            auto& target = i == 0 && n == 4 ? all[0] : choose.pick(all);
            requests.push_back(fix.coordinator().cancel_task_tree(target));
          } catch (const axiom::exception&) {
            // it has ended, memory and all
          }
        for (auto& x : requests)
          signalled += x.get().requested;
      });
      root.wait();
      BOOST_TEST(signalled == size);
    }
  });
}

BOOST_AUTO_TEST_CASE(handles_dropped_while_their_task_runs) {
  std::atomic<int> alive{0};
  under_each_scheduler(virtual_time, [&alive](auto& fix) {
    for (rounds r{400}; r.next();) {
      race(3, r.stream(), [&](auto, auto& choose) {
        for (int n = 0; n < 40; ++n) {
          auto yields = choose.below(3);
          auto t = fix.coordinator().create_child_task(
            "task",
            [&alive, yields,
             token = held{alive}](task_context& self) -> async<held> {
              held local{alive};
              for (auto i = yields; i > 0; --i)
                co_await self.yield();
              co_return held{alive};
            });
          choose.dither();
          if (choose.one_in(3))
            t.cancel();
          if (choose.one_in(3))
            t.wait();
        }
      });
    }
  });
  BOOST_TEST(alive == 0);
}

namespace {

/// Builds a random tree, each node from the share of tasks that is left to it.
async<void> build(task_context& self, std::size_t share, std::uint64_t stream,
                  std::atomic<int>& alive, std::atomic<std::size_t>& made,
                  std::vector<std::atomic<axiom::task<void>*>>& handles) {
  held here{alive};
  chooser choose{stream};
  for (--share; share > 0;) {
    auto part = 1 + choose.below(share);
    share -= part;
    auto number = made.fetch_add(1);
    auto child = self.create_child_task(
      "node", [=, &alive, &made, &handles](task_context& self) {
        return build(self, part, stream * 31 + number, alive, made, handles);
      });
    handles[number].store(new axiom::task<void>{std::move(child)});
    if (choose.one_in(50))
      co_await self.yield();
  }
  if (!choose.one_in(4))
    co_await self.sleep_for(24h);
}

} // namespace

BOOST_AUTO_TEST_CASE(ten_thousand_tasks_cancelled_from_everywhere) {
  under_each_scheduler(virtual_time, [](auto& fix) {
    constexpr std::size_t size = sanitized ? 2'000 : 10'000;
    for (rounds r{5, 1500ms}; r.next();) {
      std::atomic<int> alive{0};
      std::atomic<std::size_t> made{1};
      std::vector<std::atomic<axiom::task<void>*>> handles(size);
      auto stream = r.stream();
      auto root = fix.coordinator().create_child_task(
        "root", [&, stream](task_context& self) {
          return build(self, size, stream, alive, made, handles);
        });
      race(3, stream, [&](auto, auto& choose) {
        for (int n = 0; n < 100; ++n) {
          if (auto* t = handles[choose.below(size)].load())
            t->cancel();
          choose.dither();
        }
      });
      root.cancel();
      root.wait();
      BOOST_TEST(alive == 0);
      std::size_t ended = 0;
      for (auto& x : handles)
        if (auto* t = x.load()) {
          ended += t->done() ? 1 : 0;
          delete t;
        }
      BOOST_TEST(ended + 1 == made);
      fix.events().clear(); // each keeps its task's memory
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
