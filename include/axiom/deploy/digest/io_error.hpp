#pragma once

#include <string>

namespace axiom::deploy::digest {

/// What the system said no to. A value, small enough to collect millions.
struct io_error {
  /// Stands for "it is not what the listing said" where errno has no word.
  static constexpr int not_regular = -1;

  const char* operation = ""; // a literal: open, read, ...
  int code = 0;               // errno, or one of the above; 0: no error

  explicit operator bool() const noexcept {
    return code != 0;
  }
};

/// Such as "Permission denied (open)".
std::string to_string(const io_error& err);

} // namespace axiom::deploy::digest
