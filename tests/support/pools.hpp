#pragma once

// What the tests of pools share: objects that are counted, and a pool of them.

#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "support/tasks.hpp"

namespace test {

/// How many objects there are, counted apart from any pool.
struct census {
  std::atomic<int> alive{0};
  std::atomic<int> most{0};
  std::atomic<int> made{0};
  std::atomic<int> clashes{0}; ///< one was used by two at once

  void came() {
    ++made;
    auto n = ++alive;
    for (auto m = most.load(); n > m && !most.compare_exchange_weak(m, n);) {
      // again
    }
  }
};

/// An object that is counted from its making to its end.
class counted {
public:
  counted(census& c, int number) : census_(&c), number(number) {
    c.came();
  }

  counted(counted&& other) noexcept
    : census_(std::exchange(other.census_, nullptr)),
      number(other.number),
      broken(other.broken) {
    // nop
  }

  counted& operator=(counted&&) = delete;

  ~counted() {
    if (census_ != nullptr)
      --census_->alive;
  }

private:
  census* census_;

public:
  const int number; ///< of its making, from 1
  bool broken = false;
};

/// No threads, virtual time, and pools of counted objects.
struct pooling : stepwise {
  using pool_type = axiom::resource_pool<counted>;

  /// A plain factory that numbers what it makes.
  auto factory() {
    return [this] {
      ++calls;
      if (fail)
        throw std::runtime_error{"no more"};
      return counted{objects, objects.made + 1};
    };
  }

  pool_type spawn(std::uint32_t max) {
    return spawn({.name = "db", .max = max});
  }

  pool_type spawn(axiom::pool_options options,
                  axiom::pool_hooks<counted> hooks = {}) {
    return pool_type::spawn(system(), std::move(options), factory(),
                            std::move(hooks));
  }

  /// A task that takes an object, notes its name and the object's number, and
  /// keeps it for `span`.
  auto user(const pool_type& pool, lines& order,
            axiom::runtime::duration span = 1s) {
    return [&pool, &order, span](task_context& self) -> async<void> {
      auto x = co_await pool.take();
      order.push_back(std::string{self.name()} + ' '
                      + std::to_string(x->number));
      co_await self.sleep_for(span);
    };
  }

  /// What a task fails with that is started with `f`; empty if it does not.
  template <class F>
  std::string error_of(F f) {
    auto t = start("asker", std::move(f));
    run();
    return error_of_task(t);
  }

  template <class T>
  static std::string error_of_task(const axiom::task<T>& t) {
    auto end = t.get_expected();
    return end ? "" : end.error().what();
  }

  census objects; ///< outlives the pools of a test
  int calls = 0; ///< of the factory
  bool fail = false;
};

} // namespace test
