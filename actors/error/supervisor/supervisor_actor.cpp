#include "axiom/error/supervisor_actor.hpp"

#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <random>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "axiom/error/supervisor/child_body.hpp"
#include "axiom/error/supervisor/earliest_restart.hpp"
#include "axiom/error/supervisor/supervision.hpp"
#include "axiom/error/supervisor/supervisor_state.hpp"

namespace axiom::detail {

namespace {

using event = supervisor_state::event;
using verdict = supervision_verdict;

/// How many children that have ended are known by their actor.
constexpr std::size_t most_recent = 1000;

/// The actors of the children that ended last.
class recent_children {
public:
  void add(caf::actor_id x) {
    if (!set_.insert(x).second)
      return;
    order_.push_back(x);
    if (order_.size() <= most_recent)
      return;
    set_.erase(order_.front());
    order_.pop_front();
  }

  bool has(caf::actor_id x) const {
    return set_.count(x) != 0;
  }

private:
  std::deque<caf::actor_id> order_;
  std::unordered_set<caf::actor_id> set_;
};

std::string span_of(runtime::duration x) {
  auto text = std::to_string(std::chrono::duration<double>(x).count());
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.')
    text.pop_back();
  return text + " s";
}

/// A supervisor as an actor: does what a supervision decides, and tells it what
/// came of that.
///
/// All state is the actor's own, but for what is in `state_`. A child is
/// observed by a functor attached to it, which it cannot take away, rather than
/// by a link, which it can; so is one that is dead already.
///
/// Events: `started` and `ended` come through `state_->post`, by messages of
/// high priority, and in the order in which they happened. Only what an actor
/// says by `started_atom` may come after its end, though said before. So the
/// end of an actor that has not started yet is put off by one message of normal
/// priority (`child_event_atom, true`), which what it said cannot come after.
class supervisor_impl final : public supervisor_actor::base {
public:
  supervisor_impl(caf::actor_config& cfg, supervisor_ptr state,
                  supervisor_options options, std::function<void()> up)
    : supervisor_actor::base(cfg),
      state_(std::move(state)),
      options_(std::move(options)),
      core_({options_.strategy, options_.max_restarts, options_.within,
             options_.backoff, options_.auto_shutdown,
             options_.seed ? *options_.seed : std::random_device{}()}),
      up_(std::move(up)),
      timer_(*state_) {
    // nop
  }

  const char* name() const override {
    return "axiom.supervisor";
  }

  // On `kill` CAF runs no handler: everything is ended from here. (The actor is
  // alive, since `state_` holds it, so its answers may be sent.)
  void on_exit() override {
    timers().cancel(timer_);
    if (!concluded_) {
      for (auto& [key, x] : children_)
        if (x.run)
          x.run->kill();
      const failure why{caf::make_error(caf::exit_reason::kill)};
      refuse_all(why.error());
      state_->conclude(why);
    }
    children_.clear();
    publish();
    state_->gone();
  }

protected:
  behavior_type make_behavior() override {
    set_default_handler(caf::drop);
    set_exit_handler([this](caf::exit_msg& msg) { exit_asked(msg); });
    set_down_handler([](caf::down_msg&) {});
    return {
      [this](start_child_atom, const local_child_spec& x) {
        return answer([&](auto who) { add(x, who); });
      },
      [this](start_child_atom) {
        return answer([&](auto who) { add_another({}, who); });
      },
      [this](start_child_atom, caf::message& arguments) {
        return answer(
          [&](auto who) { add_another(std::move(arguments), who); });
      },
      [this](terminate_child_atom, const std::string& who) {
        return answer_of(who, &supervision::terminate);
      },
      [this](remove_child_atom, const std::string& who) {
        return answer_of(who, &supervision::remove);
      },
      [this](restart_child_atom, const std::string& who) {
        return answer_of(who, &supervision::restart);
      },
      [this](which_children_atom) { return which_children(); },
      [this](count_children_atom) { return count_children(); },
      [this](ready_atom) { return ready(); },
      [this](stats_atom) { return state_->stats(); },
      [this](shutdown_atom) {
        auto promise = make_response_promise<supervisor_stats>();
        stops_.push_back(promise);
        close({});
        return promise;
      },
      [this](started_atom) { said_started(); },
      [this](tick_atom) {
        if (!begun_)
          return begin();
        alarm_.reset();
        core_.time_passed(now());
        perform();
      },
      [this](child_event_atom, bool put_off) {
        if (put_off)
          put_off_end();
        else if (auto x = state_->take())
          happened(*x);
      },
      [this](ended_atom) { close({}); },
    };
  }

private:
  /// A child, as far as the core does not care.
  struct child {
    child_spec spec;
    std::string name;
    caf::message arguments{};
    std::unique_ptr<child_run> run{};
    std::uint64_t incarnation = 0;
    std::uint64_t starts = 0;
    std::uint64_t failures = 0;
    std::optional<failure> last_failure{};
    bool asked_in_vain = false; ///< and then killed
  };

  using info_promise = caf::typed_response_promise<child_info>;

  struct alarm final : runtime::timer_entry {
    explicit alarm(supervisor_state& x) noexcept : state(x) {
      // nop
    }

    void fire() noexcept override {
      state.tick();
    }

    supervisor_state& state;
  };

  runtime::timer_service& timers() const {
    return state_->host().timers();
  }

  runtime::time_point now() const {
    return timers().now();
  }

  std::string who() const {
    return "supervisor " + quoted(state_->name());
  }

  // -- children ---------------------------------------------------------------

  supervision::child_policy policy_of(const child_spec& spec) const {
    auto& x = spec.options();
    const auto nested = spec.body()->what() == child_body::kind::supervisor;
    return {x.restart, x.significant,
            x.shutdown.value_or(nested ? shutdown_infinity
                                       : defaults::child_shutdown),
            says_started(spec) ? x.start_timeout : runtime::duration::max()};
  }

  static bool says_started(const child_spec& spec) {
    return spec.options().start == child_start_mode::said
        || spec.body()->what() == child_body::kind::supervisor;
  }

  child* find(child_key key) {
    auto i = children_.find(key);
    return i != children_.end() ? &i->second : nullptr;
  }

  void insert(child_key key, child x) {
    names_.emplace(x.name, key);
    children_.emplace_hint(children_.end(), key, std::move(x));
  }

  bool simple() const noexcept {
    return options_.strategy == supervision_strategy::simple_one_for_one;
  }

  void begin() {
    begun_ = true;
    if (simple())
      for (std::size_t i = 0; i < options_.instances; ++i)
        insert(core_.add(policy_of(the_spec())), {the_spec(), next_name()});
    else
      for (auto& spec : options_.children)
        insert(core_.add(policy_of(spec)), {spec, spec.options().name});
    core_.begin(now());
    perform();
  }

  // -- requests ---------------------------------------------------------------

  /// Runs `f(ticket)`, which may throw, and promises what comes of it.
  template <class F>
  info_promise answer(F f) {
    auto promise = make_response_promise<child_info>();
    const auto ticket = ++last_ticket_;
    waiting_.emplace(ticket, promise);
    try {
      f(ticket);
    } catch (const exception& ex) {
      waiting_.erase(ticket);
      promise.deliver(ex.error());
    }
    perform();
    return promise;
  }

  info_promise answer_of(const std::string& who,
                         void (supervision::*f)(child_key, supervision_ticket,
                                                runtime::time_point)) {
    return answer([&](auto ticket) {
      auto i = names_.find(who);
      if (i == names_.end())
        throw exception{errc::no_such_child,
                        this->who() + " has no child " + quoted(who)};
      (core_.*f)(i->second, ticket, now());
    });
  }

  void add(const local_child_spec& x, supervision_ticket ticket) {
    if (!x.spec)
      throw exception{errc::invalid_argument,
                      who()
                        + ": the specification of a child came from "
                          "another node; it stays in its process"};
    if (simple())
      throw exception{errc::invalid_argument,
                      who()
                        + " makes all children from one specification: "
                          "start one with arguments, or none"};
    std::vector<std::string> problems;
    check_child(*x.spec, who(), options_.auto_shutdown, problems);
    refuse(problems);
    auto& child_name = x.spec->options().name;
    if (names_.count(child_name) != 0)
      throw exception{errc::name_taken, who() + " has a child "
                                          + quoted(child_name) + " already"};
    add(*x.spec, child_name, {}, ticket);
  }

  void add_another(caf::message arguments, supervision_ticket ticket) {
    if (!simple())
      throw exception{errc::invalid_argument,
                      who()
                        + " does not make children from one "
                          "specification: it takes one for each"};
    add(the_spec(), next_name(), std::move(arguments), ticket);
  }

  /// What all children are made from. @pre `simple()`
  const child_spec& the_spec() const {
    return options_.children.front();
  }

  /// For the next child that is made from it.
  std::string next_name() {
    return the_spec().options().name + "-" + std::to_string(++made_);
  }

  void add(const child_spec& spec, std::string child_name,
           caf::message arguments, supervision_ticket ticket) {
    const auto key = core_.add(policy_of(spec), ticket, now());
    if (key != 0)
      insert(key, {spec, std::move(child_name), std::move(arguments)});
  }

  static void refuse(const std::vector<std::string>& problems) {
    std::string text;
    for (auto& x : problems)
      text += (text.empty() ? "" : "; ") + x;
    if (!text.empty())
      throw exception{errc::invalid_argument, std::move(text)};
  }

  caf::typed_response_promise<child_counts> ready() {
    auto promise = make_response_promise<child_counts>();
    if (core_.closing())
      promise.deliver(closed());
    else if (core_.is_up())
      promise.deliver(count_children());
    else
      ready_.push_back(promise);
    return promise;
  }

  std::vector<child_info> which_children() const {
    std::vector<child_info> result;
    result.reserve(children_.size());
    for (auto& [key, x] : children_)
      result.push_back(describe_child(key, x));
    return result;
  }

  child_info describe_child(child_key key, const child& x) const {
    constexpr std::array kinds{"actor", "task", "supervisor"};
    child_info result;
    result.name = x.name;
    result.state = core_.state_of(key).value_or(child_state::stopped);
    result.kind = kinds[static_cast<std::size_t>(x.spec.body()->what())];
    result.restart = to_string(x.spec.options().restart);
    result.significant = x.spec.options().significant;
    result.starts = x.starts;
    result.failures = x.failures;
    if (x.last_failure)
      result.last_error = x.last_failure->what();
    if (x.run)
      result.actor = x.run->actor();
    return result;
  }

  child_counts count_children() const {
    child_counts result;
    result.specs = children_.size();
    result.active = core_.alive();
    for (auto& [key, x] : children_)
      if (x.spec.body()->what() == child_body::kind::supervisor)
        ++result.supervisors;
    result.workers = result.specs - result.supervisors;
    return result;
  }

  // -- what happens -----------------------------------------------------------

  void exit_asked(caf::exit_msg& msg) {
    if (!msg.reason)
      return;
    if (msg.source
        && (actors_.count(msg.source.id()) != 0
            || recent_.has(msg.source.id())))
      return; // of a child, which does not end its supervisor
    close(std::move(msg.reason));
  }

  void close(caf::error reason) {
    if (!core_.closing())
      reason_ = std::move(reason);
    core_.close(now());
    perform();
  }

  void said_started() {
    auto* sender = current_sender().get();
    if (sender == nullptr)
      return;
    auto i = actors_.find(sender->id());
    if (i == actors_.end())
      return;
    core_.started(i->second, children_.at(i->second).incarnation, now());
    perform();
  }

  void happened(const event& x) {
    auto* who = find(x.child);
    if (who == nullptr || who->incarnation != x.incarnation || !who->run)
      return;
    if (x.what == event::kind::started) {
      core_.started(x.child, x.incarnation, now());
      return perform();
    }
    if (core_.state_of(x.child) == child_state::starting
        && who->spec.body()->what() == child_body::kind::actor) {
      put_off_.push_back(x);
      caf::anon_send(caf::actor_cast<supervisor_actor>(this),
                     child_event_atom_v, true);
      return;
    }
    ended(*who, x);
  }

  void put_off_end() {
    if (put_off_.empty())
      return;
    const auto x = std::move(put_off_.front());
    put_off_.pop_front();
    auto* who = find(x.child);
    if (who != nullptr && who->incarnation == x.incarnation && who->run)
      ended(*who, x);
  }

  void ended(child& x, const event& what) {
    const auto run = std::move(x.run);
    auto end = run->explain(what.reason);
    const auto state = core_.state_of(what.child);
    // A task may have been killed at the end of its grace, which is the same
    // moment, before the core asked for that.
    if (std::exchange(x.asked_in_vain, false)
        || (state == child_state::stopping && run->killed()))
      failed(x, run.get(),
             failure{errc::deadline_exceeded,
                     quoted(x.name) + " did not end within "
                       + span_of(policy_of(x.spec).shutdown)
                       + " of being asked to, and was killed"});
    else if (state == child_state::starting && !end.why)
      failed(
        x, run.get(),
        failure{errc::never_started, quoted(x.name)
                                       + " ended without saying that it is "
                                         "started"});
    const auto as_told =
      state == child_state::killing && what.reason == caf::exit_reason::kill;
    const auto earliest =
      end.why ? earliest_restart(*end.why) : runtime::time_point::min();
    if (end.why && !as_told)
      failed(x, run.get(), *std::move(end.why));
    const auto id = run->actor()->id();
    actors_.erase(id);
    recent_.add(id);
    core_.ended(what.child, what.incarnation, end.how, now(), earliest);
    perform();
  }

  /// Writes a failure of a child down.
  void failed(child& x, const child_run* run, failure why) {
    ++x.failures;
    x.last_failure = why;
    auto label = x.name + " #" + std::to_string(x.starts);
    task_reference reference;
    if (run != nullptr)
      reference = run->reference(state_->host().info().id_prefix, label);
    else
      reference.name = std::move(label);
    const auto at = now();
    state_->note({std::move(reference),
                  std::move(why),
                  state_->host().info().wall_time(at),
                  {}},
                 at);
  }

  // -- effects ----------------------------------------------------------------

  /// Does what the core wants, until it wants nothing.
  void perform() {
    for (;;) {
      const auto effects = core_.take_effects();
      if (effects.empty())
        break;
      for (auto& x : effects)
        perform(x);
    }
    publish();
    if (concluded_)
      return;
    const auto due = core_.next_due();
    if (due == alarm_)
      return;
    timers().cancel(timer_);
    alarm_ = due;
    if (due)
      timers().arm(timer_, *due);
  }

  void perform(const supervision_effect& x) {
    using kind = supervision_effect::kind;
    auto* who = find(x.child);
    switch (x.what) {
      case kind::start:
        return start(x.child, x.incarnation, *who);
      case kind::overdue:
        return failed(*who, who->run.get(),
                      failure{errc::deadline_exceeded,
                              quoted(who->name) + " did not start within "
                                + span_of(who->spec.options().start_timeout)});
      case kind::ask:
        if (who->run)
          who->run->ask(policy_of(who->spec).shutdown, this->who());
        return;
      case kind::kill:
        who->asked_in_vain = policy_of(who->spec).shutdown > shutdown_kill;
        if (who->run)
          who->run->kill();
        return;
      case kind::settle:
        return settle(x, who);
      case kind::forget:
        names_.erase(who->name);
        children_.erase(x.child);
        return;
      case kind::up:
        for (auto& promise : std::exchange(ready_, {}))
          promise.deliver(count_children());
        if (up_)
          up_();
        return;
      case kind::end:
        return end();
    }
  }

  void start(child_key key, std::uint64_t incarnation, child& x) {
    x.incarnation = incarnation;
    x.asked_in_vain = false;
    ++x.starts;
    state_->one_more_start();
    std::optional<structured_task_coordinator> tasks;
    child_site site{system(),
                    caf::actor_cast<caf::actor>(this),
                    x.name,
                    x.starts,
                    x.arguments,
                    [state = state_, key, incarnation] {
                      state->post({event::kind::started, key, incarnation});
                    },
                    [&]() -> const structured_task_coordinator& {
                      return tasks.emplace(state_->tasks());
                    }};
    try {
      x.run = x.spec.body()->start(site);
    } catch (...) {
      auto why = failure::from(std::current_exception());
      const auto earliest = earliest_restart(why);
      failed(x, nullptr, std::move(why));
      return core_.start_failed(key, incarnation, now(), earliest);
    }
    if (!x.run)
      return core_.ignored(key, incarnation, now());
    auto& actor = x.run->actor();
    actors_[actor->id()] = key;
    actor->get()->attach_functor(
      [state = state_, key, incarnation](const caf::error& reason) {
        state->post({event::kind::ended, key, incarnation, reason});
      });
    if (!says_started(x.spec))
      core_.started(key, incarnation, now());
  }

  void settle(const supervision_effect& x, const child* who) {
    auto i = waiting_.find(x.ticket);
    if (i == waiting_.end())
      return;
    auto promise = i->second;
    waiting_.erase(i);
    switch (x.verdict) {
      case verdict::done:
        promise.deliver(describe_child(x.child, *who));
        return;
      case verdict::start_failed:
        promise.deliver(who->last_failure->error());
        return;
      case verdict::interrupted:
        promise.deliver(
          make_error(errc::scope_closed,
                     quoted(who->name) + " was stopped before it had started"));
        return;
      case verdict::no_such_child:
        promise.deliver(make_error(errc::no_such_child));
        return;
      case verdict::busy:
        promise.deliver(make_error(
          errc::child_not_stopped,
          quoted(who->name) + " is "
            + to_string(core_.state_of(x.child).value_or(child_state::stopped))
            + ", not stopped"));
        return;
      case verdict::closed:
        promise.deliver(closed());
        return;
    }
  }

  // -- the end ----------------------------------------------------------------

  caf::error closed() const {
    return make_error(errc::scope_closed, who() + " is ending");
  }

  /// Every child is dead.
  void end() {
    std::optional<failure> outcome;
    switch (*core_.closing()) {
      case supervision_end::requested:
        if (class_of(reason_) == exit_class::failure)
          outcome.emplace(reason_);
        break;
      case supervision_end::auto_shutdown:
        reason_ = caf::make_error(caf::exit_reason::user_shutdown);
        break;
      case supervision_end::start_failed:
        outcome = with_errors(
          {errc::child_failed, who() + " could not start all its children"});
        reason_ = outcome->error();
        break;
      case supervision_end::too_many:
        outcome =
          with_errors({errc::restarts_exhausted,
                       who() + ": children had to be restarted more than "
                         + std::to_string(options_.max_restarts)
                         + " times within " + span_of(options_.within)});
        reason_ = outcome->error();
        break;
    }
    concluded_ = true;
    publish();
    const auto why = outcome ? outcome->error() : closed();
    state_->conclude(std::move(outcome));
    refuse_all(why);
    quit(std::move(reason_));
  }

  /// The errors of the children, and `last`, which is the supervisor's own.
  failure with_errors(failure last) const {
    auto errors = state_->errors();
    auto mine = [&](failure why) {
      task_reference reference;
      reference.id = {state_->host().info().id_prefix, id()};
      reference.name = state_->name();
      errors.push_back({std::move(reference),
                        std::move(why),
                        state_->host().info().wall_time(now()),
                        {}});
    };
    if (const auto n = state_->errors_left_out(); n > 0)
      mine({errc::child_failed,
            std::to_string(n) + " earlier errors are not listed"});
    mine(std::move(last));
    return to_failure(concurrent_errors{std::move(errors)});
  }

  void refuse_all(const caf::error& why) {
    for (auto& promise : std::exchange(ready_, {}))
      promise.deliver(why);
    for (auto& [ticket, promise] : std::exchange(waiting_, {}))
      promise.deliver(why);
    for (auto& promise : std::exchange(stops_, {}))
      if (concluded_)
        promise.deliver(state_->stats());
      else
        promise.deliver(why);
  }

  void publish() {
    state_->published(children_.size(), children_.empty() ? 0 : core_.alive(),
                      core_.restarts());
  }

  const supervisor_ptr state_;
  const supervisor_options options_;
  supervision core_;
  const std::function<void()> up_;
  alarm timer_;
  std::optional<runtime::time_point> alarm_; ///< when the timer is due
  std::map<child_key, child> children_;
  std::unordered_map<std::string, child_key> names_;
  std::unordered_map<caf::actor_id, child_key> actors_;
  recent_children recent_;
  std::deque<event> put_off_;
  std::unordered_map<supervision_ticket, info_promise> waiting_;
  std::vector<caf::typed_response_promise<child_counts>> ready_;
  std::vector<caf::typed_response_promise<supervisor_stats>> stops_;
  supervision_ticket last_ticket_ = 0;
  std::uint64_t made_ = 0;
  caf::error reason_;
  bool begun_ = false;
  bool concluded_ = false;
};

} // namespace

supervisor_actor start_supervisor(caf::actor_system& sys, supervisor_ptr state,
                                  supervisor_options options,
                                  std::function<void()> up) {
  auto result =
    sys.spawn<supervisor_impl>(state, std::move(options), std::move(up));
  state->begin(result);
  state->tick();
  return result;
}

} // namespace axiom::detail
