#include "axiom/error/printable.hpp"

#include <array>

namespace axiom {

namespace {

constexpr bool is_continuation(unsigned char c) {
  return (c & 0xC0) == 0x80;
}

void append_hex(std::string& out, unsigned char c) {
  static constexpr std::string_view digits = "0123456789abcdef";
  out += "\\x";
  out += digits[c >> 4];
  out += digits[c & 15];
}

void append_ascii(std::string& out, unsigned char c) {
  switch (c) {
    case '\n':
      out += "\\n";
      break;
    case '\t':
      out += "\\t";
      break;
    case '\r':
      out += "\\r";
      break;
    default:
      if (c < 0x20 || c == 0x7F)
        append_hex(out, c);
      else
        out += static_cast<char>(c);
  }
}

} // namespace

std::size_t utf8_length(std::string_view bytes, std::size_t at) noexcept {
  auto byte = [&](std::size_t i) -> unsigned {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0;
  };
  const auto first = byte(at);
  if (at >= bytes.size())
    return 0;
  if (first < 0x80)
    return 1;
  std::size_t length = 0;
  // Lower and upper bound of the second byte exclude overlong forms,
  // surrogates and what is beyond U+10FFFF.
  unsigned lower = 0x80;
  unsigned upper = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0)
      lower = 0xA0;
    else if (first == 0xED)
      upper = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0)
      lower = 0x90;
    else if (first == 0xF4)
      upper = 0x8F;
  } else {
    return 0;
  }
  if (byte(at + 1) < lower || byte(at + 1) > upper)
    return 0;
  for (std::size_t i = 2; i < length; ++i)
    if (!is_continuation(static_cast<unsigned char>(byte(at + i))))
      return 0;
  return length;
}

std::string printable(std::string_view bytes) {
  std::string result;
  result.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size();) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    const auto length = utf8_length(bytes, i);
    if (length == 1) {
      append_ascii(result, c);
      ++i;
    } else if (length == 0
               || (c == 0xC2
                   && static_cast<unsigned char>(bytes[i + 1]) < 0xA0)) {
      append_hex(result, c);
      ++i;
    } else {
      result.append(bytes.substr(i, length));
      i += length;
    }
  }
  return result;
}

std::string_view truncate_utf8(std::string_view bytes,
                               std::size_t max) noexcept {
  if (bytes.size() <= max)
    return bytes;
  // A character that crosses the cut starts at most three bytes before it.
  for (std::size_t back = 1; back <= 3 && back <= max; ++back) {
    const auto start = max - back;
    const auto length = utf8_length(bytes, start);
    if (length > back)
      return bytes.substr(0, start);
    if (length != 0)
      break;
  }
  return bytes.substr(0, max);
}

} // namespace axiom
