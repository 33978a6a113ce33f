#include "axiom/error/json_text.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "axiom/error/printable.hpp"

namespace axiom {

void append_json(std::string& out, std::string_view bytes) {
  out += '"';
  for (std::size_t i = 0; i < bytes.size();) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    const auto length = utf8_length(bytes, i);
    if (length == 0) {
      out += "\\ufffd";
      ++i;
      continue;
    }
    if (c == '"' || c == '\\') {
      out += '\\';
      out += bytes[i];
    } else if (c < 0x20 || c == 0x7f) {
      std::array<char, 8> code{};
      std::snprintf(code.data(), code.size(), "\\u%04x", c);
      out += code.data();
    } else {
      out.append(bytes.substr(i, length));
    }
    i += length;
  }
  out += '"';
}

std::string iso_8601(timestamp at) {
  using namespace std::chrono;
  const auto whole = floor<seconds>(at);
  const auto time = timestamp::clock::to_time_t(whole);
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 64> buf{};
  const auto n =
    std::strftime(buf.data(), buf.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(
    buf.data() + n, buf.size() - n, ".%03dZ",
    static_cast<int>(duration_cast<milliseconds>(at - whole).count()));
  return buf.data();
}

} // namespace axiom
