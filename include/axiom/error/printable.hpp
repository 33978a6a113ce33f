#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace axiom {

/// Bytes made safe for a terminal and a log line: control characters (C0, DEL
/// and C1), line breaks and bytes that are not UTF-8 become `\n`, `\t`, `\r`
/// or `\xNN`. Everything else stays as it is, a backslash too: applying it
/// twice changes nothing, so that whoever prints can be on the safe side.
std::string printable(std::string_view bytes);

/// The length in bytes of the UTF-8 character that starts at `at`; 0 if there
/// is none (overlong forms, surrogates and values beyond U+10FFFF are none).
std::size_t utf8_length(std::string_view bytes, std::size_t at) noexcept;

/// The longest prefix of at most `max` bytes that cuts no UTF-8 character.
/// Where `bytes` are not UTF-8, a byte is a character.
std::string_view truncate_utf8(std::string_view bytes,
                               std::size_t max) noexcept;

} // namespace axiom
