#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "axiom/deploy/problem.hpp"

namespace axiom::deploy {

/// A value of a document as it was written: text and structure, no types.
/// What a scalar means (number, duration, path) is decided by the field that
/// reads it, never by the document: `010` is not 8 and `no` is not false.
struct node {
  enum class kind {
    null,     // nothing written, `~` or `null`
    scalar,   // `text` is the value, quotes and escapes resolved
    sequence, // `items` are the values
    mapping,  // `items` are the values, `keys` their names
    invalid,  // a problem has been reported; readers pass over it
  };

  struct key {
    std::string name;
    position where;
  };

  kind type = kind::null;
  position where;
  std::string text;
  std::vector<node> items;
  std::vector<key> keys; // as many as items in a mapping, else none

  /// The value of `name` in a mapping, or null.
  const node* find(std::string_view name) const noexcept;
};

/// "a list", "a mapping", "nothing" or "a value", for messages.
std::string_view describe(node::kind type) noexcept;

/// What a document may be at most. Checked while reading, before anything
/// large exists.
struct document_limits {
  std::size_t bytes = std::size_t{1} << 20;
  std::size_t depth = 64;
};

/// Reads `source` as one YAML document in the strict subset of deployments:
/// UTF-8, no anchors, aliases, merge keys and tags (they make the meaning of
/// a line depend on lines elsewhere), keys are plain and unique in their
/// mapping, nothing nests deeper than `limits.depth`.
///
/// Adds everything that is wrong to `problems`, and returns no value if there
/// is no document at all. Never throws for bad input.
std::optional<node> parse_document(const source_text& source,
                                   problem_list& problems,
                                   const document_limits& limits = {});

} // namespace axiom::deploy
