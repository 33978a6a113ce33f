#include "axiom/deploy/section.hpp"

#include <algorithm>

#include "axiom/deploy/scalar.hpp"
#include "axiom/observe/printable.hpp"

namespace axiom::deploy {

using observe::in_quotes;

namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string result;
  for (const auto& name : names) {
    if (!result.empty())
      result += ", ";
    result += name;
  }
  return result;
}

} // namespace

std::vector<std::string> section_info::names() const {
  std::vector<std::string> result;
  for (const auto& field : fields_)
    result.push_back(field.name);
  return result;
}

bool section_info::check(const node& from, reader& in) const {
  const auto known = names();
  if (from.type != node::kind::mapping) {
    in.mismatch(from, "a mapping of " + joined(known));
    return false;
  }
  for (const auto& key : from.keys) {
    if (std::find(known.begin(), known.end(), key.name) != known.end())
      continue;
    auto what = "unknown key " + in_quotes(key.name);
    if (known.empty()) {
      what += " (expected no keys)";
    } else {
      what += " (expected " + joined(known);
      if (auto guess = closest(key.name, known))
        what += "; did you mean " + in_quotes(*guess) + '?';
      what += ')';
    }
    in.report(key.where, std::move(what));
  }
  for (const auto& field : fields_)
    if (field.required && !from.find(field.name))
      in.report(from.where, "missing key " + in_quotes(field.name)
                              + " (expected " + field.type.expected + ')');
  return true;
}

node default_node(const std::string& text, position where) {
  node result;
  result.where = where;
  if (text == "{}") {
    result.type = node::kind::mapping;
  } else if (text == "[]") {
    result.type = node::kind::sequence;
  } else {
    result.type = node::kind::scalar;
    result.text = text;
  }
  return result;
}

} // namespace axiom::deploy
