#pragma once

#include <cstdint>
#include <string_view>

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include "axiom/coordination/limiter/permit_waiter.hpp"
#include "axiom/coordination/limiter/permit_order.hpp"
#include "axiom/coordination/limiter_options.hpp"

namespace axiom::detail {

/// The highest weight of a key against others.
inline constexpr std::uint32_t max_key_weight = 65'536;

/// One key's part of a keyed_queue: who waits for it, how many permits it
/// holds. It exists while either is not nothing, and its address stays the
/// same; so a permit need not carry its key.
class key_part {
public:
  key_part(key_share share, runtime::duration ageing) noexcept
    : share_(share), waiting_(ageing) {
    // nop
  }

  key_part(const key_part&) = delete;
  key_part& operator=(const key_part&) = delete;

  std::string_view key() const noexcept {
    return key_;
  }

  key_share share() const noexcept {
    return share_;
  }

  permit_count held() const noexcept {
    return held_;
  }

  std::size_t waiting() const noexcept {
    return waiting_.size();
  }

private:
  friend class keyed_queue;

  std::string_view key_; ///< of the entry that this is the value of
  key_share share_;
  permit_count held_ = 0;
  permit_order waiting_;
  /// Its start tag: see keyed_queue.
  std::uint64_t start_ = 0;
  /// Among equal start tags, who came to it first.
  std::uint64_t turn_ = 0;
  boost::intrusive::set_member_hook<> competing_;
  boost::intrusive::list_member_hook<> guaranteed_;
};

/// A request for permits under a key.
class keyed_waiter : public permit_waiter {
public:
  using permit_waiter::permit_waiter;

  /// Where it waits or, once it is granted, where its permits go back to; null
  /// otherwise.
  key_part* part() const noexcept {
    return part_;
  }

private:
  friend class keyed_queue;
  key_part* part_ = nullptr;
};

} // namespace axiom::detail
