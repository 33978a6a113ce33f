#pragma once

#include <array>
#include <cstddef>
#include <iterator>
#include <ranges>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "axiom/coordination/group.hpp"

namespace axiom::detail {

/// The operations of a join, all of one type.
template <class F>
class operation_list {
public:
  using value_type = operation_result_t<F>;

  explicit operation_list(std::vector<F> ops) : ops_(std::move(ops)) {
    // nop
  }

  std::size_t size() const noexcept {
    return ops_.size();
  }

  /// Starts the operation of this number, which is given away.
  async<void> start(coordinated_task_group<value_type>& group, std::size_t i) {
    auto name = "#" + std::to_string(i);
    co_await group.add_task(name, named(ops_[i]));
  }

private:
  std::vector<F> ops_;
};

/// The operations of a join, of any types with the same result.
template <class F, class... Fs>
class operation_tuple {
public:
  using value_type = operation_result_t<F>;

  static_assert((std::is_same_v<value_type, operation_result_t<Fs>> && ...),
                "the operations of a join must have results of one type");

  template <class... Ops>
  explicit operation_tuple(std::in_place_t, Ops&&... ops)
    : ops_(std::forward<Ops>(ops)...) {
    // nop
  }

  std::size_t size() const noexcept {
    return 1 + sizeof...(Fs);
  }

  async<void> start(coordinated_task_group<value_type>& group, std::size_t i) {
    return starters(std::index_sequence_for<F, Fs...>{})[i](ops_, group);
  }

private:
  using tuple = std::tuple<F, Fs...>;
  using starter = async<void> (*)(tuple&, coordinated_task_group<value_type>&);

  template <std::size_t I>
  static async<void> start_one(tuple& ops,
                               coordinated_task_group<value_type>& group) {
    auto name = "#" + std::to_string(I);
    co_await group.add_task(name, named(std::get<I>(ops)));
  }

  template <std::size_t... Is>
  static constexpr std::array<starter, 1 + sizeof...(Fs)> starters(
    std::index_sequence<Is...>) {
    return {&start_one<Is>...};
  }

  tuple ops_;
};

/// The operations from the arguments of a join: one range of them, copied
/// unless it is a vector to be moved, or each as an argument.
template <class F, class... Fs>
auto take_operations(F&& first, Fs&&... rest) {
  // Once g++ 12 has seen a tuple of closures, it says of all of them that they
  // are not trivially copyable, which take_operation wants to know: ask before.
  [[maybe_unused]] constexpr auto asked =
    (std::is_trivially_copyable_v<std::decay_t<Fs>> && ...
     && std::is_trivially_copyable_v<std::decay_t<F>>);
  if constexpr (sizeof...(Fs) == 0 && std::ranges::input_range<F>) {
    using list = std::vector<std::ranges::range_value_t<F>>;
    if constexpr (std::is_same_v<F, list>) {
      return operation_list{std::move(first)};
    } else {
      list ops;
      for (auto&& op : first)
        ops.emplace_back(std::forward<decltype(op)>(op));
      return operation_list{std::move(ops)};
    }
  } else {
    return operation_tuple<operation_t<F>, operation_t<Fs>...>{
      std::in_place, take_operation<F>(std::forward<F>(first)),
      take_operation<Fs>(std::forward<Fs>(rest))...};
  }
}

/// The body of a group that is there for one join: starts the operations, as
/// many at once as may run, until the join is decided.
/// @tparam R the type of its result, see `joined`
template <class R, class Operations>
class join_body {
public:
  using value_type = typename Operations::value_type;

  join_body(std::string_view name, join_policy policy, Operations ops,
            std::size_t limit, std::vector<task_error>* suppressed)
    : name_(name),
      policy_(policy),
      ops_(std::move(ops)),
      limit_(limit),
      suppressed_(suppressed) {
    // nop
  }

  async<R> operator()(coordinated_task_group<value_type>& group) {
    group_join<value_type> join{group.impl(), name_, policy_};
    join.begin(ops_.size());
    for (std::size_t started = 0; !join.decided();) {
      auto to_come = ops_.size() - started;
      if (to_come > 0 && group.running() < limit_) {
        co_await ops_.start(group, started++);
        continue;
      }
      co_await join.next();
      join.take(to_come);
    }
    auto values = co_await join.finish();
    if (suppressed_ != nullptr)
      *suppressed_ = group.take_suppressed();
    co_return joined<R, value_type>(std::move(values));
  }

private:
  std::string_view name_;
  join_policy policy_;
  Operations ops_;
  std::size_t limit_;
  std::vector<task_error>* suppressed_;
};

} // namespace axiom::detail
