#include "axiom/coordination/waiting/priority_loans.hpp"

#include <algorithm>

namespace axiom::detail {

void priority_loans::begin() noexcept {
  for (auto& [holder, x] : loans_)
    x.wanted = 0;
}

void priority_loans::lend(task_actor& holder, runtime::job_level level) {
  if (level <= static_cast<runtime::job_level>(holder.priority()))
    return; // it has that of its own
  auto& x = loans_[&holder];
  x.wanted = std::max(x.wanted, level);
}

void priority_loans::end(std::vector<task_ptr>& changed) {
  for (auto i = loans_.begin(); i != loans_.end();) {
    auto& [holder, x] = *i;
    const auto before = x.level.load(std::memory_order_relaxed);
    if (x.wanted != before) {
      changed.push_back(strong(*holder));
      x.level.store(x.wanted, std::memory_order_relaxed);
    }
    if (before == 0 && x.wanted != 0)
      holder->add_waiter(x);
    if (x.wanted != 0) {
      ++i;
      continue;
    }
    holder->remove_waiter(x);
    i = loans_.erase(i);
  }
}

} // namespace axiom::detail
