#include "runtime/clock_table.hpp"

#include <new>

namespace axiom::runtime {

namespace {

constexpr std::size_t first_size = 64;

/// Spreads numbers that count up over all buckets; the factor is 2^64 divided
/// by the golden ratio (D. Knuth, The Art of Computer Programming, 6.4).
std::size_t spread(std::uint64_t x) noexcept {
  x *= 0x9E3779B97F4A7C15u;
  return x ^ x >> 32;
}

} // namespace

clock_table::clock_table()
  : key_buckets_(new key_index::bucket_type[first_size]),
    actor_buckets_(new actor_index::bucket_type[first_size]),
    by_key_({key_buckets_.get(), first_size}),
    by_actor_({actor_buckets_.get(), first_size}) {
  // nop
}

clock_table::~clock_table() = default;

std::size_t clock_table::size() const noexcept {
  return by_key_.size() + messages_.size();
}

timeout* clock_table::find(const timeout::key& x) noexcept {
  auto i = by_key_.find(x);
  return i != by_key_.end() ? &*i : nullptr;
}

timeout* clock_table::any_of(caf::actor_id x) noexcept {
  auto i = by_actor_.find(x);
  return i != by_actor_.end() ? &*i : nullptr;
}

void clock_table::insert(timeout& x) noexcept {
  grow_if_full();
  by_key_.insert(x);
  by_actor_.insert(x);
}

void clock_table::insert(delayed_message& x) noexcept {
  messages_.push_back(x);
}

void clock_table::erase(timeout& x) noexcept {
  by_key_.erase(by_key_.iterator_to(x));
  by_actor_.erase(by_actor_.iterator_to(x));
}

void clock_table::erase(delayed_message& x) noexcept {
  messages_.erase(messages_.iterator_to(x));
}

void clock_table::grow_if_full() noexcept {
  auto size = by_key_.bucket_count();
  if (by_key_.size() < size)
    return;
  size *= 2;
  buckets for_keys{new (std::nothrow) key_index::bucket_type[size]};
  buckets for_actors{new (std::nothrow) actor_index::bucket_type[size]};
  if (for_keys == nullptr || for_actors == nullptr)
    return; // fuller buckets are slower, and that is all
  by_key_.rehash({for_keys.get(), size});
  by_actor_.rehash({for_actors.get(), size});
  key_buckets_ = std::move(for_keys);
  actor_buckets_ = std::move(for_actors);
}

std::size_t clock_table::mix::operator()(const timeout::key& x) const noexcept {
  return spread(spread(x.number) + x.actor
                + static_cast<std::uint64_t>(x.what));
}

std::size_t clock_table::mix::operator()(caf::actor_id x) const noexcept {
  return spread(x);
}

} // namespace axiom::runtime
