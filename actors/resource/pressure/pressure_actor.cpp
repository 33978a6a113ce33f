#include <algorithm>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "axiom/coordination/cancellation_handle.hpp"
#include "axiom/resource/pressure/memory_files.hpp"
#include "axiom/resource/pressure/pressure_gauge.hpp"
#include "axiom/resource/pressure/pressure_response.hpp"
#include "axiom/resource/pressure/pressure_state.hpp"
#include "axiom/resource/pressure/shedding.hpp"
#include "axiom/runtime/later.hpp"

namespace axiom::detail {

namespace {

/// Names of tasks for people; not all of many.
std::string names_of(const std::vector<task_ptr>& tasks) {
  constexpr std::size_t most = 16;
  std::string result;
  for (std::size_t i = 0; i < std::min(tasks.size(), most); ++i)
    result += (i > 0 ? ", " : "") + quoted(as_task(tasks[i])->task_name());
  if (tasks.size() > most)
    result += " and " + std::to_string(tasks.size() - most) + " more";
  return result;
}

/// Those who can do with less memory, and what each was asked for. The actor's
/// own; whoever is in it is held weakly.
class relief_list {
public:
  void add(std::vector<std::weak_ptr<memory_relief>> arrivals) {
    for (auto& x : arrivals)
      if (std::none_of(list_.begin(), list_.end(),
                       [&x](auto& y) { return same(x, y.who); }))
        list_.push_back({std::move(x), relief_stage::none, false});
  }

  /// Asks everybody who was not asked yet: for more in the order in which they
  /// came, for less in the reverse one. Returns how many failed.
  std::size_t relieve(relief_stage stage) {
    std::size_t failed = 0;
    auto ask = [&](entry& x) {
      const auto who = x.who.lock();
      if (who == nullptr || std::exchange(x.asked, stage) == stage)
        return;
      try {
        who->relieve(stage);
      } catch (...) {
        ++failed;
      }
    };
    for (auto& x : list_)
      if (x.asked < stage)
        ask(x);
    for (auto i = list_.rbegin(); i != list_.rend(); ++i)
      ask(*i);
    return failed;
  }

  void forget_gone() {
    std::erase_if(list_, [](auto& x) { return x.who.expired(); });
  }

  enum class audience { everybody, newcomers };

  /// Returns how many failed.
  std::size_t tell(std::uint64_t headroom, audience whom) {
    if (headroom == memory_reading::unlimited)
      return 0; // nothing is known
    std::size_t failed = 0;
    for (auto& x : list_) {
      const auto who = x.who.lock();
      const auto heard = std::exchange(x.told, true);
      if (who == nullptr || (heard && whom == audience::newcomers))
        continue;
      try {
        who->headroom(headroom);
      } catch (...) {
        ++failed;
      }
    }
    return failed;
  }

  std::size_t size() const noexcept {
    return list_.size();
  }

private:
  using weak_relief = std::weak_ptr<memory_relief>;

  struct entry {
    weak_relief who;
    relief_stage asked;
    bool told; ///< how much is left, once at least
  };

  static bool same(const weak_relief& a, const weak_relief& b) noexcept {
    return !a.owner_before(b) && !b.owner_before(a);
  }

  std::vector<entry> list_;
};

/// A memory_pressure as an actor: reads, and does what its parts decide.
///
///     open --close, exit message, end of the last handle--> ended
///
/// All state is the actor's own. Others see what it publishes after each
/// reading.
///
/// The files are read here, on a worker, rather than on a thread for blocking
/// work: they have no disk behind them, a reading takes some tens of
/// microseconds (`longest_reading` in the figures tells), and when memory is
/// short a thread that has to be started first, or waits behind blocking
/// operations that wait for memory, is what one cannot rely on.
///
/// A reading for which there is no memory is given up and counted; the next one
/// follows as usual.
class pressure_impl final : public memory_pressure_actor::base {
public:
  pressure_impl(caf::actor_config& cfg, pressure_state_ptr state,
                memory_pressure_options options)
    : memory_pressure_actor::base(cfg),
      state_(std::move(state)),
      options_(std::move(options)),
      files_(options_.root),
      gauge_(options_),
      timer_(*state_) {
    // nop
  }

  const char* name() const override {
    return "axiom.memory_pressure";
  }

  // On `kill` CAF runs no handler. Nothing is announced then: to send from a
  // dying actor is undefined.
  void on_exit() override {
    timers().cancel(timer_);
    for (auto& x : subscribers_)
      demonitor(x);
    subscribers_.clear();
    for (auto step : response_.on_close())
      reliefs_.relieve(stage_after(step));
    state_->ended();
  }

protected:
  behavior_type make_behavior() override {
    set_exit_handler([this](caf::exit_msg& msg) {
      if (msg.reason)
        end(std::move(msg.reason));
    });
    set_down_handler([this](caf::down_msg& msg) { forget(msg.source); });
    return {
      [this](level_atom) { return gauge_.level(); },
      [this](stats_atom) { return state_->stats(); },
      [this](subscribe_atom, const caf::actor& x) { subscribe(x); },
      [this](unsubscribe_atom, const caf::actor& x) { unsubscribe(x); },
      [this](read_atom) {
        read();
        return stats_.reading;
      },
      [this](close_atom) { end({}); },
      [this](tick_atom) { read(); },
      [this](attach_atom) {
        greet();
        // The others have heard it, and have used some of it since.
        stats_.relief_failures += reliefs_.tell(
          stats_.reading.headroom, relief_list::audience::newcomers);
        state_->publish(stats_);
      },
      [this](ended_atom) { end({}); },
    };
  }

private:
  /// Calls for the next reading.
  struct reading_timer final : runtime::timer_entry {
    explicit reading_timer(pressure_state& x) noexcept : state(x) {
      // nop
    }

    void fire() noexcept override {
      caf::anon_send(state.actor(), tick_atom_v);
    }

    pressure_state& state;
  };

  runtime::timer_service& timers() const {
    return state_->host().timers();
  }

  static relief_stage stage_after(pressure_step step) {
    switch (step) {
      case pressure_step::serialise:
        return relief_stage::serialise;
      case pressure_step::regrow:
        return relief_stage::none;
      default:
        return relief_stage::shrink;
    }
  }

  // -- readings ---------------------------------------------------------------

  void read() {
    ++stats_.readings;
    try {
      take_reading();
    } catch (const std::bad_alloc&) {
      ++stats_.failed_readings;
    }
    timers().cancel(timer_);
    timers().arm(timer_,
                 runtime::later(timers().now(),
                                gauge_.level() == memory_pressure_level::normal
                                  ? options_.interval
                                  : options_.urgent_interval));
  }

  void take_reading() {
    const auto begin = runtime::clock_type::now();
    const auto samples = files_.read();
    stats_.longest_reading = std::max<std::chrono::nanoseconds>(
      stats_.longest_reading, runtime::clock_type::now() - begin);
    auto result = gauge_.read(samples, timers().now());
    stats_.reading = std::move(result.reading);
    stats_.sources.clear();
    for (auto& x : gauge_.sources())
      stats_.sources.push_back({std::move(x.source), std::move(x.problem)});
    state_->publish(result.level, stats_.reading.headroom);
    for (auto& x : result.changes)
      announce(x.lost ? pressure_step::source_lost : pressure_step::source_back,
               x.source + (x.lost ? " " + x.what : ""));
    set_level(result.level, {});
    greet();
    for (auto step : response_.on_reading(result.level, result.acute))
      perform(step);
    reliefs_.forget_gone();
    stats_.relief_failures +=
      reliefs_.tell(stats_.reading.headroom, relief_list::audience::everybody);
    stats_.reliefs = reliefs_.size();
    state_->publish(stats_);
  }

  void set_level(memory_pressure_level to, std::string detail) {
    const auto from = std::exchange(stats_.level, to);
    if (from == to)
      return;
    ++stats_.entered[static_cast<std::size_t>(to)];
    announce(pressure_step::level, std::move(detail), from);
  }

  /// Brings those who were attached meanwhile to where the others are.
  void greet() {
    reliefs_.add(state_->take_arrivals());
    reliefs_.forget_gone();
    stats_.relief_failures += reliefs_.relieve(stats_.stage);
    stats_.reliefs = reliefs_.size();
  }

  void perform(pressure_step step) {
    if (step == pressure_step::shed)
      return shed();
    stats_.stage = stage_after(step);
    stats_.relief_failures += reliefs_.relieve(stats_.stage);
    announce(step, {});
  }

  void end(caf::error reason) {
    set_level(memory_pressure_level::normal, "closed");
    for (auto step : response_.on_close())
      perform(step);
    quit(std::move(reason));
  }

  // -- shedding ---------------------------------------------------------------

  void shed() {
    const auto tasks = choose_to_shed(state_->host(), options_.shed_batch);
    if (tasks.empty()) {
      ++stats_.shed_in_vain;
      return;
    }
    cancel_options how;
    how.reason = cancel_reason::limit_shed;
    how.grace = options_.shed_grace;
    how.origin = "memory pressure (" + to_string(stats_.level) + ": "
               + to_string(stats_.reading) + ")";
    for (auto& x : tasks) {
      const cancellation under_way{cancel_tree(*as_task(x), how)};
      ++still_ending_;
      response_.batch_begins();
      under_way.then(
        this, [this](const cancellation_report& report) { was_shed(report); });
    }
    announce(pressure_step::shed, names_of(tasks));
  }

  void was_shed(const cancellation_report& report) {
    if (report.requested > 0) { // else it had ended by itself
      ++stats_.shed_tasks;
      stats_.shed_in_all += report.requested;
      stats_.shed_overdue += report.overdue_count;
    }
    if (--still_ending_ == 0)
      response_.batch_ends();
    state_->publish(stats_);
  }

  // -- subscribers ------------------------------------------------------------

  void announce(pressure_step step, std::string detail) {
    announce(step, std::move(detail), stats_.level);
  }

  void announce(pressure_step step, std::string detail,
                memory_pressure_level from) {
    ++stats_.steps[static_cast<std::size_t>(step)];
    try {
      const memory_pressure_event event{step,           from,
                                        stats_.level,   stats_.stage,
                                        stats_.reading, std::move(detail)};
      for (auto& x : subscribers_)
        if (auto alive = caf::actor_cast<caf::actor>(x))
          caf::anon_send(alive, event);
    } catch (const std::bad_alloc&) {
      ++stats_.lost_events; // what is done goes on
    }
  }

  void subscribe(const caf::actor& x) {
    auto who = caf::actor_cast<caf::actor_addr>(x);
    if (!who
        || std::find(subscribers_.begin(), subscribers_.end(), who)
             != subscribers_.end())
      return;
    subscribers_.push_back(std::move(who));
    stats_.subscribers = subscribers_.size();
    monitor(x);
    state_->publish(stats_);
  }

  void unsubscribe(const caf::actor& x) {
    const auto who = caf::actor_cast<caf::actor_addr>(x);
    demonitor(who);
    forget(who);
  }

  void forget(const caf::actor_addr& who) {
    std::erase(subscribers_, who);
    stats_.subscribers = subscribers_.size();
    state_->publish(stats_);
  }

  const pressure_state_ptr state_;
  const memory_pressure_options options_;
  memory_files files_;
  pressure_gauge gauge_;
  pressure_response response_;
  relief_list reliefs_;
  std::vector<caf::actor_addr> subscribers_;
  std::size_t still_ending_ = 0; ///< tasks of the batch that is out
  memory_pressure_stats stats_;
  reading_timer timer_;
};

} // namespace

memory_pressure_actor spawn_pressure_actor(caf::actor_system& sys,
                                           pressure_state_ptr state,
                                           memory_pressure_options options) {
  return sys.spawn<pressure_impl>(std::move(state), std::move(options));
}

} // namespace axiom::detail
