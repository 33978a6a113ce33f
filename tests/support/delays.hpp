#pragma once

// Operations that end after a span of virtual time, in each of the ways in
// which an operation can end, and what their errors look like.

#include "support/tasks.hpp"

namespace test {

using axiom::runtime::duration;

/// Gives `value` after `span`.
inline auto after(duration span, int value) {
  return [span, value](task_context& self) -> async<int> {
    co_await self.sleep_for(span);
    co_return value;
  };
}

/// Fails after `span`.
inline auto failing_after(duration span, const char* text) {
  return [span, text](task_context& self) -> async<int> {
    co_await self.sleep_for(span);
    co_return axiom::fail(errc::invalid_argument, text);
  };
}

/// Takes no notice of a cancellation for `span`, then gives `value`.
inline auto stubborn(duration span, int value) {
  return [span, value](task_context& self) -> async<int> {
    auto work = [span](task_context& me) -> async<void> {
      co_await me.sleep_for(span);
    };
    co_await self.shielded(axiom::named(work));
    co_return value;
  };
}

/// Fails when it is cancelled, `span` later.
inline auto failing_when_cancelled(duration span, const char* text) {
  return [span, text](task_context& self) -> async<int> {
    co_await axiom::as_expected(self.sleep_for(24h));
    auto work = [span](task_context& me) -> async<void> {
      co_await me.sleep_for(span);
    };
    co_await self.shielded(axiom::named(work));
    co_return axiom::fail(errc::invalid_argument, text);
  };
}

/// Errors as lines `name: text`, each followed by those it suppresses, with a +
/// for each level.
inline lines listed(std::span<const axiom::task_error> errors,
                    const std::string& prefix = "") {
  lines result;
  for (auto& x : errors) {
    result.push_back(prefix + x.task.name + ": " + x.error.what());
    auto below = listed(x.suppressed, prefix + "+");
    result.insert(result.end(), below.begin(), below.end());
  }
  return result;
}

/// The errors of the `concurrent_errors` that a task failed with; what else it
/// failed with as one line.
template <class T>
lines errors_of(const axiom::task<T>& t) {
  try {
    t.get();
  } catch (const axiom::concurrent_errors& ex) {
    return listed(ex.errors());
  } catch (const std::exception& ex) {
    return {ex.what()};
  }
  return {};
}

inline void check_lines(const lines& seen, const lines& wanted) {
  BOOST_TEST(seen == wanted, boost::test_tools::per_element());
}

} // namespace test
