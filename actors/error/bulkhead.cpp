#include "axiom/error/bulkhead.hpp"

#include <vector>

#include "axiom/coordination/detail/problems.hpp"
#include "axiom/error/exception.hpp"

namespace axiom {

namespace {

bulkhead_options checked(bulkhead_options options) {
  std::vector<std::string> problems;
  const auto who = "bulkhead " + quoted(options.name) + ": ";
  if (options.max_wait && *options.max_wait <= runtime::duration::zero())
    problems.push_back(who + "max_wait must be positive");
  if (options.weight == 0)
    problems.push_back(who + "the weight is 0; use at least 1");
  detail::refuse_if_any(problems);
  if (options.name.size() > max_task_name)
    throw exception{errc::name_too_long,
                    "the name of a bulkhead is longer than "
                      + std::to_string(max_task_name) + " bytes"};
  return options;
}

} // namespace

std::shared_ptr<bulkhead::state> bulkhead::make_state(
  std::variant<concurrency_limiter, limiter_partition> limiter,
  bulkhead_options options) {
  return std::make_shared<state>(std::move(limiter),
                                 checked(std::move(options)));
}

bulkhead::bulkhead(concurrency_limiter limiter, bulkhead_options options)
  : state_(make_state(std::move(limiter), std::move(options))) {
  // nop
}

bulkhead::bulkhead(limiter_partition limiter, bulkhead_options options)
  : state_(make_state(std::move(limiter), std::move(options))) {
  // nop
}

bulkhead::waiting_place::waiting_place(state& where) : state_(where) {
  const auto most = where.options.max_waiting;
  auto n = where.waiting.load(std::memory_order_relaxed);
  do {
    if (n >= most) {
      where.refused.fetch_add(1, std::memory_order_relaxed);
      throw exception{errc::queue_full, "bulkhead " + quoted(where.options.name)
                                          + " is full, and " + std::to_string(n)
                                          + " wait already, of at most "
                                          + std::to_string(most)};
    }
  } while (
    !where.waiting.compare_exchange_weak(n, n + 1, std::memory_order_relaxed));
}

std::size_t bulkhead::waiting() const noexcept {
  return state_->waiting.load(std::memory_order_relaxed);
}

std::uint64_t bulkhead::refused() const noexcept {
  return state_->refused.load(std::memory_order_relaxed);
}

} // namespace axiom
