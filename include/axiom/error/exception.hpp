#pragma once

#include <exception>
#include <string>

#include <caf/error.hpp>

#include "axiom/error/errc.hpp"

namespace axiom {

/// The base of everything Axiom throws: a `caf::error` on its way through C++
/// code that uses exceptions.
class exception : public std::exception {
public:
  explicit exception(caf::error err)
    : error_(std::move(err)), what_(describe(error_)) {
    // nop
  }

  exception(errc code, std::string text)
    : exception(make_error(code, std::move(text))) {
    // nop
  }

  const char* what() const noexcept override {
    return what_.c_str();
  }

  /// The error as CAF knows it.
  const caf::error& error() const noexcept {
    return error_;
  }

  /// Returns whether this is one of ours with this code.
  bool is(errc code) const noexcept {
    return axiom::is(error_, code);
  }

private:
  caf::error error_;
  std::string what_;
};

} // namespace axiom
