#pragma once

#include <concepts>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

namespace axiom::detail {

/// How a range passed as `Range&&` is kept while its elements are used: one
/// that the caller goes on to own by reference, others moved.
template <class Range>
using kept_range =
  std::conditional_t<std::is_lvalue_reference_v<Range>,
                     std::reference_wrapper<std::remove_reference_t<Range>>,
                     std::remove_cvref_t<Range>>;

/// The range behind a `kept_range`.
template <class Kept>
struct range_in {
  using type = Kept;
};

template <class Range>
struct range_in<std::reference_wrapper<Range>> {
  using type = Range;
};

/// What an operation gets of one element, from a range kept as `Kept`:
/// - `T&` into a range whose elements stay where they are when the iterator
///   moves on (`std::forward_iterator` promises it);
/// - `T&&` if the range was moved in with its elements: each is given once;
/// - `T` that was copied out of a single-pass range, whose element is gone when
///   the iterator moves on; moved out if it cannot be copied.
template <class Kept>
class item_traits {
  using range = typename range_in<Kept>::type;
  using reference = std::ranges::range_reference_t<range>;

  static constexpr bool stays =
    std::ranges::forward_range<range> && std::is_lvalue_reference_v<reference>;
  static constexpr bool is_owned =
    std::is_same_v<range, Kept> && !std::ranges::view<range>;
  static constexpr bool is_given =
    is_owned && !std::is_const_v<std::remove_reference_t<reference>>;

public:
  using type = std::conditional_t<
    stays,
    std::conditional_t<is_given, std::remove_reference_t<reference>&&,
                       reference>,
    std::ranges::range_value_t<range>>;
};

template <class Kept>
using item_t = typename item_traits<Kept>::type;

/// The place of one element on its way to an operation; empty at first.
/// @tparam T as `item_t`
template <class T>
class item_place {
public:
  template <class Iterator>
  void take(Iterator& from) {
    if constexpr (std::constructible_from<T, std::iter_reference_t<Iterator>>)
      item_.emplace(*from);
    else
      item_.emplace(std::ranges::iter_move(from));
  }

  void put(T&& item) {
    item_.emplace(std::move(item));
  }

  T& get() noexcept {
    return *item_;
  }

private:
  std::optional<T> item_;
};

template <class T>
  requires std::is_reference_v<T>
class item_place<T> {
public:
  template <class Iterator>
  void take(Iterator& from) {
    item_ = std::addressof(*from);
  }

  std::remove_reference_t<T>& get() noexcept {
    return *item_;
  }

private:
  std::remove_reference_t<T>* item_ = nullptr;
};

/// The elements of a range, one after the other. Lazy: nothing of the range is
/// touched before the first is asked for, and the iterator goes on only when
/// the next one is. Not thread-safe; may be used by one thread after the other.
template <class Kept>
class item_source {
public:
  using range = typename range_in<Kept>::type;

  explicit item_source(range& items) noexcept : items_(items) {
    // nop
  }

  /// Puts the next element into `place`. Returns false if there is none; then,
  /// and after an exception of the iterator's or the element's, no more may be
  /// asked for.
  template <class T>
  bool next(item_place<T>& place) {
    if (!at_) {
      at_.emplace(std::ranges::begin(items_));
      end_.emplace(std::ranges::end(items_));
    } else {
      ++*at_;
    }
    if (*at_ == *end_)
      return false;
    place.take(*at_);
    return true;
  }

private:
  range& items_;
  std::optional<std::ranges::iterator_t<range>> at_;
  std::optional<std::ranges::sentinel_t<range>> end_;
};

} // namespace axiom::detail
