#include "axiom/deploy/scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <numeric>
#include <utility>

#include <arpa/inet.h>

namespace axiom::deploy {

namespace {

struct unit {
  std::string_view name;
  std::uint64_t factor;
};

// Largest first, so that the order of several parts can be checked.
constexpr std::array duration_units{
  unit{"d", 86'400'000'000'000}, unit{"h", 3'600'000'000'000},
  unit{"m", 60'000'000'000},     unit{"s", 1'000'000'000},
  unit{"ms", 1'000'000},         unit{"us", 1'000},
  unit{"ns", 1},
};

constexpr std::array byte_units{
  unit{"B", 1},
  unit{"kB", 1'000},
  unit{"MB", 1'000'000},
  unit{"GB", 1'000'000'000},
  unit{"TB", 1'000'000'000'000},
  unit{"KiB", std::uint64_t{1} << 10},
  unit{"MiB", std::uint64_t{1} << 20},
  unit{"GiB", std::uint64_t{1} << 30},
  unit{"TiB", std::uint64_t{1} << 40},
};

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view take_while(std::string_view& text, bool (*pred)(char)) {
  std::size_t n = 0;
  while (n < text.size() && pred(text[n]))
    ++n;
  auto result = text.substr(0, n);
  text.remove_prefix(n);
  return result;
}

bool multiply(std::uint64_t& x, std::uint64_t y) {
  return !__builtin_mul_overflow(x, y, &x);
}

bool add(std::uint64_t& x, std::uint64_t y) {
  return !__builtin_add_overflow(x, y, &x);
}

std::optional<std::uint64_t> parse_digits(std::string_view digits) {
  if (digits.empty() || (digits.size() > 1 && digits.front() == '0'))
    return std::nullopt;
  std::uint64_t value = 0;
  auto [end, ec]
    = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (ec != std::errc{} || end != digits.data() + digits.size())
    return std::nullopt;
  return value;
}

/// Takes one number with its unit from the front of `text`; exact, in the
/// smallest unit, without floating point.
template <std::size_t N>
std::optional<std::uint64_t> take_quantity(std::string_view& text,
                                           const std::array<unit, N>& units,
                                           std::size_t& unit_index) {
  const auto whole = take_while(text, is_digit);
  std::string_view fraction;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    fraction = take_while(text, is_digit);
    if (fraction.empty())
      return std::nullopt;
  }
  const auto name = take_while(text, is_letter);
  const auto found = std::find_if(units.begin(), units.end(),
                                  [&](const unit& u) { return u.name == name; });
  const auto value = parse_digits(whole);
  if (found == units.end() || !value)
    return std::nullopt;
  unit_index = static_cast<std::size_t>(found - units.begin());
  auto result = *value;
  if (!multiply(result, found->factor))
    return std::nullopt;
  while (!fraction.empty() && fraction.back() == '0')
    fraction.remove_suffix(1);
  if (fraction.empty())
    return result;
  // n / 10^k of a unit is a whole number of the smallest one exactly if
  // 10^k / gcd(factor, 10^k) divides n.
  std::uint64_t n = 0;
  std::uint64_t denominator = 1;
  for (char digit : fraction) {
    if (!multiply(denominator, 10) || !multiply(n, 10)
        || !add(n, static_cast<std::uint64_t>(digit - '0')))
      return std::nullopt;
  }
  const auto common = std::gcd(found->factor, denominator);
  denominator /= common;
  if (n % denominator != 0)
    return std::nullopt;
  n /= denominator;
  if (!multiply(n, found->factor / common) || !add(result, n))
    return std::nullopt;
  return result;
}

} // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) noexcept {
  const bool negative = !text.empty() && text.front() == '-';
  const auto digits = text.substr(negative ? 1 : 0);
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)
      || (digits.front() == '0' && text.size() > 1))
    return std::nullopt;
  std::int64_t value = 0;
  auto [end, ec]
    = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

std::optional<std::chrono::nanoseconds>
parse_duration(std::string_view text) noexcept {
  std::uint64_t total = 0;
  std::optional<std::size_t> last;
  if (text.empty())
    return std::nullopt;
  while (!text.empty()) {
    std::size_t index = 0;
    const auto part = take_quantity(text, duration_units, index);
    if (!part || (last && index <= *last) || !add(total, *part))
      return std::nullopt;
    last = index;
  }
  if (total > static_cast<std::uint64_t>(
        std::numeric_limits<std::int64_t>::max()))
    return std::nullopt;
  return std::chrono::nanoseconds{static_cast<std::int64_t>(total)};
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) noexcept {
  std::size_t index = 0;
  const auto result = take_quantity(text, byte_units, index);
  if (!text.empty())
    return std::nullopt;
  return result;
}

std::optional<std::uint64_t> parse_thousandths(std::string_view text) noexcept {
  constexpr std::size_t most_digits = 3;
  const auto point = text.find('.');
  const auto whole = parse_integer(text.substr(0, point));
  if (!whole || *whole < 0
      || *whole > std::numeric_limits<std::int64_t>::max() / 1000)
    return std::nullopt;
  auto result = static_cast<std::uint64_t>(*whole) * 1000;
  if (point == std::string_view::npos)
    return result;
  const auto digits = text.substr(point + 1);
  if (digits.empty() || digits.size() > most_digits)
    return std::nullopt;
  std::uint64_t unit = 1000;
  for (const auto digit : digits) {
    if (digit < '0' || digit > '9')
      return std::nullopt;
    unit /= 10;
    result += unit * static_cast<std::uint64_t>(digit - '0');
  }
  return result;
}

std::optional<endpoint_address> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return std::nullopt;
  std::string host{text.substr(0, colon)};
  const auto port = parse_digits(text.substr(colon + 1));
  if (!port || *port > std::numeric_limits<std::uint16_t>::max())
    return std::nullopt;
  std::array<unsigned char, 16> binary;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (inet_pton(AF_INET6, host.c_str(), binary.data()) != 1)
      return std::nullopt;
  } else if (host != "localhost"
             && inet_pton(AF_INET, host.c_str(), binary.data()) != 1) {
    return std::nullopt;
  }
  return endpoint_address{std::move(host), static_cast<std::uint16_t>(*port)};
}

std::string to_string(const endpoint_address& address) {
  const bool brackets = address.host.find(':') != std::string::npos;
  return (brackets ? '[' + address.host + ']' : address.host) + ':'
         + std::to_string(address.port);
}

std::optional<std::string_view>
closest(std::string_view text, const std::vector<std::string>& candidates) {
  // Longer texts are no typing mistakes, and the table below is quadratic.
  if (text.empty() || text.size() > 64)
    return std::nullopt;
  std::optional<std::string_view> best;
  std::size_t best_distance = std::max<std::size_t>(1, text.size() / 3) + 1;
  for (const auto& candidate : candidates) {
    const auto rows = text.size() + 1;
    const auto columns = candidate.size() + 1;
    std::vector<std::size_t> table(rows * columns);
    auto at = [&](std::size_t i, std::size_t j) -> std::size_t& {
      return table[i * columns + j];
    };
    for (std::size_t i = 0; i < rows; ++i)
      at(i, 0) = i;
    for (std::size_t j = 0; j < columns; ++j)
      at(0, j) = j;
    for (std::size_t i = 1; i < rows; ++i) {
      for (std::size_t j = 1; j < columns; ++j) {
        auto same = [&](std::size_t x, std::size_t y) {
          return to_lower(text[x - 1]) == to_lower(candidate[y - 1]);
        };
        auto value = std::min({at(i - 1, j) + 1, at(i, j - 1) + 1,
                               at(i - 1, j - 1) + (same(i, j) ? 0 : 1)});
        if (i > 1 && j > 1 && same(i, j - 1) && same(i - 1, j))
          value = std::min(value, at(i - 2, j - 2) + 1);
        at(i, j) = value;
      }
    }
    if (const auto distance = at(rows - 1, columns - 1);
        distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

} // namespace axiom::deploy
