#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "axiom/coordination/detail/item_call.hpp"
#include "axiom/coordination/detail/item_scope.hpp"
#include "axiom/coordination/detail/item_source.hpp"
#include "axiom/coordination/detail/lane_run.hpp"

namespace axiom::detail {

// -- results ------------------------------------------------------------------

/// The results of a map whose length is not known before its end: places that
/// do not move, one an item that was taken, filled by the items' lanes.
template <class R>
class result_list {
public:
  using stored = typename item_outcome<R>::stored;
  using place = std::optional<stored>*;

  /// The place of the next item; one at a time.
  place add() {
    return &places_.emplace_back();
  }

  static void store(place where, stored&& value) {
    where->emplace(std::move(value));
  }

  /// @pre every place is filled
  std::vector<stored> values() {
    std::vector<stored> result;
    result.reserve(places_.size());
    for (auto& x : places_)
      result.push_back(std::move(*x));
    return result;
  }

  /// What is missing is among `failures`, which are in order.
  std::vector<expected<R>> outcomes(
    const std::vector<item_failures::of_item>& failures) {
    std::vector<expected<R>> result;
    result.reserve(places_.size());
    auto failed = failures.begin();
    for (auto& x : places_) {
      if (!x) {
        result.emplace_back(tl::unexpect, failed->error.error);
        ++failed;
      } else if constexpr (std::is_void_v<R>) {
        result.emplace_back();
      } else {
        result.emplace_back(std::move(*x));
      }
    }
    return result;
  }

private:
  std::deque<std::optional<stored>> places_;
};

/// For those who want none.
struct no_results {
  struct place {};

  static place add() noexcept {
    return {};
  }

  template <class R>
  static void store(place, R&&) noexcept {
    // nop
  }
};

// -- the run ------------------------------------------------------------------

/// What the lanes of a map share. Lives in the coroutine of the map's scope.
///
/// `source_lock_` guards the source and what is counted with it. User code runs
/// under it: that of the iterator and of the elements' copies, and nothing
/// else, no other lock is taken there, and the end of a lane does not need it;
/// so what an iterator does to tasks cannot come back to it.
template <class Kept, class F, class Results>
class map_run final : public lane_source {
public:
  using call = item_call<F, item_t<Kept>>;

  static constexpr bool has_room = false;
  static constexpr bool source_waits = false;

  struct ticket {
    item_place<item_t<Kept>> item;
    std::size_t index = 0;
    [[no_unique_address]] typename Results::place result{};
  };

  template <class R>
  map_run(item_scope<R>& scope, Kept& items, F& op) noexcept
    : scope_(scope),
      crew_(scope.crew()),
      failures_(scope.failures()),
      op_(op),
      source_(items) {
    // nop
  }

  // -- for the scope's coroutine ----------------------------------------------

  /// Runs all of it. Throws if lanes cannot be started.
  async<void> run() {
    crew_.claim();
    start_lane();
    co_await children_end{};
  }

  Results& results() noexcept {
    return results_;
  }

  // -- for lanes --------------------------------------------------------------

  bool take(ticket& x) {
    std::lock_guard guard{source_lock_};
    if (over_ || failures_.closed())
      return false;
    try {
      over_ = !source_.next(x.item);
      if (over_)
        return false;
      x.result = results_.add();
    } catch (...) {
      over_ = true;
      failures_.note_source(failure::from(std::current_exception()));
      return false;
    }
    x.index = taken_++;
    return true;
  }

  bool claim_lane(const ticket&) noexcept {
    return crew_.claim();
  }

  void start_lane() override {
    detail::start_lane(*this, scope_, crew_, failures_);
  }

  F& operation() noexcept {
    return op_;
  }

  std::optional<failure> finish(ticket& x, typename call::stored&& value) {
    try {
      Results::store(x.result, std::move(value));
    } catch (...) { // it does not move
      return failure::from(std::current_exception());
    }
    return std::nullopt;
  }

private:
  task_actor& scope_;
  lane_crew& crew_;
  item_failures& failures_;
  F& op_;
  std::mutex source_lock_;
  item_source<Kept> source_;
  Results results_;
  std::size_t taken_ = 0;
  bool over_ = false; ///< no item is left
};

// -- the bodies of the scopes -------------------------------------------------

template <class R>
item_scope<R>& scope_of(task_context& self) noexcept {
  return static_cast<item_scope<R>&>(self.impl());
}

/// The operation of a map's scope.
template <class Kept, class F>
struct map_body {
  using result = typename item_call<F, item_t<Kept>>::result_type;
  static_assert(!std::is_void_v<result>,
                "the operation of map_with_limit gives a value: for one that "
                "does not there is for_each_with_limit");

  Kept items;
  F op;

  async<std::vector<result>> operator()(task_context& self) {
    auto& scope = scope_of<std::vector<result>>(self);
    map_run<Kept, F, result_list<result>> run{scope, items, op};
    co_await run.run();
    if (scope.failures().any())
      co_return std::vector<result>{}; // see item_scope::before_end
    co_return run.results().values();
  }
};

template <class Kept, class F>
struct collect_body {
  using result = typename item_call<F, item_t<Kept>>::result_type;

  Kept items;
  F op;

  async<std::vector<expected<result>>> operator()(task_context& self) {
    auto& scope = scope_of<std::vector<expected<result>>>(self);
    map_run<Kept, F, result_list<result>> run{scope, items, op};
    co_await run.run();
    if (scope.failures().in_source())
      co_return std::vector<expected<result>>{}; // see item_scope::before_end
    co_return run.results().outcomes(scope.failures().take_items());
  }
};

template <class Kept, class F>
struct for_each_body {
  Kept items;
  F op;

  async<void> operator()(task_context& self) {
    map_run<Kept, F, no_results> run{scope_of<void>(self), items, op};
    co_await run.run();
  }
};

} // namespace axiom::detail
