#include "axiom/deploy/digest/digest_line.hpp"

namespace axiom::deploy::digest {

void append_digest_line(std::string& out, const sha256_digest& digest,
                        std::string_view path) {
  static constexpr std::string_view digits = "0123456789abcdef";
  const bool escape = path.find_first_of("\\\n\r") != std::string_view::npos;
  if (escape)
    out += '\\';
  std::array<char, 64> hex;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    hex[2 * i] = digits[digest[i] >> 4];
    hex[2 * i + 1] = digits[digest[i] & 15];
  }
  out.append(hex.data(), hex.size());
  out += "  ";
  if (!escape) {
    out += path;
  } else {
    for (char c : path) {
      switch (c) {
        case '\\':
          out += "\\\\";
          break;
        case '\n':
          out += "\\n";
          break;
        case '\r':
          out += "\\r";
          break;
        default:
          out += c;
      }
    }
  }
  out += '\n';
}

} // namespace axiom::deploy::digest
