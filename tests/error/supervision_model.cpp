// A supervisor's core beside a model of OTP's supervisor, which does one thing
// after the other; and under any order of events, what must hold whatever
// happens.

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <set>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

#include "axiom/error/supervisor/backoff_delay.hpp"
#include "axiom/error/supervisor/supervision.hpp"

using namespace axiom;
using namespace axiom::detail;
using namespace std::chrono_literals;
using kind = supervision_effect::kind;
using verdict = supervision_verdict;
using strategy_kind = supervision_strategy;

namespace {

const runtime::time_point epoch{1h};

struct step {
  enum class what {
    crash, // a running child fails
    leave, // a running child ends normally
    terminate, // by request
    remove,
    restart,
    add,
    advance,
    fail_next, // the next starts fail
    // For any order only: one outstanding matter of the host's comes about.
    report_start,
    report_failed_start,
    report_ignored,
    report_end,
    report_stale,
    close
  };
  what what;
  std::uint32_t first;
  std::uint32_t second;
};

std::ostream& operator<<(std::ostream& out, const step& x) {
  constexpr std::array names{
    "crash",   "leave",      "terminate",    "remove",       "restart",
    "add",     "advance",    "fail next",    "report start", "failed start",
    "ignored", "report end", "stale report", "close"};
  return out << names[static_cast<std::size_t>(x.what)] << ' ' << x.first << ' '
             << x.second;
}

using weights = std::initializer_list<std::pair<std::size_t, enum step::what>>;

rc::Gen<std::vector<step>> sequences(weights kinds) {
  auto number = rc::gen::inRange<std::uint32_t>(0, 1000);
  auto steps =
    rc::gen::construct<step>(rc::gen::weightedElement(kinds), number, number);
  return rc::gen::resize(400, rc::gen::container<std::vector<step>>(steps));
}

/// What happened, in order: what both have to agree upon.
struct entry {
  enum class what { started, not_started, stopped, settled, over };
  what what;
  std::uint64_t first = 0; // a child or a ticket
  std::uint64_t second = 0; // a verdict

  bool operator==(const entry&) const = default;
};

std::ostream& operator<<(std::ostream& out, const entry& x) {
  constexpr std::array names{"started", "not started", "stopped", "settled",
                             "over"};
  return out << names[static_cast<std::size_t>(x.what)] << ' ' << x.first << '/'
             << x.second;
}

using journal = std::vector<entry>;
using note = enum entry::what;

struct setting {
  supervision::policy how;
  std::vector<supervision::child_policy> children;
};

restart_kind nth_kind(std::uint32_t n) {
  return static_cast<restart_kind>(n % 3);
}

supervision::child_policy child_of(std::uint32_t n, auto_shutdown mode) {
  supervision::child_policy result;
  result.restart = nth_kind(n);
  result.significant = mode != auto_shutdown::never
                    && result.restart != restart_kind::permanent
                    && (n / 3) % 2 == 0;
  return result;
}

setting any_setting(bool with_backoff) {
  setting result;
  result.how.strategy = *rc::gen::element(
    strategy_kind::one_for_one, strategy_kind::one_for_all,
    strategy_kind::rest_for_one, strategy_kind::simple_one_for_one);
  result.how.max_restarts = *rc::gen::inRange<std::size_t>(0, 6);
  result.how.within = 1s * *rc::gen::inRange(1, 8);
  result.how.auto_shutdown =
    static_cast<auto_shutdown>(*rc::gen::inRange(0, 3));
  if (with_backoff) {
    result.how.backoff.initial = 100ms * *rc::gen::inRange(0, 5);
    result.how.backoff.max = 2s;
  }
  if (result.how.strategy != strategy_kind::simple_one_for_one)
    for (auto n :
         *rc::gen::resize(6, rc::gen::container<std::vector<std::uint32_t>>(
                               rc::gen::inRange<std::uint32_t>(0, 6))))
      result.children.push_back(child_of(n, result.how.auto_shutdown));
  return result;
}

// -- OTP ----------------------------------------------------------------------

/// supervisor.erl, as far as it goes: everything is done at once, in order.
class otp {
public:
  explicit otp(const setting& x) : how_(x.how) {
    for (auto& child : x.children)
      children_.push_back({++last_, child});
  }

  journal out;
  int fail_next = 0;

  void init() {
    for (auto& x : children_)
      if (!start(x)) {
        stop_all();
        return;
      }
  }

  void crash(std::uint64_t key, bool failure) {
    auto i = find(key);
    i->alive = false;
    const auto again = i->how.restart == restart_kind::permanent
                    || (i->how.restart == restart_kind::transient && failure);
    if (again)
      return restart(key);
    const auto significant = i->how.significant;
    if (is_forgotten(*i))
      children_.erase(i);
    if (!significant)
      return;
    const auto others =
      std::any_of(children_.begin(), children_.end(),
                  [](auto& x) { return x.how.significant && x.alive; });
    if (how_.auto_shutdown == auto_shutdown::any_significant
        || (how_.auto_shutdown == auto_shutdown::all_significant && !others))
      stop_all();
  }

  void terminate(std::uint64_t key, std::uint64_t ticket, bool discard) {
    auto i = find(key);
    if (i == children_.end())
      return settle(ticket, verdict::no_such_child);
    if (i->alive)
      stop(*i);
    settle(ticket, verdict::done);
    if (discard || is_forgotten(*i))
      children_.erase(i);
  }

  void restart_by_request(std::uint64_t key, std::uint64_t ticket) {
    auto i = find(key);
    if (i == children_.end())
      return settle(ticket, verdict::no_such_child);
    if (i->alive)
      return settle(ticket, verdict::busy);
    settle(ticket, start(*i) ? verdict::done : verdict::start_failed);
  }

  void add(const supervision::child_policy& x, std::uint64_t ticket) {
    children_.push_back({++last_, x});
    const auto ok = start(children_.back());
    settle(ticket, ok ? verdict::done : verdict::start_failed);
    if (!ok)
      children_.pop_back();
  }

  void stop_all() {
    if (how_.strategy == strategy_kind::simple_one_for_one)
      for (auto& x : children_) { // all at once
        if (x.alive)
          stop(x);
      }
    for (auto i = children_.rbegin(); i != children_.rend(); ++i)
      if (i->alive)
        stop(*i);
    over = true;
    out.push_back({note::over});
  }

  std::vector<std::uint64_t> running() const {
    std::vector<std::uint64_t> result;
    for (auto& x : children_)
      if (x.alive)
        result.push_back(x.key);
    return result;
  }

  bool over = false;
  runtime::time_point now = epoch;

private:
  struct child {
    std::uint64_t key;
    supervision::child_policy how;
    bool alive = false;
  };

  using list = std::vector<child>;

  /// Once it is not to run any more.
  bool is_forgotten(const child& x) const {
    return x.how.restart == restart_kind::temporary
        || how_.strategy == strategy_kind::simple_one_for_one;
  }

  list::iterator find(std::uint64_t key) {
    return std::find_if(children_.begin(), children_.end(),
                        [key](auto& x) { return x.key == key; });
  }

  void settle(std::uint64_t ticket, verdict how) {
    out.push_back({note::settled, ticket, static_cast<std::uint64_t>(how)});
  }

  bool start(child& x) {
    x.alive = fail_next == 0;
    fail_next -= x.alive ? 0 : 1;
    out.push_back({x.alive ? note::started : note::not_started, x.key});
    return x.alive;
  }

  void stop(child& x) {
    x.alive = false;
    out.push_back({note::stopped, x.key});
  }

  bool admit() {
    times_.push_back(now);
    std::erase_if(times_, [this](auto t) { return t + how_.within < now; });
    return times_.size() <= how_.max_restarts;
  }

  // try_again included: a loop, since nothing comes between.
  void restart(std::uint64_t key) {
    while (!over) {
      if (!admit())
        return stop_all();
      const auto failed = restart_once(key);
      if (failed == 0)
        return;
      key = failed;
    }
  }

  /// Returns the child that did not start; 0 if all did.
  std::uint64_t restart_once(std::uint64_t key) {
    std::size_t from = 0;
    switch (how_.strategy) {
      case strategy_kind::one_for_one:
      case strategy_kind::simple_one_for_one:
        return start(*find(key)) ? 0 : key;
      case strategy_kind::rest_for_one:
        from = static_cast<std::size_t>(find(key) - children_.begin());
        break;
      case strategy_kind::one_for_all:
        break;
    }
    list kept{children_.begin(),
              children_.begin() + static_cast<std::ptrdiff_t>(from)};
    for (auto i = children_.size(); i-- > from;)
      if (children_[i].alive)
        stop(children_[i]);
    for (auto i = from; i < children_.size(); ++i)
      if (children_[i].how.restart != restart_kind::temporary)
        kept.push_back(children_[i]);
    children_ = std::move(kept);
    for (auto i = from; i < children_.size(); ++i)
      if (!start(children_[i]))
        return children_[i].key;
    return 0;
  }

  supervision::policy how_;
  list children_;
  std::vector<runtime::time_point> times_;
  std::uint64_t last_ = 0;
};

/// A host that does everything at once, and writes down what happens.
class prompt_host {
public:
  explicit prompt_host(const setting& x) : core(x.how) {
    for (auto& child : x.children)
      core.add(child);
  }

  void perform() {
    for (auto effects = core.take_effects(); !effects.empty();
         effects = core.take_effects())
      for (auto& x : effects)
        perform(x);
  }

  supervision core;
  journal out;
  int fail_next = 0;
  bool over = false;
  runtime::time_point now = epoch;

private:
  void perform(const supervision_effect& x) {
    switch (x.what) {
      case kind::start:
        if (fail_next > 0) {
          --fail_next;
          out.push_back({note::not_started, x.child});
          core.start_failed(x.child, x.incarnation, now);
        } else {
          out.push_back({note::started, x.child});
          core.started(x.child, x.incarnation, now);
        }
        break;
      case kind::ask:
      case kind::kill:
        out.push_back({note::stopped, x.child});
        core.ended(x.child, x.incarnation, exit_class::normal, now);
        break;
      case kind::settle:
        out.push_back(
          {note::settled, x.ticket, static_cast<std::uint64_t>(x.verdict)});
        break;
      case kind::end:
        over = true;
        out.push_back({note::over});
        break;
      default:
        break;
    }
  }
};

template <class T>
T pick(const std::vector<T>& xs, std::uint32_t n) {
  return xs[n % xs.size()];
}

void compare_with_otp(const setting& x, const std::vector<step>& steps,
                      std::uint32_t fails_at_first) {
  prompt_host real{x};
  otp model{x};
  if (fails_at_first == 0)
    real.fail_next = model.fail_next = 1;
  real.core.begin(real.now);
  real.perform();
  model.init();
  std::uint64_t last_key = x.children.size();
  std::uint64_t ticket = 0;
  for (auto& y : steps) {
    RC_ASSERT(real.out == model.out);
    RC_ASSERT(real.over == model.over);
    if (model.over)
      break;
    const auto running = model.running();
    RC_ASSERT(real.core.alive() == running.size());
    const auto key = std::uint64_t{y.first % (last_key + 2)};
    switch (y.what) {
      case step::what::crash:
      case step::what::leave: {
        if (running.empty())
          break;
        const auto who = pick(running, y.first);
        const auto failure = y.what == step::what::crash;
        real.core.ended(who, real.core.incarnation_of(who),
                        failure ? exit_class::failure : exit_class::normal,
                        real.now);
        real.perform();
        model.crash(who, failure);
        break;
      }
      case step::what::terminate:
      case step::what::remove: {
        const auto discard = y.what == step::what::remove;
        ++ticket;
        if (discard)
          real.core.remove(key, ticket, real.now);
        else
          real.core.terminate(key, ticket, real.now);
        real.perform();
        model.terminate(key, ticket, discard);
        break;
      }
      case step::what::restart:
        ++ticket;
        real.core.restart(key, ticket, real.now);
        real.perform();
        model.restart_by_request(key, ticket);
        break;
      case step::what::add: {
        const auto how = child_of(y.first, x.how.auto_shutdown);
        ++ticket;
        ++last_key;
        real.core.add(how, ticket, real.now);
        real.perform();
        model.add(how, ticket);
        break;
      }
      case step::what::advance:
        real.now += 10ms * y.first;
        model.now = real.now;
        real.core.time_passed(real.now);
        real.perform();
        break;
      case step::what::fail_next:
        real.fail_next = model.fail_next = static_cast<int>(y.first % 3 + 1);
        break;
      default:
        break;
    }
  }
  RC_ASSERT(real.out == model.out);
  if (model.over)
    return;
  real.core.close(real.now);
  real.perform();
  model.stop_all();
  RC_ASSERT(real.out == model.out);
  RC_ASSERT(real.core.alive() == 0u);
}

// -- any order ----------------------------------------------------------------

/// A host in which everything takes its time, and that checks the invariants
/// of supervision by what it sees.
class slow_host {
public:
  explicit slow_host(const setting& x) : setting_(x), core_(x.how) {
    for (auto& how : x.children)
      policies_[core_.add(how)] = how;
  }

  void run(const std::vector<step>& steps) {
    core_.begin(now_);
    perform();
    for (auto& x : steps) {
      do_step(x);
      perform();
      check();
      if (over_)
        break; // the host is gone
    }
    finish();
  }

private:
  struct incarnation {
    std::uint64_t child;
    std::uint64_t number;
    bool reported = false; // its start
    bool asked = false;

    bool operator<(const incarnation& x) const {
      return child < x.child;
    }
  };

  bool ordered() const {
    return setting_.how.strategy == strategy_kind::one_for_all
        || setting_.how.strategy == strategy_kind::rest_for_one;
  }

  incarnation* pick_alive(std::uint32_t n) {
    if (alive_.empty())
      return nullptr;
    auto i = alive_.begin();
    std::advance(i, n % alive_.size());
    return &i->second;
  }

  std::uint64_t new_ticket() {
    open_.insert(++ticket_);
    return ticket_;
  }

  void do_step(const step& x) {
    const auto key = std::uint64_t{x.first % (policies_.size() + 2)};
    auto* alive = pick_alive(x.first);
    switch (x.what) {
      case step::what::terminate:
        return core_.terminate(key, new_ticket(), now_);
      case step::what::remove:
        return core_.remove(key, new_ticket(), now_);
      case step::what::restart:
        return core_.restart(key, new_ticket(), now_);
      case step::what::add: {
        auto how = child_of(x.first, setting_.how.auto_shutdown);
        how.shutdown = x.second % 3 == 0 ? shutdown_kill
                     : x.second % 3 == 1 ? shutdown_infinity
                                         : runtime::duration{1s};
        if (x.second % 2 == 0)
          how.start_timeout = 500ms;
        if (auto added = core_.add(how, new_ticket(), now_))
          policies_[added] = how;
        return;
      }
      case step::what::advance:
        now_ += 1ms * x.first;
        return core_.time_passed(now_);
      case step::what::report_start:
        if (alive == nullptr || alive->reported)
          return;
        alive->reported = true;
        return core_.started(alive->child, alive->number, now_);
      case step::what::report_failed_start:
      case step::what::report_ignored: {
        if (alive == nullptr || alive->reported)
          return;
        const auto copy = *alive;
        alive_.erase(copy.child);
        if (x.what == step::what::report_ignored)
          return core_.ignored(copy.child, copy.number, now_);
        return core_.start_failed(copy.child, copy.number, now_);
      }
      case step::what::crash:
      case step::what::leave:
      case step::what::report_end: {
        if (alive == nullptr
            || (x.what == step::what::report_end && !alive->asked))
          return;
        const auto copy = *alive;
        alive_.erase(copy.child);
        return core_.ended(copy.child, copy.number,
                           x.what == step::what::crash ? exit_class::failure
                                                       : exit_class::normal,
                           now_);
      }
      case step::what::report_stale: {
        if (alive == nullptr || alive->number < 2)
          return;
        core_.ended(alive->child, alive->number - 1, exit_class::failure, now_);
        core_.started(alive->child, alive->number - 1, now_);
        return core_.start_failed(alive->child, alive->number - 1, now_);
      }
      case step::what::close:
        return core_.close(now_);
      default:
        return;
    }
  }

  void perform() {
    for (auto effects = core_.take_effects(); !effects.empty();
         effects = core_.take_effects())
      for (auto& x : effects)
        perform(x);
  }

  void perform(const supervision_effect& x) {
    RC_ASSERT(!over_); // invariant 6
    switch (x.what) {
      case kind::start: {
        RC_ASSERT(alive_.count(x.child) == 0u); // invariant 1
        RC_ASSERT(x.incarnation == ++numbers_[x.child]);
        if (ordered()) // invariant 3
          for (auto& [key, other] : alive_) {
            RC_ASSERT(!other.asked);
            RC_ASSERT(other.reported);
          }
        alive_[x.child] = {x.child, x.incarnation};
        break;
      }
      case kind::ask:
      case kind::kill: {
        auto i = alive_.find(x.child);
        RC_ASSERT(i != alive_.end());
        RC_ASSERT(i->second.number == x.incarnation);
        i->second.asked = true;
        break;
      }
      case kind::settle:
        RC_ASSERT(open_.erase(x.ticket) == 1u); // invariant 4
        break;
      case kind::forget:
        RC_ASSERT(alive_.count(x.child) == 0u);
        RC_ASSERT(!core_.state_of(x.child));
        break;
      case kind::end:
        RC_ASSERT(alive_.empty());
        over_ = true;
        break;
      default:
        break;
    }
  }

  void check() {
    RC_ASSERT(core_.alive() == alive_.size());
    if (auto due = core_.next_due())
      RC_ASSERT(*due > now_); // invariant 7
    const auto closing = core_.closing().has_value();
    RC_ASSERT(over_ == (closing && alive_.empty()));
    if (closing)
      for (auto& [key, how] : policies_)
        RC_ASSERT(core_.state_of(key) != child_state::waiting);
    // Somebody who waits has somebody or something to wait for.
    if (!open_.empty())
      RC_ASSERT(!alive_.empty() || core_.next_due().has_value());
  }

  /// However things stand, it comes to its end when children end.
  void finish() {
    if (!over_) {
      core_.close(now_);
      perform();
    }
    std::uint64_t last = 0;
    while (!alive_.empty()) {
      auto i = std::find_if(alive_.begin(), alive_.end(),
                            [](auto& x) { return x.second.asked; });
      RC_ASSERT(i != alive_.end());
      if (setting_.how.strategy != strategy_kind::simple_one_for_one) {
        auto youngest = std::prev(alive_.end());
        RC_ASSERT(youngest->second.asked); // invariant 2
        i = youngest;
        RC_ASSERT(last == 0 || i->first < last);
        last = i->first;
      }
      const auto copy = i->second;
      alive_.erase(i);
      core_.ended(copy.child, copy.number, exit_class::normal, now_);
      perform();
    }
    RC_ASSERT(over_);
    RC_ASSERT(open_.empty());
  }

  setting setting_;
  supervision core_;
  std::map<std::uint64_t, supervision::child_policy> policies_;
  std::map<std::uint64_t, incarnation> alive_;
  std::map<std::uint64_t, std::uint64_t> numbers_;
  std::set<std::uint64_t> open_;
  std::uint64_t ticket_ = 0;
  runtime::time_point now_ = epoch;
  bool over_ = false;
};

} // namespace

BOOST_AUTO_TEST_SUITE(supervision_model)

RC_BOOST_PROP(does_what_otp_does_where_everything_is_done_at_once, ()) {
  const auto x = any_setting(false);
  const auto steps = *sequences({{8, step::what::crash},
                                 {3, step::what::leave},
                                 {3, step::what::terminate},
                                 {2, step::what::remove},
                                 {4, step::what::restart},
                                 {4, step::what::add},
                                 {6, step::what::advance},
                                 {2, step::what::fail_next}});
  compare_with_otp(x, steps, *rc::gen::inRange<std::uint32_t>(0, 12));
}

RC_BOOST_PROP(keeps_its_invariants_in_any_order_of_events, ()) {
  slow_host host{any_setting(true)};
  host.run(*sequences({{3, step::what::crash},
                       {2, step::what::leave},
                       {3, step::what::terminate},
                       {2, step::what::remove},
                       {4, step::what::restart},
                       {6, step::what::add},
                       {8, step::what::advance},
                       {14, step::what::report_start},
                       {2, step::what::report_failed_start},
                       {1, step::what::report_ignored},
                       {8, step::what::report_end},
                       {2, step::what::report_stale}}));
}

RC_BOOST_PROP(comes_to_its_end_whenever_it_is_closed, ()) {
  slow_host host{any_setting(true)};
  host.run(*sequences({{3, step::what::crash},
                       {3, step::what::terminate},
                       {3, step::what::restart},
                       {4, step::what::add},
                       {6, step::what::advance},
                       {8, step::what::report_start},
                       {2, step::what::report_failed_start},
                       {8, step::what::report_end},
                       {1, step::what::close}}));
}

RC_BOOST_PROP(admits_as_many_restarts_in_any_window_as_it_may, ()) {
  const auto most = *rc::gen::inRange<std::size_t>(0, 6);
  const auto within = 1ms * *rc::gen::inRange(1, 200);
  restart_window window{most, within};
  std::vector<runtime::time_point> all;
  auto now = epoch;
  for (auto gap :
       *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 100))) {
    now += 1ms * gap;
    all.push_back(now);
    const auto recent = static_cast<std::size_t>(std::count_if(
      all.begin(), all.end(), [&](auto t) { return now - t <= within; }));
    RC_ASSERT(window.admit(now) == (recent <= most));
  }
}

RC_BOOST_PROP(waits_within_the_jitter_of_a_growing_time, ()) {
  restart_backoff how;
  how.initial = 1ms * *rc::gen::inRange(1, 1000);
  how.max = how.initial * *rc::gen::inRange(1, 100);
  how.factor = 1 + *rc::gen::inRange(0, 40) / 10.0;
  how.jitter = *rc::gen::inRange(0, 11) / 10.0;
  const auto luck = *rc::gen::inRange(0, 1000) / 1000.0;
  const auto attempt = *rc::gen::inRange<std::uint64_t>(1, 5000);
  auto expected = static_cast<double>(how.initial.count());
  for (std::uint64_t i = 1;
       i < attempt && expected < static_cast<double>(how.max.count()); ++i) {
    expected *= how.factor;
    if (how.factor == 1)
      break;
  }
  expected = std::min(expected, static_cast<double>(how.max.count()));
  const auto got =
    static_cast<double>(backoff_delay(how, attempt, luck).count());
  RC_ASSERT(got >= expected * (1 - how.jitter) * 0.999 - 1);
  RC_ASSERT(got <= expected * (1 + how.jitter) * 1.001 + 1);
  auto plain = how;
  plain.jitter = 0;
  RC_ASSERT(backoff_delay(plain, attempt + 1, luck)
            >= backoff_delay(plain, attempt, luck));
}

BOOST_AUTO_TEST_SUITE_END()
