#include <algorithm>
#include <utility>

#include "axiom/coordination/phases.hpp"
#include "axiom/error/enum_names.hpp"
#include "axiom/error/errc.hpp"
#include "axiom/runtime/later.hpp"

namespace axiom {

namespace {

using kind = phase_effect::kind;

constexpr enum_names<phase_state, 5> names{
  {"waiting", "running", "done", "overrun", "skipped"}};

phase_run::effects ignore(std::string why) {
  return {{.what = kind::ignored, .text = std::move(why)}};
}

/// Why the end of a phase in this state changes nothing.
std::string_view no_news(phase_state state) {
  switch (state) {
    case phase_state::waiting:
      return " ended before it was started";
    case phase_state::done:
      return " ended twice";
    case phase_state::overrun:
      return " ended after its budget";
    default:
      return " ended, but is never started in this run";
  }
}

} // namespace

std::string to_string(phase_state state) {
  return names.print(state);
}

phase_run::phase_run(phase_plan plan)
  : plan_(std::move(plan)), entries_(plan_.size()) {
  for (std::size_t i = 0; i < entries_.size(); ++i)
    entries_[i].waits_for = plan_.waits_for(i);
}

// -- events -------------------------------------------------------------------

phase_run::effects phase_run::start(runtime::time_point now) {
  if (std::exchange(started_, true))
    return ignore("it was started before");
  effects result;
  for (auto i : plan_.order())
    if (entries_[i].waits_for == 0)
      begin(i, now, result);
  finish_if_idle(result);
  return result;
}

phase_run::effects phase_run::phase_done(std::string_view name,
                                         runtime::time_point now) {
  auto index = plan_.find(name);
  if (!index)
    return ignore("there is no phase " + quoted(name));
  if (state(*index) != phase_state::running)
    return ignore("phase " + quoted(name).append(no_news(state(*index))));
  effects result;
  end(*index, phase_state::done);
  start_behind(*index, now, result);
  finish_if_idle(result);
  return result;
}

phase_run::effects phase_run::tick(runtime::time_point now) {
  effects result;
  std::vector<std::size_t> overdue;
  for (auto i : plan_.order())
    if (state(i) == phase_state::running && entries_[i].deadline <= now)
      overdue.push_back(i);
  for (auto i : overdue) {
    end(i, phase_state::overrun);
    result.push_back({.what = kind::overran, .phase = i});
    if (!plan_[i].recover)
      abort(i, result);
  }
  // Only now, so that nothing starts beside a phase that aborts.
  for (auto i : overdue)
    start_behind(i, now, result);
  if (!overdue.empty())
    finish_if_idle(result);
  return result;
}

// -- properties ---------------------------------------------------------------

std::optional<runtime::time_point> phase_run::next_deadline() const noexcept {
  std::optional<runtime::time_point> result;
  for (const auto& x : entries_)
    if (x.state == phase_state::running && (!result || x.deadline < *result))
      result = x.deadline;
  return result;
}

// -- steps --------------------------------------------------------------------

void phase_run::begin(std::size_t index, runtime::time_point now,
                      effects& out) {
  auto& x = entries_[index];
  x.state = phase_state::running;
  x.deadline = runtime::later(now, plan_[index].budget);
  ++running_;
  out.push_back({.what = kind::start, .phase = index});
}

void phase_run::end(std::size_t index, phase_state how) noexcept {
  entries_[index].state = how;
  --running_;
}

void phase_run::start_behind(std::size_t index, runtime::time_point now,
                             effects& out) {
  for (auto i : plan_.behind(index))
    if (--entries_[i].waits_for == 0 && state(i) == phase_state::waiting)
      begin(i, now, out);
}

void phase_run::abort(std::size_t index, effects& out) {
  if (aborted_by_)
    return;
  aborted_by_ = index;
  for (auto& x : entries_)
    if (x.state == phase_state::waiting)
      x.state = phase_state::skipped;
  out.push_back({.what = kind::aborted, .phase = index});
}

void phase_run::finish_if_idle(effects& out) {
  // What waits, waits for something that runs: the plan has no cycle.
  if (running_ > 0)
    return;
  finished_ = true;
  out.push_back({.what = kind::finished});
}

} // namespace axiom
