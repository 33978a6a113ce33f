#pragma once

#include <exception>
#include <string>
#include <utility>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <caf/error.hpp>
#include <tl/expected.hpp>

#include "axiom/error/errc.hpp"

namespace axiom {

/// Why something failed: a `caf::error`, and the exception it came from where
/// there was one, so that within a process the dynamic type survives.
///
/// Immutable and cheap to copy (one shared block). Thread-safe to read.
class failure {
public:
  /// From an error that was returned rather than thrown.
  /// An empty one becomes `errc::invalid_argument`, since it means success.
  explicit failure(caf::error err);

  failure(errc code, std::string text)
    : failure(make_error(code, std::move(text))) {
    // nop
  }

  /// From an error together with the exception that stands for it.
  failure(caf::error err, std::exception_ptr thrown)
    : data_(new data(std::move(err), std::move(thrown))) {
    // nop
  }

  /// From a caught exception: one of ours keeps its error; any other becomes
  /// `errc::unhandled_exception` with type name and text.
  static failure from(std::exception_ptr caught);

  const caf::error& error() const noexcept {
    return data_->error;
  }

  bool is(errc code) const noexcept {
    return axiom::is(data_->error, code);
  }

  /// For people, as `describe` has it.
  std::string what() const {
    return describe(data_->error);
  }

  /// The exception it came from; null if it was returned as an error.
  const std::exception_ptr& cause() const noexcept {
    return data_->thrown;
  }

  /// Throws the original exception, or an `axiom::exception` with the error.
  [[noreturn]] void rethrow() const;

private:
  struct data : boost::intrusive_ref_counter<data> {
    data(caf::error err, std::exception_ptr ex)
      // NOLINTNEXTLINE(bugprone-throw-keyword-missing): stored, not thrown
      : error(std::move(err)), thrown(std::move(ex)) {
      // nop
    }

    caf::error error;
    std::exception_ptr thrown;
  };

  boost::intrusive_ptr<const data> data_; // one word: tasks carry one
};

/// A value or the reason why there is none.
template <class T>
using expected = tl::expected<T, failure>;

/// Returned by an operation that fails without throwing:
/// `co_return axiom::fail(my_error);`
inline tl::unexpected<failure> fail(caf::error err) {
  return tl::unexpected<failure>{failure{std::move(err)}};
}

inline tl::unexpected<failure> fail(errc code, std::string text) {
  return tl::unexpected<failure>{failure{code, std::move(text)}};
}

} // namespace axiom
