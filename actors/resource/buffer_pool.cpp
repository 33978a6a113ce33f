#include "axiom/resource/buffer_pool.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <thread>

#include "axiom/error/exception.hpp"
#include "resource/milliseconds.hpp"

namespace axiom {

namespace detail {

namespace {

constexpr std::size_t most_name = 48;
constexpr std::size_t least_block = 64;

std::string bytes(std::size_t n) {
  return std::to_string(n) + (n == 1 ? " byte" : " bytes");
}

buffer_pool_options checked(buffer_pool_options x) {
  if (x.name.size() > most_name)
    throw exception{errc::name_too_long,
                    "the name of a buffer pool has at most "
                      + std::to_string(most_name) + " bytes"};
  std::vector<std::string> found;
  for (auto [what, size] :
       {std::pair{"smallest", x.smallest}, std::pair{"largest", x.largest}})
    if (!std::has_single_bit(size))
      found.push_back(
        what + (" is " + std::to_string(size))
        + ", which is no power of two; the next one is "
        + std::to_string(std::bit_ceil(std::min(size, std::size_t{1} << 62))));
  if (x.smallest < least_block)
    found.push_back("smallest is " + std::to_string(x.smallest)
                    + "; it is at least " + std::to_string(least_block));
  if (x.largest < x.smallest)
    found.push_back("largest is " + std::to_string(x.largest)
                    + ", less than smallest, which is "
                    + std::to_string(x.smallest));
  if (x.budget < x.largest)
    found.push_back("budget is " + std::to_string(x.budget)
                    + ", less than one block of the largest size, "
                    + std::to_string(x.largest));
  else if (x.smallest > 0 && x.budget / x.smallest > max_permits)
    found.push_back("budget is " + std::to_string(x.budget) + ", more than "
                    + std::to_string(max_permits)
                    + " of the smallest blocks; raise smallest");
  if (x.idle_timeout < runtime::duration::zero())
    found.emplace_back("idle_timeout is negative; use 0 to turn it off");
  if (x.ageing < runtime::duration::zero())
    found.emplace_back("ageing is negative; use 0 to turn it off");
  std::string problems;
  for (auto& text : found)
    problems += (problems.empty() ? "" : "; ") + text;
  if (!problems.empty())
    throw exception{errc::invalid_argument,
                    "buffer pool " + quoted(x.name) + ": " + problems};
  return x;
}

} // namespace

// -- memory_block -------------------------------------------------------------

memory_block::memory_block(std::shared_ptr<byte_account> account,
                           std::size_t size)
  : account_(std::move(account)), size_(size) {
  try {
    data_.reset(static_cast<std::byte*>(::operator new[](size, alignment)));
  } catch (...) {
    account_->give_back(size);
    throw;
  }
}

memory_block::~memory_block() {
  if (account_ == nullptr)
    return;
  data_.reset(); // before there is room for others
  account_->give_back(size_);
}

// -- buffer_store -------------------------------------------------------------

/// What the handles to one pool of buffers share, and those who take.
///
/// A taker has permits of the budget, in units of the smallest block, from
/// before it has a block until after that is idle again. So what is not idle,
/// with the block that somebody is about to allocate, always fits into the
/// budget; and where the account has no room for it, that is because of idle
/// blocks, or of some that are just being freed: `make_room` finds the former
/// and waits for the latter, which takes no longer than to free memory.
///
/// The account is apart from this, since blocks refer to it, and this to them.
class buffer_store final : public trimming_relief {
public:
  using pool_type = resource_pool<memory_block>;

  struct size_class {
    std::size_t size;
    permit_count weight; ///< in units of the smallest one
    pool_type pool;
  };

  buffer_store(caf::actor_system& sys, buffer_pool_options x)
    : options(checked(std::move(x))),
      account(std::make_shared<byte_account>(options.budget)),
      budget(concurrency_limiter::spawn(
        sys, {.name = options.name,
              .max_concurrency =
                static_cast<permit_count>(options.budget / options.smallest),
              .ageing = options.ageing})) {
    for (auto size = options.smallest; size <= options.largest; size *= 2) {
      const auto weight = static_cast<permit_count>(size / options.smallest);
      // Called by those who take only, and they keep this.
      auto factory = [this, size] {
        make_room(size);
        return memory_block{account, size};
      };
      classes.push_back(
        {size, weight,
         pool_type::spawn(sys,
                          {.name = options.name + ' ' + std::to_string(size),
                           .max = budget.limit() / weight,
                           .idle_timeout = options.idle_timeout,
                           .ageing = options.ageing},
                          factory)});
    }
  }

  /// The class whose blocks hold `n` bytes. Throws `errc::invalid_argument` and
  /// `errc::exceeds_capacity`.
  const size_class& class_of(std::size_t n) const {
    if (n == 0)
      throw exception{errc::invalid_argument,
                      "a buffer of 0 bytes of " + who()
                        + " is asked for; ask for at least 1"};
    if (n > options.largest)
      throw exception{errc::exceeds_capacity,
                      "a buffer of " + bytes(n) + " of " + who()
                        + " is asked for; its largest block has "
                        + bytes(options.largest)};
    return *std::find_if(classes.begin(), classes.end(),
                         [n](auto& x) { return x.size >= n; });
  }

  exception reworded(const exception& ex, std::size_t n,
                     std::optional<runtime::duration> timeout) const {
    if (ex.is(errc::scope_closed))
      return {errc::scope_closed, who() + " is closed"};
    if (ex.is(errc::deadline_exceeded) && timeout)
      return {errc::deadline_exceeded, who() + " had no room for " + bytes(n)
                                         + " within " + milliseconds(*timeout)};
    return ex;
  }

  /// Frees idle blocks, the largest first, until `n` bytes are free.
  std::size_t trim(std::size_t n) {
    std::size_t result = 0;
    for (auto i = classes.rbegin(); i != classes.rend(); ++i)
      while (result < n && i->pool.trim(1) > 0)
        result += i->size;
    return result;
  }

  std::string_view name() const noexcept override {
    return options.name;
  }

  const buffer_pool_options options;
  const std::shared_ptr<byte_account> account;
  const concurrency_limiter budget;
  std::vector<size_class> classes; ///< ascending; constant once it is made
  std::atomic<std::uint64_t> evicted{0};

private:
  void trim_idle() override {
    trim(std::numeric_limits<std::size_t>::max());
  }

  std::string who() const {
    return "buffer pool " + quoted(options.name);
  }

  /// Reserves `n` bytes.
  /// @pre the caller has as many permits of the budget
  void make_room(std::size_t n) {
    while (!account->try_reserve(n)) {
      const auto largest =
        std::find_if(classes.rbegin(), classes.rend(),
                     [](auto& x) { return x.pool.trim(1) > 0; });
      if (largest != classes.rend())
        evicted.fetch_add(1, std::memory_order_relaxed);
      else
        std::this_thread::yield(); // one is just being freed
    }
  }
};

} // namespace detail

// -- buffer_pool --------------------------------------------------------------

buffer_pool::buffer_pool(std::shared_ptr<detail::buffer_store> store)
  : store_(std::move(store)) {
  // nop
}

buffer_pool buffer_pool::spawn(caf::actor_system& sys,
                               buffer_pool_options options) {
  return buffer_pool{
    std::make_shared<detail::buffer_store>(sys, std::move(options))};
}

std::string_view buffer_pool::name() const noexcept {
  return store_->options.name;
}

std::vector<std::size_t> buffer_pool::sizes() const {
  std::vector<std::size_t> result;
  for (auto& x : store_->classes)
    result.push_back(x.size);
  return result;
}

async<buffer> buffer_pool::take_from(
  std::shared_ptr<detail::buffer_store> store, std::size_t bytes,
  std::optional<task_priority> priority,
  std::optional<runtime::duration> timeout) {
  auto& from = store->class_of(bytes);
  permit held;
  pooled<detail::memory_block> block;
  try {
    if (timeout)
      held =
        co_await store->budget.acquire_for(*timeout, from.weight, priority);
    else
      held = co_await store->budget.acquire(from.weight, priority);
    // Whoever has its permits finds a place here, if not at once.
    block = co_await from.pool.take(priority);
  } catch (const exception& ex) {
    throw store->reworded(ex, bytes, timeout);
  }
  co_return buffer{std::move(held), std::move(block)};
}

async<buffer> buffer_pool::take(std::size_t bytes,
                                std::optional<task_priority> priority) const {
  return take_from(store_, bytes, priority, std::nullopt);
}

async<buffer> buffer_pool::take_for(
  runtime::duration timeout, std::size_t bytes,
  std::optional<task_priority> priority) const {
  return take_from(store_, bytes, priority, timeout);
}

buffer buffer_pool::try_take(std::size_t bytes) const {
  auto& from = store_->class_of(bytes);
  try {
    auto held = store_->budget.try_acquire(from.weight);
    if (!held)
      return {};
    auto block = from.pool.try_take();
    if (!block)
      return {};
    return {std::move(held), std::move(block)};
  } catch (const exception& ex) {
    throw store_->reworded(ex, bytes, std::nullopt);
  }
}

buffer buffer_pool::take_blocking(std::size_t bytes,
                                  std::optional<task_priority> priority) const {
  auto& from = store_->class_of(bytes);
  try {
    auto held = store_->budget.acquire_blocking(from.weight, priority);
    auto block = from.pool.take_blocking(priority);
    return {std::move(held), std::move(block)};
  } catch (const cancelled_error&) {
    throw;
  } catch (const exception& ex) {
    throw store_->reworded(ex, bytes, std::nullopt);
  }
}

std::size_t buffer_pool::trim(std::size_t bytes) const {
  return store_->trim(bytes);
}

std::shared_ptr<memory_relief> buffer_pool::relief() const {
  return store_;
}

void buffer_pool::close() const noexcept {
  store_->budget.close();
  for (auto& x : store_->classes)
    x.pool.close();
}

buffer_pool_stats buffer_pool::stats() const {
  buffer_pool_stats result;
  result.name = store_->options.name;
  result.budget = store_->options.budget;
  result.in_use =
    std::size_t{store_->budget.in_use()} * store_->options.smallest;
  result.allocated = store_->account->allocated();
  result.evicted = store_->evicted.load(std::memory_order_relaxed);
  result.waiting = store_->budget.stats().waiting;
  for (auto& x : store_->classes)
    result.classes.push_back(x.pool.stats());
  return result;
}

} // namespace axiom
