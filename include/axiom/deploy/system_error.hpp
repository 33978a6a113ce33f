#pragma once

#include <cstdint>
#include <string>

#include <caf/error.hpp>

#include "axiom/error/exception.hpp"

namespace axiom::deploy {

/// The CAF error category of what the operating system says no to. The code is
/// errno; the text says what was tried on what, and why it failed.
inline constexpr caf::atom_value errno_category = caf::atom("errno");

/// `text` names the object and the operation; the system's own words for
/// `code` are added by the caller where they help.
caf::error make_errno_error(int code, std::string text);

/// The text of errors of this category, for CAF's rendering of errors.
std::string render_errno(std::uint8_t code, caf::atom_value category,
                         const caf::message& context);

/// One line about any error: the text alone for errors of this category.
std::string describe_error(const caf::error& err);

/// An error of the operating system as an exception.
class system_error : public exception {
public:
  system_error(int code, std::string text);

  const char* what() const noexcept override {
    return text_.c_str();
  }

  int code() const noexcept {
    return code_;
  }

private:
  int code_;
  std::string text_;
};

} // namespace axiom::deploy
