#pragma once

// Whether a text is JSON, by the grammar of RFC 8259 and nothing else.

#include <cstddef>
#include <string_view>

#include "axiom/error/printable.hpp"

namespace test {

/// Goes through a text as far as it is JSON.
class json_check {
public:
  explicit json_check(std::string_view text) : text_(text) {
    // nop
  }

  bool valid() {
    return value() && (space(), at_ == text_.size());
  }

private:
  void space() {
    while (at_ < text_.size()
           && std::string_view{" \t\r\n"}.find(text_[at_])
                != std::string_view::npos)
      ++at_;
  }

  bool take(char c) {
    space();
    if (at_ >= text_.size() || text_[at_] != c)
      return false;
    ++at_;
    return true;
  }

  bool word(std::string_view w) {
    if (text_.substr(at_, w.size()) != w)
      return false;
    at_ += w.size();
    return true;
  }

  bool digits() {
    const auto start = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9')
      ++at_;
    return at_ > start;
  }

  bool number() {
    if (at_ < text_.size() && text_[at_] == '-')
      ++at_;
    return digits();
  }

  bool string() {
    if (!take('"'))
      return false;
    while (at_ < text_.size() && text_[at_] != '"') {
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c < 0x20)
        return false;
      if (c != '\\') {
        const auto n = axiom::utf8_length(text_, at_);
        if (n == 0)
          return false;
        at_ += n;
        continue;
      }
      if (++at_ >= text_.size())
        return false;
      if (text_[at_] == 'u') {
        for (int i = 0; i < 4; ++i)
          if (++at_ >= text_.size()
              || std::string_view{"0123456789abcdefABCDEF"}.find(text_[at_])
                   == std::string_view::npos)
            return false;
      } else if (std::string_view{"\"\\/bfnrt"}.find(text_[at_])
                 == std::string_view::npos) {
        return false;
      }
      ++at_;
    }
    return take('"');
  }

  bool members(char end, bool named) {
    if (take(end))
      return true;
    do {
      if (named && !(string() && take(':')))
        return false;
      if (!value())
        return false;
    } while (take(','));
    return take(end);
  }

  bool value() {
    space();
    if (at_ >= text_.size())
      return false;
    switch (text_[at_]) {
      case '{':
        ++at_;
        return members('}', true);
      case '[':
        ++at_;
        return members(']', false);
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

inline bool is_json(std::string_view text) {
  return json_check{text}.valid();
}

} // namespace test
