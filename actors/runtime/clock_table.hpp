#pragma once

// What an actor_clock has pending. Private to it.

#include <cstddef>
#include <memory>

#include <boost/intrusive/unordered_set.hpp>

#include "runtime/clock_entry.hpp"

namespace axiom::runtime {

/// All that is pending: timeouts by key and by actor, messages in no order.
///
/// An actor may have any number of timeouts, so both ways to a timeout are hash
/// tables of their own; all members are O(1) but for growing. The entries
/// belong to the caller. Not thread-safe.
class clock_table {
public:
  clock_table();
  ~clock_table();

  std::size_t size() const noexcept;

  std::size_t timeouts() const noexcept {
    return by_key_.size();
  }

  /// A timeout with this key; null if there is none.
  timeout* find(const timeout::key& x) noexcept;

  /// Some timeout of this actor; null if there is none.
  timeout* any_of(caf::actor_id x) noexcept;

  void insert(timeout& x) noexcept;
  void insert(delayed_message& x) noexcept;

  /// @pre `x` is in
  void erase(timeout& x) noexcept;
  void erase(delayed_message& x) noexcept;

  /// Empties the table and calls `f` for each entry.
  template <class F>
  void drain(F f) noexcept {
    by_actor_.clear();
    by_key_.clear_and_dispose(f);
    messages_.clear_and_dispose(f);
  }

private:
  struct key_of {
    using type = timeout::key;
    const type& operator()(const timeout& x) const noexcept {
      return x.lookup_key();
    }
  };

  struct actor_of {
    using type = caf::actor_id;
    const type& operator()(const timeout& x) const noexcept {
      return x.lookup_key().actor;
    }
  };

  struct mix {
    std::size_t operator()(const timeout::key& x) const noexcept;
    std::size_t operator()(caf::actor_id x) const noexcept;
  };

  template <timeout::hook timeout::*Hook, class KeyOf>
  using index = boost::intrusive::unordered_multiset<
    timeout, boost::intrusive::member_hook<timeout, timeout::hook, Hook>,
    boost::intrusive::key_of_value<KeyOf>, boost::intrusive::hash<mix>,
    boost::intrusive::power_2_buckets<true>>;

  using key_index = index<&timeout::by_key, key_of>;
  using actor_index = index<&timeout::by_actor, actor_of>;
  using buckets = std::unique_ptr<key_index::bucket_type[]>;

  void grow_if_full() noexcept;

  buckets key_buckets_;
  buckets actor_buckets_;
  key_index by_key_;
  actor_index by_actor_;
  boost::intrusive::list<
    delayed_message, boost::intrusive::member_hook<
                       delayed_message, boost::intrusive::list_member_hook<>,
                       &delayed_message::in_all>>
    messages_;
};

} // namespace axiom::runtime
