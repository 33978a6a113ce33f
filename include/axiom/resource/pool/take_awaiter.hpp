#pragma once

#include <optional>
#include <utility>

#include "axiom/resource/pool/pool_state.hpp"
#include "axiom/task/async.hpp"
#include "axiom/task/detail/awaiter.hpp"

namespace axiom::detail {

/// What `take` returns, to be awaited.
template <class T>
struct take_request : awaitable_tag {
  take_request(const pool_access& where, pool_state<T>& what,
               take_terms how) noexcept
    : access(&where), pool(&what), terms(std::move(how)) {
    // nop
  }

  const pool_access* access; ///< of the pool, which is there as long as this
  pool_state<T>* pool;
  take_terms terms;
};

/// Takes an object the long way: waits, creates.
/// @param access keeps the pool open
template <class T>
async<pooled<T>> take_slowly(pool_access_ptr access, task_actor& task,
                             take_terms terms, pool_claim<T> claim) {
  if (!claim.creating()) {
    auto place = co_await access->wait(task, std::move(terms));
    claim.place = std::move(place);
    auto idle = claim.take_idle();
    if (idle)
      co_return std::move(idle);
  }
  auto& pool = claim.pool();
  co_return co_await pool.create(std::move(claim), task);
}

/// Awaits an object of a pool. Where a place is free and an object idle, as it
/// is nearly always in a pool of the right size, it takes them by itself;
/// otherwise a coroutine does what is to be done, as if it had been called.
///
/// Refers to the request, which is part of the same expression.
template <class T>
class take_awaiter final : public awaiter<take_awaiter<T>> {
public:
  explicit take_awaiter(const take_request<T>& what) noexcept : what_(what) {
    // nop
  }

  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) {
    auto& task = *caller.promise().task;
    if (this->ends_here(task))
      return true;
    pool_claim<T> claim{boost::intrusive_ptr<pool_state<T>>{what_.pool}};
    if (what_.access->try_at_once(claim.place)) {
      got_ = claim.take_idle();
      if (got_)
        return this->ends_here(task); // given back with this, if it does
    }
    slowly_.emplace(take_slowly<T>(what_.access->shared_from_this(), task,
                                   what_.terms, std::move(claim))
                      .release());
    slowly_->await_suspend(caller);
    return true;
  }

  pooled<T> await_resume() {
    return slowly_ ? slowly_->await_resume() : std::move(got_);
  }

private:
  const take_request<T>& what_;
  pooled<T> got_;
  std::optional<async_awaiter<pooled<T>>> slowly_;
};

template <class T>
take_awaiter<T> as_awaiter(const take_request<T>& x) noexcept {
  return take_awaiter<T>{x};
}

} // namespace axiom::detail
