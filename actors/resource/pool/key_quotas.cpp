#include "axiom/resource/pool/key_quotas.hpp"

#include <algorithm>
#include <vector>

#include "axiom/task/reference.hpp"

namespace axiom::detail {

namespace {

/// So many limiters of keys are kept that nobody uses.
constexpr std::size_t most_spare = 64;

/// All keys have one name, so that they are one line at `/metrics`.
std::string common_name(std::string_view pool) {
  constexpr std::string_view suffix = " keys";
  return std::string{pool.substr(0, max_task_name - suffix.size())}.append(
    suffix);
}

/// Adds what happened, not what is.
void add_history(limiter_stats& into, const limiter_stats& x) {
  into.granted += x.granted;
  into.queued += x.queued;
  into.cancelled += x.cancelled;
  into.timed_out += x.timed_out;
  into.refused += x.refused;
  into.deadlocks += x.deadlocks;
  into.waits += x.waits;
}

} // namespace

key_quotas::key_quotas(caf::actor_system& sys, std::string_view pool,
                       std::uint32_t quota, runtime::duration ageing)
  : sys_(sys),
    options_{
      .name = common_name(pool), .max_concurrency = quota, .ageing = ageing} {
  // nop
}

key_quotas::~key_quotas() {
  close();
}

key_use key_quotas::use(std::string_view key) {
  std::lock_guard guard{mutex_};
  if (closed_)
    throw exception{errc::scope_closed,
                    "limiter " + quoted(options_.name) + " is closed"};
  auto [i, fresh] = entries_.try_emplace(std::string{key});
  auto& x = i->second;
  if (fresh) {
    try {
      x.limiter = concurrency_limiter::spawn(sys_, options_);
    } catch (...) {
      entries_.erase(i);
      throw;
    }
    x.key = &i->first;
  } else if (x.users == 0) {
    spare_.erase(spare_.iterator_to(x));
  }
  ++x.users;
  return {shared_from_this(), x};
}

void key_quotas::done(entry& x) noexcept {
  entries::node_type gone; // ends without the lock
  std::lock_guard guard{mutex_};
  if (--x.users > 0)
    return;
  if (closed_) {
    gone = entries_.extract(*x.key);
    return;
  }
  spare_.push_front(x);
  if (spare_.size() <= most_spare)
    return;
  auto& oldest = spare_.back();
  spare_.pop_back();
  add_history(gone_, oldest.limiter->stats());
  gone = entries_.extract(*oldest.key);
}

void key_quotas::close() noexcept {
  std::vector<std::optional<concurrency_limiter>> gone; // end without the lock
  std::lock_guard guard{mutex_};
  if (closed_)
    return;
  closed_ = true;
  spare_.clear();
  for (auto i = entries_.begin(); i != entries_.end();) {
    auto& x = i->second;
    x.limiter->close();
    add_history(gone_, x.limiter->stats());
    gone.push_back(std::move(x.limiter));
    x.limiter.reset();
    i = x.users == 0 ? entries_.erase(i) : std::next(i);
  }
}

key_quotas::figures key_quotas::stats() {
  std::lock_guard guard{mutex_};
  figures result{entries_.size() - spare_.size(), gone_};
  for (auto& [key, x] : entries_) {
    if (!x.limiter)
      continue; // closed
    auto now = x.limiter->stats();
    add_history(result.sum, now);
    result.sum.waiting += now.waiting;
    result.sum.oldest_wait = std::max(result.sum.oldest_wait, now.oldest_wait);
  }
  return result;
}

concurrency_limiter key_use::limiter() const {
  std::lock_guard guard{quotas_->mutex_};
  auto& x = entry_->limiter;
  if (!x)
    throw exception{errc::scope_closed,
                    "limiter " + quoted(quotas_->options_.name) + " is closed"};
  return *x;
}

} // namespace axiom::detail
