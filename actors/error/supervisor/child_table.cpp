#include "error/supervisor/child_table.hpp"

#include <array>
#include <utility>

#include <caf/actor_addr.hpp>

#include "axiom/task/defaults.hpp"

namespace axiom::detail {

actor_identity::actor_identity(const caf::actor_addr& x)
  : id(x.id()), node(x.node()) {
  // nop
}

// -- supervised_child ---------------------------------------------------------

bool supervised_child::says_started() const noexcept {
  return spec.options().start == child_start_mode::said
      || kind() == child_body::kind::supervisor;
}

runtime::duration supervised_child::shutdown() const noexcept {
  return spec.options().shutdown.value_or(kind() == child_body::kind::supervisor
                                            ? shutdown_infinity
                                            : defaults::child_shutdown);
}

std::string supervised_child::label() const {
  return name + " #" + std::to_string(starts);
}

// -- by key -------------------------------------------------------------------

void child_table::insert(child_key key, supervised_child x) {
  names_.emplace(x.name, key);
  children_.emplace_hint(children_.end(), key, std::move(x));
}

void child_table::erase(child_key key) {
  auto i = children_.find(key);
  names_.erase(i->second.name);
  children_.erase(i);
}

supervised_child* child_table::find(child_key key) {
  auto i = children_.find(key);
  return i != children_.end() ? &i->second : nullptr;
}

// -- by name ------------------------------------------------------------------

std::optional<child_key> child_table::named(const std::string& name) const {
  auto i = names_.find(name);
  if (i == names_.end())
    return std::nullopt;
  return i->second;
}

// -- by actor -----------------------------------------------------------------

void child_table::begin_run(child_key key, supervised_child& x,
                            std::unique_ptr<child_run> run) {
  x.run = std::move(run);
  actors_.insert_or_assign(actor_identity{*x.run->actor()}, key);
}

std::unique_ptr<child_run> child_table::end_run(child_key key,
                                                supervised_child& x) {
  auto run = std::move(x.run);
  const actor_identity who{*run->actor()};
  // An actor may have been given out twice.
  if (auto i = actors_.find(who); i != actors_.end() && i->second == key)
    actors_.erase(i);
  ++recent_times_[who];
  recent_.push_back(who);
  if (recent_.size() > most_recent) {
    auto i = recent_times_.find(recent_.front());
    if (--i->second == 0)
      recent_times_.erase(i);
    recent_.pop_front();
  }
  return run;
}

std::optional<child_key> child_table::played_by(
  const actor_identity& who) const {
  auto i = actors_.find(who);
  if (i == actors_.end())
    return std::nullopt;
  return i->second;
}

bool child_table::knows(const actor_identity& who) const {
  return actors_.count(who) != 0 || recent_times_.count(who) != 0;
}

// -- all ----------------------------------------------------------------------

void child_table::kill_all() {
  for (auto& [key, x] : children_)
    if (x.run)
      x.run->kill();
}

void child_table::clear() noexcept {
  children_.clear();
  names_.clear();
  actors_.clear();
}

child_info child_table::describe(child_key key, const supervision& core) const {
  return describe(key, children_.at(key), core);
}

std::vector<child_info> child_table::describe_all(
  const supervision& core) const {
  std::vector<child_info> result;
  result.reserve(children_.size());
  for (auto& [key, x] : children_)
    result.push_back(describe(key, x, core));
  return result;
}

child_info child_table::describe(child_key key, const supervised_child& x,
                                 const supervision& core) {
  constexpr std::array kinds{"actor", "task", "supervisor"};
  child_info result;
  result.name = x.name;
  result.state = core.state_of(key).value_or(child_state::stopped);
  result.kind = kinds[static_cast<std::size_t>(x.kind())];
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

child_counts child_table::count(const supervision& core) const {
  child_counts result;
  result.specs = children_.size();
  result.active = core.alive();
  for (auto& [key, x] : children_)
    if (x.kind() == child_body::kind::supervisor)
      ++result.supervisors;
  result.workers = result.specs - result.supervisors;
  return result;
}

} // namespace axiom::detail
