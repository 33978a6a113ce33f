#include "axiom/error/supervisor/supervisor_family.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "axiom/error/supervisor/supervisor_state.hpp"

namespace axiom::detail {

namespace {

void add_to(supervisor_stats& sum, const supervisor_stats& x) {
  sum.children += x.children;
  sum.active += x.active;
  sum.starts += x.starts;
  sum.restarts += x.restarts;
  sum.errors += x.errors;
}

} // namespace

void supervisor_family::enter(supervisor_state& x) {
  std::lock_guard guard{mutex_};
  living_.push_back(&x);
}

void supervisor_family::leave(supervisor_state& x) noexcept {
  auto figures = x.stats();
  figures.children = figures.active = 0; // it has none any more
  std::lock_guard guard{mutex_};
  std::erase(living_, &x);
  auto& sum = gone_[figures.name];
  sum.name = figures.name;
  add_to(sum, figures);
}

void supervisor_family::forget(const std::string& name) noexcept {
  std::lock_guard guard{mutex_};
  if (std::none_of(living_.begin(), living_.end(),
                   [&name](auto* x) { return x->name() == name; }))
    gone_.erase(name);
}

std::vector<supervisor_stats> supervisor_family::stats() const {
  std::vector<supervisor_stats> result;
  std::map<std::string_view, std::size_t> places;
  // By names that live as long as the lock is held.
  auto add = [&](std::string_view name, supervisor_stats x) {
    auto [i, added] = places.try_emplace(name, result.size());
    if (added)
      result.push_back(std::move(x));
    else
      add_to(result[i->second], x);
  };
  std::lock_guard guard{mutex_};
  for (auto* x : living_)
    add(x->name(), x->stats());
  for (auto& [name, x] : gone_)
    add(name, x);
  return result;
}

} // namespace axiom::detail
