// Resource monitors as tasks and threads use them, all at once. The
// interleavings looked for:
//
// - leases are taken, queued for, granted, grown, drawn on, given back in part
//   and as a whole, by tasks and threads, while others do the same: never more
//   in use than there is, counted apart from the monitor, and nothing lost;
// - a waiting task is cancelled or killed, or its time is over, at the moment
// of
//   the grant; a holder is cancelled or killed;
// - capacities are lowered and raised in all of it;
// - a task is lent a priority for what it holds while it gives that back, ends,
//   or itself begins or ends to wait: none of it stays behind;
// - a search for a circle locks one monitor after the other, while timers fire
//   that want them.
//
// AXIOM_SOAK=n in the environment sets how many requests the soak makes.

#include <algorithm>
#include <iostream>

#include <caf/send.hpp>

#include "axiom/resource/resource_monitor.hpp"
#include "soak.hpp"
#include "support/watchdog.hpp"

using namespace stress;

using axiom::resource_lease;
using axiom::resource_monitor;
using axiom::resource_requirements;
using axiom::task_priority;

BOOST_AUTO_TEST_SUITE(stress_resources)

namespace {

// -- the soak -----------------------------------------------------------------

constexpr std::size_t kinds = 3;
constexpr std::array<std::uint64_t, kinds> there_is{24, 16, 8};
constexpr std::size_t users = 64;

using amounts = std::array<std::uint64_t, kinds>;

axiom::resource_requirement one_of(std::size_t kind, std::uint64_t n) {
  switch (kind) {
    case 0:
      return axiom::memory(n);
    case 1:
      return {axiom::resource_kind::cpu, {}, n};
    default:
      return axiom::custom("licence", n);
  }
}

resource_requirements in_words(const amounts& x) {
  resource_requirements result;
  for (std::size_t i = 0; i < kinds; ++i)
    if (x[i] > 0)
      result.add(one_of(i, x[i]));
  return result;
}

/// What is in use, counted by those who use it.
struct counted {
  std::array<std::atomic<std::uint64_t>, kinds> now{};
  std::array<std::atomic<std::uint64_t>, kinds> most{};

  void enter(const amounts& x) {
    for (std::size_t i = 0; i < kinds; ++i) {
      const auto n = now[i] += x[i];
      for (auto m = most[i].load();
           n > m && !most[i].compare_exchange_weak(m, n);) {
        // again
      }
    }
  }

  void leave(const amounts& x) {
    for (std::size_t i = 0; i < kinds; ++i)
      now[i] -= x[i];
  }
};

/// A lease with its count, which ends before it does.
class use {
public:
  use() = default;

  use(counted& where, resource_lease lease, const amounts& x)
    : where_(&where), lease_(std::move(lease)), amounts_(x) {
    where_->enter(amounts_);
  }

  use(use&& other) noexcept
    : where_(std::exchange(other.where_, nullptr)),
      lease_(std::move(other.lease_)),
      amounts_(other.amounts_) {
    // nop
  }

  use& operator=(use&&) = delete;

  ~use() {
    if (where_ != nullptr)
      where_->leave(amounts_);
  }

  resource_lease& lease() {
    return lease_;
  }

  const amounts& held() const {
    return amounts_;
  }

  void release(const amounts& part) {
    where_->leave(part);
    for (std::size_t i = 0; i < kinds; ++i)
      amounts_[i] -= part[i];
    lease_.release(in_words(part));
  }

  void absorb(use other) {
    // Counted for this one from here on.
    other.where_ = nullptr;
    for (std::size_t i = 0; i < kinds; ++i)
      amounts_[i] += other.amounts_[i];
    lease_.absorb(std::move(other.lease_));
  }

private:
  counted* where_ = nullptr;
  resource_lease lease_;
  amounts amounts_{};
};

/// What all users share.
struct soak {
  soak(caf::actor_system& sys, std::uint64_t n)
    : left(static_cast<std::int64_t>(n)),
      monitor(resource_monitor::spawn(
        sys,
        {.name = "host", .capacities = in_words(there_is), .ageing = 1ms})) {
    // nop
  }

  bool go_on() {
    return left.fetch_sub(1, std::memory_order_relaxed) > 0;
  }

  /// At least one, and no more than a quarter of anything: a resource may be
  /// down to half of what there is.
  static amounts some(chooser& choose) {
    amounts result{};
    result[choose.below(kinds)] = 1;
    for (std::size_t i = 0; i < kinds; ++i)
      result[i] += choose.below(2) * choose.below(there_is[i] / 4);
    return result;
  }

  /// A part of that, of one resource; nothing if there is nothing.
  static amounts part_of(const amounts& x, chooser& choose) {
    amounts result{};
    const auto i = choose.below(kinds);
    result[i] = x[i] > 0 ? 1 + choose.below(x[i]) : 0;
    return result;
  }

  std::atomic<std::int64_t> left;
  resource_monitor monitor;
  counted in_use;
  std::atomic<std::uint64_t> leases{0};
  std::atomic<std::uint64_t> deadlocks{0};
  std::atomic<std::uint64_t> timed_out{0};
  std::atomic<std::uint64_t> unexpected{0};
  std::atomic<std::uint64_t> interrupted{0}; ///< tasks

  void note(const axiom::failure& why) {
    if (why.is(errc::resource_deadlock))
      ++deadlocks;
    else if (why.is(errc::deadline_exceeded))
      ++timed_out;
    else if (!why.is(errc::cancelled))
      ++unexpected;
  }
};

bool is_empty(const amounts& x) {
  return std::all_of(x.begin(), x.end(), [](auto n) { return n == 0; });
}

/// A child that draws on its parent's lease.
async<void> draw(task_context& self, resource_lease& lease, amounts part) {
  auto mine = lease.share(in_words(part));
  co_await self.yield();
}

async<use> take(soak& s, chooser& choose) {
  const auto wanted = soak::some(choose);
  const auto priority = static_cast<task_priority>(choose.below(4));
  resource_lease lease;
  if (choose.one_in(3)) {
    lease = s.monitor.try_acquire(in_words(wanted));
  } else if (choose.one_in(3)) {
    auto wait = s.monitor.acquire_for(choose.microseconds(300),
                                      in_words(wanted), priority);
    auto got = co_await axiom::as_expected(wait);
    if (got)
      lease = std::move(*got);
    else
      s.note(got.error());
  } else {
    auto wait = s.monitor.acquire(in_words(wanted), priority);
    auto got = co_await axiom::as_expected(wait);
    if (got)
      lease = std::move(*got);
    else
      s.note(got.error());
  }
  if (!lease)
    co_return use{};
  ++s.leases;
  co_return use{s.in_use, std::move(lease), wanted};
}

async<void> use_resources(task_context& self, soak& s, std::uint64_t stream) {
  chooser choose{stream};
  while (s.go_on()) {
    self.check_cancelled();
    auto mine = co_await take(s, choose);
    if (!mine.lease())
      continue;
    if (choose.one_in(4)) {
      auto more = co_await take(s, choose);
      if (more.lease())
        mine.absorb(std::move(more));
    }
    for (auto n = choose.below(3); n > 0; --n)
      co_await self.yield();
    const auto part = soak::part_of(mine.held(), choose);
    if (choose.one_in(16) && !is_empty(part)) {
      auto& lease = mine.lease();
      auto child =
        self.create_child_task("child", [&lease, part](task_context& me) {
          return draw(me, lease, part);
        });
      co_await child;
    } else if (choose.one_in(4) && !is_empty(part)) {
      mine.release(part);
      co_await self.yield();
    }
  }
}

/// A thread among the tasks.
void use_from_thread(soak& s, std::uint64_t stream) {
  chooser choose{stream};
  while (s.go_on()) {
    const auto wanted = soak::some(choose);
    try {
      auto lease = choose.one_in(3) ? s.monitor.try_acquire(in_words(wanted))
                 : choose.one_in(2)
                   ? s.monitor.acquire_blocking_for(choose.microseconds(300),
                                                    in_words(wanted))
                   : s.monitor.acquire_blocking(in_words(wanted));
      if (!lease)
        continue;
      ++s.leases;
      use mine{s.in_use, std::move(lease), wanted};
      choose.dither();
    } catch (const axiom::exception& ex) {
      if (ex.is(errc::deadline_exceeded))
        ++s.timed_out;
      else
        ++s.unexpected;
    }
  }
}

/// Runs the users, cancels and kills some of them, starts others instead, and
/// changes what there is, until all requests are made.
void run_users(soak& s, const axiom::structured_task_coordinator& coordinator,
               std::uint64_t stream) {
  chooser choose{stream};
  auto start = [&] {
    return coordinator.create_child_task(
      "user", [&s, mine = stream + choose.below(1'000'000'000)](
                task_context& self) { return use_resources(self, s, mine); });
  };
  std::vector<axiom::task<void>> all;
  for (std::size_t i = 0; i < users; ++i)
    all.push_back(start());
  std::vector<std::jthread> threads;
  for (std::uint64_t i = 0; i < 2; ++i)
    threads.emplace_back([&s, i, stream] { use_from_thread(s, stream + i); });
  while (s.left > 0) {
    const auto kind = choose.below(kinds);
    const auto half = there_is[kind] / 2;
    s.monitor.set_capacity(one_of(kind, half + choose.below(half + 1)));
    auto& victim = choose.pick(all);
    if (choose.one_in(2))
      victim.cancel();
    else
      caf::anon_send_exit(victim.actor(), caf::exit_reason::kill);
    victim.wait();
    ++s.interrupted;
    victim = start();
    std::this_thread::sleep_for(choose.microseconds(500));
  }
  for (std::size_t i = 0; i < kinds; ++i)
    s.monitor.set_capacity(one_of(i, there_is[i]));
  for (auto& t : all)
    t.wait();
}

void check_the_books(soak& s) {
  BOOST_TEST(s.unexpected == 0u);
  const auto stats = s.monitor.stats();
  for (std::size_t i = 0; i < kinds; ++i) {
    BOOST_TEST(s.in_use.most[i] <= there_is[i]);
    BOOST_TEST(s.in_use.now[i] == 0u);
    BOOST_TEST(stats.resources.at(i).in_use == 0u);
    BOOST_TEST(stats.resources.at(i).waiting == 0u);
  }
  BOOST_TEST(stats.leases == 0u);
  BOOST_TEST(stats.waiting == 0u);
  // Those that are interrupted may not learn what became of their request; and
  // each makes two at a time at most.
  const auto unknown = 2 * s.interrupted;
  BOOST_TEST(stats.granted >= s.leases);
  BOOST_TEST(stats.granted <= s.leases + unknown);
  BOOST_TEST(stats.timed_out >= s.timed_out);
  BOOST_TEST(stats.timed_out <= s.timed_out + unknown);
  BOOST_TEST(stats.deadlocks >= s.deadlocks);
  BOOST_TEST(stats.deadlocks <= s.deadlocks + unknown);
  BOOST_TEST(stats.cancelled <= unknown);
  BOOST_TEST(stats.refused == 0u);
  BOOST_TEST(stats.waits.count == stats.granted);
  // Everybody can have everything.
  BOOST_TEST(static_cast<bool>(s.monitor.try_acquire(in_words(there_is))));
}

} // namespace

BOOST_AUTO_TEST_CASE(the_books_are_right_whatever_becomes_of_the_holders) {
  const auto n = operations(40'000);
  const test::watchdog bites_after{"the soak", patience(n)};
  const rounds r;
  plain_system env;
  {
    soak warm{env.system, n / 10};
    run_users(warm, env.coordinator, r.stream());
    check_the_books(warm);
  }
  soak s{env.system, n};
  const auto before = resident_bytes();
  const auto begin = std::chrono::steady_clock::now();
  run_users(s, env.coordinator, r.stream());
  const std::chrono::duration<double> took =
    std::chrono::steady_clock::now() - begin;
  const auto after = resident_bytes();
  check_the_books(s);
  const auto stats = s.monitor.stats();
  std::cout << n << " requests in " << took.count() << " s: " << stats.granted
            << " granted, " << stats.queued << " queued, " << stats.timed_out
            << " timed out, " << stats.deadlocks << " circles, "
            << s.interrupted << " tasks cut short; " << before / 1024
            << " KiB resident at the beginning, " << after / 1024
            << " KiB at the end" << std::endl;
  // Not a byte a request. (What a sanitizer keeps aside is its own.)
  if (!sanitized)
    BOOST_TEST(after <= before + (std::uint64_t{8} << 20));
}

// -- priorities ---------------------------------------------------------------

namespace {

async<void> hold_for_a_while(task_context& self, const resource_monitor& host,
                             chooser& choose) {
  const auto wanted = 1 + choose.below(3);
  const auto priority = static_cast<task_priority>(choose.below(4));
  auto wait = choose.one_in(3)
              ? host.acquire_for(choose.microseconds(200),
                                 axiom::custom("licence", wanted), priority)
              : host.acquire(axiom::custom("licence", wanted), priority);
  auto held = co_await axiom::as_expected(wait);
  if (!held)
    co_return;
  for (auto n = choose.below(4); n > 0; --n)
    co_await self.yield();
  if (choose.one_in(4)) {
    // Waits for more while it holds some: holders that wait for each other are
    // refused, and others lend on what they are lent.
    auto more = host.acquire_for(50us, axiom::custom("licence", 1));
    static_cast<void>(co_await axiom::as_expected(more));
  }
  if (choose.one_in(4)) {
    auto op = [part = std::move(*held)](task_context& me) -> async<void> {
      co_await me.yield();
    };
    auto child = self.create_child_task("keeps it", std::move(op));
    co_await self.yield();
    co_await child;
  }
}

/// Holds, waits, is lent priorities and lends; then stays.
async<void> hold_then_stay(task_context& self, const resource_monitor& host,
                           std::atomic<std::size_t>& staying,
                           std::uint64_t stream) {
  chooser choose{stream};
  for (int i = 0; i < 20; ++i)
    co_await hold_for_a_while(self, host, choose);
  ++staying;
  co_await self.sleep_for(24h);
}

/// The same, and ends.
async<void> hold_then_end(task_context& self, const resource_monitor& host,
                          std::uint64_t stream) {
  chooser choose{stream};
  for (int i = 0; i < 5; ++i)
    co_await hold_for_a_while(self, host, choose);
}

} // namespace

BOOST_AUTO_TEST_CASE(nobody_keeps_a_priority_that_he_was_lent) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{100}; r.next();) {
      auto host = resource_monitor::spawn(
        fix.system(), {.name = "host",
                       .capacities = axiom::custom("licence", 6),
                       .ageing = 1ms});
      std::atomic<std::size_t> staying{0};
      chooser choose{r.stream()};
      const auto stream = r.stream();
      constexpr std::uint64_t n = 16;
      std::vector<axiom::task<void>> stay;
      std::vector<axiom::task<void>> end;
      for (std::uint64_t i = 0; i < n; ++i) {
        const auto priority = static_cast<task_priority>(choose.below(4));
        stay.push_back(fix.coordinator().create_child_task(
          "stays", priority, [&, stream, i](task_context& self) {
            return hold_then_stay(self, host, staying, stream + i);
          }));
        end.push_back(fix.coordinator().create_child_task(
          "ends", priority, [&, stream, i](task_context& self) {
            return hold_then_end(self, host, stream + n + i);
          }));
      }
      for (auto& t : end) {
        if (choose.one_in(3))
          t.cancel();
        t.wait();
      }
      spin_until([&] { return staying == n; });
      BOOST_TEST(host.stats().leases == 0u);
      // Nobody waits and nothing is held; who was last to change it may be
      // about to say so. (Else this goes on for ever, and the watchdog says
      // where.)
      const test::watchdog bites{"a task that keeps what it was lent"};
      spin_until([&] {
        const auto seen = fix.coordinator().snapshot().tasks;
        return std::all_of(seen.begin(), seen.end(), [](auto& x) {
          return x.effective_priority == x.task.priority;
        });
      });
      for (auto& t : stay)
        t.cancel();
      for (auto& t : stay)
        t.wait();
    }
  });
}

// -- time ---------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(searches_do_not_wait_for_timers_that_wait_for_them) {
  // A timer of the virtual clock fires under a lock that asking for the time
  // takes as well. Two tasks at a time close a circle through two monitors,
  // while the time of others that wait there is over.
  under_each_scheduler(virtual_time, [](auto& fix) {
    const test::watchdog bites{"a search and a timer that wait for each other"};
    std::vector<resource_monitor> hosts;
    for (auto* name : {"left", "right"})
      hosts.push_back(resource_monitor::spawn(
        fix.system(),
        {.name = name, .capacities = axiom::custom("licence", 1)}));
    std::atomic<bool> over{false};
    auto cross = [&](task_context& self, std::size_t first) -> async<void> {
      while (!over) {
        auto a = hosts[first].acquire_for(20us, axiom::custom("licence", 1));
        auto held = co_await axiom::as_expected(a);
        if (!held)
          continue;
        co_await self.yield();
        auto b =
          hosts[1 - first].acquire_for(20us, axiom::custom("licence", 1));
        static_cast<void>(co_await axiom::as_expected(b));
      }
    };
    std::vector<axiom::task<void>> all;
    for (std::size_t i = 0; i < 6; ++i)
      all.push_back(fix.coordinator().create_child_task(
        "crosses",
        [&cross, i](task_context& self) { return cross(self, i % 2); }));
    for (rounds r; r.next();)
      fix.advance(10us);
    over = true;
    spin_until([&] {
      fix.advance(10us);
      return std::all_of(all.begin(), all.end(),
                         [](auto& t) { return t.done(); });
    });
    for (auto& t : all)
      t.get();
    BOOST_TEST(hosts[0].stats().deadlocks + hosts[1].stats().deadlocks > 0u);
  });
}

BOOST_AUTO_TEST_SUITE_END()
