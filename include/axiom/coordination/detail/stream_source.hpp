#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include "axiom/coordination/detail/item_call.hpp"
#include "axiom/coordination/detail/item_source.hpp"

namespace axiom::detail {

template <class T>
struct optional_in {
  static constexpr bool found = false;
};

template <class T>
struct optional_in<std::optional<T>> {
  static constexpr bool found = true;
  using type = T;
};

/// Whether `F` is a source that has to be awaited: a callable that returns
/// `async<std::optional<T>>`.
template <class F>
concept async_source =
  (std::invocable<F&> || std::invocable<F&, task_context&>) &&operation_traits<
    F>::is_coroutine&& optional_in<operation_result_t<F>>::found;

/// How a stream gets at its items: those of a range, at once.
/// @tparam Kept a `kept_range`
template <class Kept>
class stream_source {
public:
  using item = item_t<Kept>;
  static constexpr bool waits = false;

  explicit stream_source(Kept& items) noexcept : items_(items) {
    // nop
  }

  bool next(item_place<item>& place) {
    return items_.next(place);
  }

private:
  item_source<Kept> items_;
};

/// The same for a source that has to be awaited.
template <async_source F>
class stream_source<F> {
public:
  using fetched = operation_result_t<F>;
  using item = typename optional_in<fetched>::type;
  static constexpr bool waits = true;

  explicit stream_source(F& fun) noexcept : fun_(fun) {
    // nop
  }

  outcome_of<fetched> fetch(task_context& self) {
    return outcome_of<fetched>{operation_traits<F>::call(fun_, self)};
  }

  /// Throws what the source failed with.
  static bool next(item_place<item>& place, expected<fetched>& got) {
    if (!got)
      got.error().rethrow();
    if (!*got)
      return false;
    place.put(std::move(**got));
    return true;
  }

private:
  F& fun_;
};

} // namespace axiom::detail
