#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace axiom::deploy {

// Parsers of single values. Each takes the whole text or nothing: no leading
// or trailing blanks, no signs where there is no sense in them, no locale.

/// A decimal integer. No leading zeros (`010` is a mistake, not 8 and not
/// 10), no plus sign, no separators.
std::optional<std::int64_t> parse_integer(std::string_view text) noexcept;

/// A duration with its unit: `ns`, `us`, `ms`, `s`, `m`, `h`, `d`; a fraction
/// such as `1.5s` is fine as long as it is a whole number of nanoseconds.
/// Several parts may follow each other, largest unit first: `1m30s`.
std::optional<std::chrono::nanoseconds>
parse_duration(std::string_view text) noexcept;

/// A number of bytes with its unit: `B`, `KiB`, `MiB`, `GiB`, `TiB`, or the
/// powers of ten `kB`, `MB`, `GB`, `TB`.
std::optional<std::uint64_t> parse_bytes(std::string_view text) noexcept;

/// A number with at most three digits behind the point, in thousandths.
std::optional<std::uint64_t> parse_thousandths(std::string_view text) noexcept;

/// Where a server listens.
struct endpoint_address {
  std::string host; // an IP address without brackets, or localhost
  std::uint16_t port = 0;

  friend bool operator==(const endpoint_address&, const endpoint_address&)
    = default;
};

/// `host:port` with an IPv4 address, an IPv6 address in brackets, or
/// `localhost`. Port 0 asks the system for a free one.
std::optional<endpoint_address> parse_address(std::string_view text);

/// `host:port` again, with brackets where they are needed.
std::string to_string(const endpoint_address& address);

/// The candidate that `text` is most likely a misspelling of, if any is
/// close: insertions, deletions, replacements and swaps count one each, case
/// counts nothing.
std::optional<std::string_view>
closest(std::string_view text, const std::vector<std::string>& candidates);

} // namespace axiom::deploy
