#include "axiom/resource/resource_requirement.hpp"

#include <array>
#include <cmath>

#include "axiom/error/exception.hpp"

namespace axiom {

namespace {

constexpr std::uint64_t milli = 1'000;

/// Without zeros at the end: "1.5".
std::string thousandths(std::uint64_t x) {
  auto result = std::to_string(x / milli);
  if (auto rest = x % milli; rest != 0) {
    auto digits = std::to_string(rest);
    digits.insert(0, 3 - digits.size(), '0');
    digits.erase(digits.find_last_not_of('0') + 1);
    result += '.' + digits;
  }
  return result;
}

/// In the largest unit that divides it.
std::string bytes(std::uint64_t x) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; x != 0 && x % 1024 == 0 && unit + 1 < units.size(); ++unit)
    x /= 1024;
  return std::to_string(x) + ' ' + units[unit];
}

} // namespace

std::string_view resource_requirement::name() const noexcept {
  switch (kind_) {
    case resource_kind::memory:
      return "memory";
    case resource_kind::cpu:
      return "cpu";
    default:
      return name_;
  }
}

resource_requirement cpu(double cores) {
  if (!(cores >= 0 && cores <= 4e9))
    throw exception{errc::invalid_argument,
                    std::to_string(cores)
                      + " is no number of cores; use one from 0 to 4e9"};
  const auto units = std::ceil(cores * static_cast<double>(milli) - 1e-6);
  return {resource_kind::cpu, {}, static_cast<std::uint64_t>(units)};
}

std::string to_string(const resource_requirement& x) {
  switch (x.kind()) {
    case resource_kind::memory:
      return bytes(x.amount()) + " of memory";
    case resource_kind::cpu:
      return thousandths(x.amount()) + " cpu";
    default:
      return std::to_string(x.amount()) + " of " + quoted(x.name());
  }
}

std::string to_string(const resource_requirements& x) {
  if (x.empty())
    return "nothing";
  std::string result;
  std::size_t left = x.size();
  for (const auto& one : x) {
    result += to_string(one);
    if (--left > 0)
      result += left > 1 ? ", " : " and ";
  }
  return result;
}

} // namespace axiom
