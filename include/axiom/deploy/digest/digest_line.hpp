#pragma once

#include <string>
#include <string_view>

#include "axiom/deploy/digest/sha256.hpp"

namespace axiom::deploy::digest {

/// Appends the line that coreutils' sha256sum (9.1) prints for a file: the
/// digest in hexadecimal, two spaces, the path, a newline. A path with a
/// backslash, newline or carriage return is written with `\\`, `\n` and `\r`
/// in their place and a backslash before the digest; all other bytes stand for
/// themselves. `sha256sum --check` reads it back.
void append_digest_line(std::string& out, const sha256_digest& digest,
                        std::string_view path);

} // namespace axiom::deploy::digest
