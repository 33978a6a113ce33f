#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "axiom/deploy/reader.hpp"

namespace axiom::deploy {

class section_info;

/// What a value of a field looks like: enough to say what was expected, and to
/// write a schema for editors from the same table that reads the file.
struct type_info {
  enum class kind {
    text,
    integer,
    duration,
    bytes,
    number, // with a point, maybe
    address,
    choice,
    list,
    mapping,
    named, // a mapping whose keys are names of the user's
    open_mapping, // its fields depend on the value of another field
  };

  kind type = kind::text;
  std::string expected; // "an integer from 1 to 64", "\"auto\" or ..."
  std::vector<std::string> choices; // words that are taken literally
  std::optional<std::int64_t> minimum;
  std::optional<std::int64_t> maximum;
  std::shared_ptr<const type_info> element; // of a list, of named values
  std::shared_ptr<const section_info> fields; // of a mapping
};

/// How to read a value of type `V`, and what it looks like.
template <class V>
struct type {
  type_info info;
  /// Returns nothing after reporting why.
  std::function<std::optional<V>(const node&, reader&)> read;
};

/// One line of a section's table.
struct field_info {
  std::string name;
  std::string doc;
  type_info type;
  bool required = false;
  std::string default_text; // as it would be written; empty if there is none
};

} // namespace axiom::deploy
