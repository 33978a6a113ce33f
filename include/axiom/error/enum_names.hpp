#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace axiom {

/// The names of an enumeration whose values count from 0, in that order: prints
/// them and reads them back.
template <class Enum, std::size_t N>
struct enum_names {
  std::array<std::string_view, N> names;

  std::string print(Enum value) const {
    auto index = static_cast<std::size_t>(value);
    return std::string{index < N ? names[index] : "invalid"};
  }

  std::optional<Enum> parse(std::string_view name) const noexcept {
    for (std::size_t i = 0; i < N; ++i)
      if (names[i] == name)
        return static_cast<Enum>(i);
    return std::nullopt;
  }
};

} // namespace axiom
