#include "axiom/error/supervisor_actor.hpp"

#include <chrono>
#include <deque>
#include <random>
#include <utility>

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "axiom/error/supervisor/child_body.hpp"
#include "axiom/error/supervisor/earliest_restart.hpp"
#include "axiom/error/supervisor/supervision.hpp"
#include "axiom/error/supervisor/supervisor_state.hpp"
#include "error/supervisor/child_table.hpp"
#include "error/supervisor/open_requests.hpp"

namespace axiom::detail {

namespace {

using event = supervisor_state::event;

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
/// Events come through `state_->post`, by messages of high priority, and in the
/// order in which they happened. Two are put off by one message of normal
/// priority to itself (`child_event_atom, true`):
/// - The end of an actor that has not started yet: what it said by
///   `started_atom` before cannot come after that message.
/// - That a child could not be made, though it is known at once: who is
///   restarted without a wait, again and again in vain, does not keep the
///   supervisor from requests.
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
      requests_(who()),
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
      children_.kill_all();
      const failure why{caf::make_error(caf::exit_reason::kill)};
      requests_.refuse_all(why.error());
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
      [this](which_children_atom) { return children_.describe_all(core_); },
      [this](count_children_atom) { return children_.count(core_); },
      [this](ready_atom) { return ready(); },
      [this](stats_atom) { return state_->stats(); },
      [this](shutdown_atom) {
        auto promise = make_response_promise<supervisor_stats>();
        requests_.wait_for_end(promise);
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
        if (put_off && current_sender() == ctrl())
          take_put_off();
        else if (auto x = state_->take())
          happened(*x);
      },
      [this](ended_atom) { close({}); },
    };
  }

private:
  using child = supervised_child;

  /// The end of an incarnation, or of one that could not be made.
  struct later {
    event what;
    runtime::time_point earliest = runtime::time_point::min(); ///< the next
  };

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

  static supervision::child_policy policy_of(const child& x) {
    auto& how = x.spec.options();
    return {how.restart, how.significant, x.shutdown(),
            x.says_started() ? how.start_timeout : runtime::duration::max()};
  }

  bool simple() const noexcept {
    return options_.strategy == supervision_strategy::simple_one_for_one;
  }

  void begin() {
    begun_ = true;
    auto add_initial = [this](const child_spec& spec, std::string child_name) {
      child x{spec, std::move(child_name)};
      const auto key = core_.add(policy_of(x));
      children_.insert(key, std::move(x));
    };
    if (simple())
      for (std::size_t i = 0; i < options_.instances; ++i)
        add_initial(the_spec(), next_name());
    else
      for (auto& spec : options_.children)
        add_initial(spec, spec.options().name);
    core_.begin(now());
    perform();
  }

  // -- requests ---------------------------------------------------------------

  /// Runs `f(ticket)`, which may throw, and promises what comes of it.
  template <class F>
  open_requests::child_promise answer(F f) {
    auto promise = make_response_promise<child_info>();
    const auto ticket = requests_.wait_for_child(promise);
    try {
      f(ticket);
    } catch (const exception& ex) {
      requests_.refuse(ticket, ex.error());
    }
    perform();
    return promise;
  }

  open_requests::child_promise answer_of(
    const std::string& child_name,
    void (supervision::*f)(child_key, supervision_ticket,
                           runtime::time_point)) {
    return answer([&](auto ticket) {
      const auto key = children_.named(child_name);
      if (!key)
        throw exception{errc::no_such_child,
                        who() + " has no child " + quoted(child_name)};
      (core_.*f)(*key, ticket, now());
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
    if (children_.named(child_name))
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
    child x{spec, std::move(child_name), std::move(arguments)};
    if (const auto key = core_.add(policy_of(x), ticket, now()))
      children_.insert(key, std::move(x));
  }

  static void refuse(const std::vector<std::string>& problems) {
    std::string text;
    for (auto& x : problems)
      text += (text.empty() ? "" : "; ") + x;
    if (!text.empty())
      throw exception{errc::invalid_argument, std::move(text)};
  }

  open_requests::counts_promise ready() {
    auto promise = make_response_promise<child_counts>();
    if (!core_.is_up())
      requests_.wait_for_start(promise); // or hears why there is none
    else if (core_.closing())
      promise.deliver(requests_.closed());
    else
      promise.deliver(children_.count(core_));
    return promise;
  }

  // -- what happens -----------------------------------------------------------

  void exit_asked(caf::exit_msg& msg) {
    if (!msg.reason)
      return;
    if (msg.source && children_.knows(actor_identity{msg.source}))
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
    const auto key = children_.played_by(actor_identity{*sender});
    if (!key)
      return;
    core_.started(*key, children_.find(*key)->incarnation, now());
    perform();
  }

  /// The child that an event is of; null if that is over.
  child* concerned_by(const event& x) {
    auto* who = children_.find(x.child);
    return who != nullptr && who->incarnation == x.incarnation ? who : nullptr;
  }

  void happened(event& x) {
    auto* who = concerned_by(x);
    if (who == nullptr || !who->run)
      return;
    if (x.what == event::kind::started) {
      core_.started(x.child, x.incarnation, now());
      perform();
    } else if (core_.state_of(x.child) == child_state::starting
               && who->kind() == child_body::kind::actor) {
      put_off({std::move(x)});
    } else {
      ended(*who, x);
    }
  }

  void put_off(later x) {
    put_off_.push_back(std::move(x));
    send(caf::actor_cast<supervisor_actor>(this), child_event_atom_v, true);
  }

  void take_put_off() {
    if (put_off_.empty())
      return;
    const auto x = std::move(put_off_.front());
    put_off_.pop_front();
    auto* who = concerned_by(x.what);
    if (who == nullptr)
      return;
    if (who->run)
      return ended(*who, x.what);
    core_.start_failed(x.what.child, x.what.incarnation, now(), x.earliest);
    perform();
  }

  void ended(child& x, const event& what) {
    const auto run = children_.end_run(what.child, x);
    auto end = run->explain(what.reason);
    const auto state = core_.state_of(what.child);
    // A task may have been killed at the end of its grace, which is the same
    // moment, before the core asked for that.
    const auto in_vain =
      std::exchange(x.asked_in_vain, false)
      || (state == child_state::stopping && x.kind() == child_body::kind::task);
    x.ended_well = !end.why;
    if (in_vain && run->killed(what.reason))
      failed(x, run.get(),
             failure{errc::deadline_exceeded,
                     quoted(x.name) + " did not end within "
                       + span_of(x.shutdown())
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
      failed(x, run.get(), *std::move(end.why), std::move(end.before));
    core_.ended(what.child, what.incarnation, end.how, now(), earliest);
    perform();
  }

  /// Writes a failure of a child down.
  /// @param before errors that it does not tell of
  void failed(child& x, const child_run* run, failure why,
              std::vector<task_error> before = {}) {
    ++x.failures;
    x.last_failure = why;
    const auto at = now();
    task_reference reference;
    if (run != nullptr)
      reference = run->reference(state_->host().info().id_prefix, x.label());
    else
      reference.name = x.label();
    state_->note({std::move(reference), std::move(why),
                  state_->host().info().wall_time(at), std::move(before)},
                 at);
  }

  // -- effects ----------------------------------------------------------------

  /// Does what the core wants, until it wants nothing.
  void perform() {
    if (core_.closing())
      state_->hold_errors();
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
    auto* who = children_.find(x.child);
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
          who->run->ask(who->shutdown(), this->who());
        return;
      case kind::kill:
        who->asked_in_vain = who->shutdown() > shutdown_kill;
        if (who->run)
          who->run->kill();
        return;
      case kind::settle:
        return requests_.settle(x.ticket, x.verdict, x.child, who, children_,
                                core_);
      case kind::forget:
        who->spec.body()->each_supervisor([this](const std::string& below) {
          state_->family()->forget(below);
        });
        return children_.erase(x.child);
      case kind::up:
        requests_.started(children_.count(core_));
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
                    x.spec.options().restart == restart_kind::temporary
                      ? std::move(x.arguments) // there is no other start
                      : x.arguments,
                    [state = state_, key, incarnation] {
                      state->post({event::kind::started, key, incarnation});
                    },
                    [&]() -> const structured_task_coordinator& {
                      return tasks.emplace(state_->tasks());
                    },
                    state_->family()};
    std::unique_ptr<child_run> run;
    try {
      run = x.spec.body()->start(site);
    } catch (...) {
      auto why = failure::from(std::current_exception());
      const auto earliest = earliest_restart(why);
      failed(x, nullptr, std::move(why));
      return put_off({{event::kind::ended, key, incarnation}, earliest});
    }
    if (!run)
      return core_.ignored(key, incarnation, now());
    children_.begin_run(key, x, std::move(run));
    x.run->actor()->get()->attach_functor(
      [state = state_, key, incarnation](const caf::error& reason) {
        state->post({event::kind::ended, key, incarnation, reason});
      });
    if (!x.says_started())
      core_.started(key, incarnation, now());
  }

  // -- the end ----------------------------------------------------------------

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
        outcome =
          with_errors({errc::child_failed,
                       who() + " could not start all its children: "
                         + quoted(culprit().label()) + " did not start"});
        reason_ = outcome->error();
        break;
      case supervision_end::too_many:
        outcome = with_errors(
          {errc::restarts_exhausted,
           who() + ": children had to be restarted more than "
             + std::to_string(options_.max_restarts) + " times within "
             + span_of(options_.within) + "; the last one was "
             + quoted(culprit().label())
             + (culprit().ended_well ? ", which had ended without an error"
                                     : "")});
        reason_ = outcome->error();
        break;
    }
    concluded_ = true;
    publish();
    const auto why = outcome ? outcome->error() : requests_.closed();
    state_->conclude(std::move(outcome));
    requests_.end(state_->stats(), why);
    quit(std::move(reason_));
  }

  /// The child that it gave up for.
  const child& culprit() {
    return *children_.find(core_.culprit());
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
    if (state_->errors_overflowed())
      mine({errc::child_failed,
            "no more than " + std::to_string(options_.error_history)
              + " errors of the last " + span_of(options_.within)
              + " are listed; there were "
              + std::to_string(state_->stats().errors)
              + " since it was started"});
    mine(std::move(last));
    return to_failure(concurrent_errors{std::move(errors)});
  }

  void publish() {
    state_->published(children_.size(),
                      children_.size() == 0 ? 0 : core_.alive(),
                      core_.restarts());
  }

  const supervisor_ptr state_;
  const supervisor_options options_;
  supervision core_;
  const std::function<void()> up_;
  child_table children_;
  open_requests requests_;
  alarm timer_;
  std::optional<runtime::time_point> alarm_; ///< when the timer is due
  std::deque<later> put_off_;
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
