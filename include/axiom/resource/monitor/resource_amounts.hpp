#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace axiom::detail {

/// So much of one of a monitor's resources, which it knows by number.
struct resource_amount {
  std::uint32_t resource;
  std::uint64_t units;

  friend bool operator==(const resource_amount&,
                         const resource_amount&) = default;
};

/// `a + b`, or the most there is where that would wrap around.
constexpr std::uint64_t saturated_sum(std::uint64_t a,
                                      std::uint64_t b) noexcept {
  const auto sum = a + b;
  return sum < a ? std::numeric_limits<std::uint64_t>::max() : sum;
}

/// Amounts of several resources: of each at most one, none of them 0, in any
/// order. Allocates nothing for up to four.
class resource_amounts {
public:
  const resource_amount* begin() const noexcept {
    return many_.empty() ? few_.data() : many_.data();
  }

  const resource_amount* end() const noexcept {
    return begin() + size_;
  }

  bool empty() const noexcept {
    return size_ == 0;
  }

  /// How much there is of a resource.
  std::uint64_t of(std::uint32_t resource) const noexcept {
    for (const auto& x : *this)
      if (x.resource == resource)
        return x.units;
    return 0;
  }

  /// Whether there is as much of everything.
  bool covers(const resource_amounts& other) const noexcept {
    return std::all_of(other.begin(), other.end(),
                       [this](auto& x) { return x.units <= of(x.resource); });
  }

  /// A sum that would wrap around is the most there is.
  void add(const resource_amount& x) {
    for (std::size_t i = 0; i < size_; ++i)
      if (auto& mine = at(i); mine.resource == x.resource) {
        mine.units = saturated_sum(mine.units, x.units);
        return;
      }
    if (many_.empty() && size_ < few_.size()) {
      few_[size_] = x;
    } else {
      if (many_.empty())
        many_.assign(few_.begin(), few_.end());
      many_.push_back(x);
    }
    ++size_;
  }

  void add(const resource_amounts& other) {
    for (const auto& x : other)
      add(x);
  }

  /// @pre `covers(other)`
  void subtract(const resource_amounts& other) noexcept {
    for (const auto& x : other)
      for (std::size_t i = 0; i < size_; ++i)
        if (auto& mine = at(i); mine.resource == x.resource)
          mine.units -= x.units;
    auto* first = &at(0);
    auto* last = std::remove_if(first, first + size_,
                                [](auto& x) { return x.units == 0; });
    size_ = static_cast<std::size_t>(last - first);
    if (!many_.empty())
      many_.resize(size_); // if that is none, the few are none as well
  }

  void clear() noexcept {
    many_.clear();
    size_ = 0;
  }

private:
  resource_amount& at(std::size_t i) noexcept {
    return many_.empty() ? few_[i] : many_[i];
  }

  std::array<resource_amount, 4> few_;
  std::vector<resource_amount> many_; ///< all of them, if there were many
  std::size_t size_ = 0;
};

/// How a monitor admits requests; what memory pressure changes.
enum class resource_admission : std::uint8_t {
  open,
  /// Half of each resource is kept back, except from whoever would use it
  /// alone.
  reduced,
  /// One request at a time, whatever there is.
  serial
};

/// What there is of one resource.
struct resource_balance {
  static constexpr std::uint64_t unlimited =
    std::numeric_limits<std::uint64_t>::max();

  std::uint64_t capacity = 0;

  /// Above `capacity` only after that was lowered, until enough has come back.
  std::uint64_t in_use = 0;

  /// As last measured, so much more can be used; what is granted since is
  /// taken off. It bounds what is granted, beside the capacity.
  std::uint64_t headroom = unlimited;

  /// How much may be granted now, beside what is set aside: that counts as if
  /// it were in use already.
  std::uint64_t room(resource_admission how,
                     std::uint64_t aside = 0) const noexcept {
    const auto taken = saturated_sum(in_use, aside);
    auto most = capacity;
    if (how != resource_admission::open && taken > 0)
      most = how == resource_admission::reduced ? capacity / 2 : 0;
    const auto free = taken < most ? most - taken : 0;
    if (headroom == unlimited)
      return free;
    const auto measured = aside < headroom ? headroom - aside : 0;
    return free < measured ? free : measured;
  }

  void take(std::uint64_t units) noexcept {
    in_use += units;
    if (headroom != unlimited)
      headroom -= units < headroom ? units : headroom;
  }

  void give_back(std::uint64_t units) noexcept {
    in_use -= units;
  }
};

using resource_balances = std::vector<resource_balance>;

} // namespace axiom::detail
