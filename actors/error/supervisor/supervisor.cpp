#include "axiom/error/supervisor.hpp"

#include <type_traits>
#include <utility>

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/sec.hpp>
#include <caf/send.hpp>

#include "axiom/coordination/detail/problems.hpp"
#include "axiom/error/supervisor/supervisor_state.hpp"
#include "axiom/task/context_ops.hpp"

namespace axiom {

namespace detail {

namespace {

/// A child that is a supervisor: its error, as long as it is in the process, is
/// the tree of its children's.
class supervisor_run final : public child_run {
public:
  supervisor_run(supervisor_ptr state, const supervisor_actor& actor)
    : child_run(caf::actor_cast<caf::strong_actor_ptr>(actor)),
      state_(std::move(state)) {
    // nop
  }

  child_exit explain(const caf::error& reason) override {
    auto outcome = state_->outcome();
    auto result = outcome && outcome->error() == reason
                  ? child_exit{class_of(reason), std::move(outcome)}
                  : child_run::explain(reason);
    if (result.why && !result.why->is(errc::concurrent_errors))
      result.before = state_->errors(); // it was ended by somebody else
    return result;
  }

private:
  supervisor_ptr state_;
};

class supervisor_body final : public child_body {
public:
  explicit supervisor_body(supervisor_options options)
    : options_(std::move(options)) {
    // nop
  }

  std::unique_ptr<child_run> start(child_site& site) const override {
    supervisor_ptr state{new supervisor_state(runtime::host::of(site.system),
                                              options_, site.family)};
    auto actor = start_supervisor(site.system, state, options_, site.report);
    return std::make_unique<supervisor_run>(std::move(state), actor);
  }

  kind what() const noexcept override {
    return kind::supervisor;
  }

  void each_supervisor(
    const std::function<void(const std::string&)>& f) const override {
    f(options_.name);
    for (const auto& child : options_.children)
      child.body()->each_supervisor(f);
  }

  void check(const std::string& where,
             std::vector<std::string>& problems) const override {
    check_supervisor(options_, where, problems);
  }

private:
  supervisor_options options_;
};

/// In a message an error is no tree any more: throws the one that the
/// supervisor has ended with, if it is that.
void rethrow_outcome(const supervisor_state& state, const caf::error& error) {
  if (auto outcome = state.outcome(); outcome && outcome->error() == error)
    outcome->rethrow();
}

/// What a request is answered with that came when the supervisor was no more.
/// Throws, unless it was to stop.
template <class R>
R answer_of_ended(const supervisor_state& state) {
  if constexpr (std::is_same_v<R, supervisor_stats>) {
    return state.stats();
  } else {
    if constexpr (std::is_same_v<R, child_counts>)
      if (auto outcome = state.outcome())
        outcome->rethrow();
    throw exception{errc::scope_closed,
                    "supervisor " + quoted(state.name()) + " has ended"};
  }
}

template <class R, class... Ts>
async<R> ask_supervisor(task_context& self, supervisor_ptr state,
                        supervisor_actor who, Ts... xs) {
  try {
    co_return co_await self.request(who, runtime::duration::max(),
                                    std::move(xs)...);
  } catch (const exception& ex) {
    if (ex.error() != caf::sec::request_receiver_down) {
      rethrow_outcome(*state, ex.error());
      throw;
    }
  }
  co_return answer_of_ended<R>(*state);
}

} // namespace

} // namespace detail

child_spec supervisor_child(child_options options, supervisor_options nested) {
  nested.name = options.name;
  return {std::move(options),
          std::make_shared<detail::supervisor_body>(std::move(nested))};
}

/// What the handles to one supervisor share. Their end is the end of it.
struct supervisor::block {
  block(detail::supervisor_ptr x, supervisor_actor y)
    : state(std::move(x)), actor(std::move(y)) {
    // nop
  }

  block(const block&) = delete;
  block& operator=(const block&) = delete;

  ~block() {
    caf::anon_send(actor, ended_atom_v);
  }

  const detail::supervisor_ptr state;
  const supervisor_actor actor;
};

supervisor::supervisor(std::shared_ptr<const block> x) : block_(std::move(x)) {
  // nop
}

supervisor supervisor::spawn(caf::actor_system& sys,
                             supervisor_options options) {
  using namespace detail;
  refuse_if_any(problems_of(options));
  supervisor_ptr state{
    new supervisor_state(runtime::host::of(sys), options, nullptr)};
  auto actor = start_supervisor(sys, state, std::move(options), {});
  return supervisor{
    std::make_shared<const block>(std::move(state), std::move(actor))};
}

std::string_view supervisor::name() const noexcept {
  return block_->state->name();
}

const supervisor_actor& supervisor::actor() const noexcept {
  return block_->actor;
}

// -- requests -----------------------------------------------------------------

template <class R, class... Ts>
task<R> supervisor::ask(std::string_view what, Ts... xs) const {
  auto op = [state = block_->state, who = actor(), xs...](task_context& self) {
    return detail::ask_supervisor<R>(self, state, who, xs...);
  };
  return block_->state->tasks().create_child_task(what, std::move(op));
}

task<child_counts> supervisor::ready() const {
  return ask<child_counts>("ready", ready_atom_v);
}

task<child_info> supervisor::start_child(child_spec spec) const {
  local_child_spec local{std::make_shared<const child_spec>(std::move(spec))};
  return ask<child_info>("start child", start_child_atom_v, std::move(local));
}

task<child_info> supervisor::start_child(caf::message arguments) const {
  return ask<child_info>("start child", start_child_atom_v,
                         std::move(arguments));
}

task<child_info> supervisor::terminate_child(
  std::string_view child_name) const {
  return ask<child_info>("terminate child", terminate_child_atom_v,
                         std::string{child_name});
}

task<child_info> supervisor::remove_child(std::string_view child_name) const {
  return ask<child_info>("remove child", remove_child_atom_v,
                         std::string{child_name});
}

task<child_info> supervisor::restart_child(std::string_view child_name) const {
  return ask<child_info>("restart child", restart_child_atom_v,
                         std::string{child_name});
}

task<std::vector<child_info>> supervisor::which_children() const {
  return ask<std::vector<child_info>>("which children", which_children_atom_v);
}

task<child_counts> supervisor::count_children() const {
  return ask<child_counts>("count children", count_children_atom_v);
}

task<supervisor_stats> supervisor::stop() const {
  return ask<supervisor_stats>("stop", shutdown_atom_v);
}

// -- observing ----------------------------------------------------------------

bool supervisor::ended() const noexcept {
  return block_->state->ended();
}

std::optional<failure> supervisor::outcome() const {
  return block_->state->outcome();
}

std::vector<task_error> supervisor::errors() const {
  return block_->state->errors();
}

supervisor_stats supervisor::stats() const {
  return block_->state->stats();
}

std::vector<supervisor_stats> all_supervisor_stats(caf::actor_system& sys) {
  std::vector<supervisor_stats> result;
  if (auto* host = runtime::host::find(sys))
    host->residents().for_each<detail::supervisor_family>([&](auto& family) {
      for (auto& x : family.stats())
        result.push_back(std::move(x));
    });
  return result;
}

} // namespace axiom
