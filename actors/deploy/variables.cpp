#include "axiom/deploy/variables.hpp"

#include <cstdlib>
#include <utility>

#include "axiom/observe/printable.hpp"

namespace axiom::deploy {

using observe::printable;
using observe::in_quotes;

namespace {

/// Defaults within defaults; a person needs one level, perhaps two.
constexpr unsigned max_nesting = 8;

constexpr bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

constexpr bool is_name_part(char c) {
  return is_name_start(c) || (c >= '0' && c <= '9');
}

/// The offset of the brace that closes the one before `text`.
std::size_t find_closing_brace(std::string_view text) {
  std::size_t open = 1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '$' && i + 1 < text.size()
        && (text[i + 1] == '{' || text[i + 1] == '$')) {
      open += text[i + 1] == '{' ? 1 : 0;
      ++i;
    } else if (text[i] == '}' && --open == 0) {
      return i;
    }
  }
  return std::string_view::npos;
}

} // namespace

variables::variables(lookup environment)
  : environment_(std::move(environment)) {
  // nop
}

void variables::set(std::string name, std::string value) {
  set_.insert_or_assign(std::move(name), std::move(value));
}

variables::result variables::substitute(std::string_view text) {
  result res;
  substitute(text, res.text, res.mistakes, 0);
  return res;
}

std::vector<std::string> variables::unused() const {
  std::vector<std::string> result;
  for (const auto& [name, value] : set_)
    if (!mentioned_.contains(name))
      result.push_back(name);
  return result;
}

std::vector<std::string> variables::mentioned() const {
  return {mentioned_.begin(), mentioned_.end()};
}

void variables::substitute(std::string_view text, std::string& out,
                           std::vector<std::string>& mistakes,
                           unsigned depth) {
  while (!text.empty()) {
    const auto dollar = text.find('$');
    out += text.substr(0, dollar);
    if (dollar == std::string_view::npos)
      return;
    text.remove_prefix(dollar + 1);
    if (text.starts_with('$')) {
      out += '$';
      text.remove_prefix(1);
    } else if (text.starts_with('{')) {
      text.remove_prefix(1);
      const auto end = find_closing_brace(text);
      if (end == std::string_view::npos) {
        mistakes.push_back("\"${\" without \"}\" (a dollar sign is written "
                           "\"$$\")");
        return;
      }
      replace(text.substr(0, end), out, mistakes, depth);
      text.remove_prefix(end + 1);
    } else {
      mistakes.push_back("a single \"$\" (expected \"${NAME}\"; a dollar "
                         "sign is written \"$$\")");
    }
  }
}

void variables::replace(std::string_view expression, std::string& out,
                        std::vector<std::string>& mistakes, unsigned depth) {
  std::size_t length = 0;
  while (length < expression.size() && is_name_part(expression[length]))
    ++length;
  const auto name = expression.substr(0, length);
  auto rest = expression.substr(length);
  if (!is_variable_name(name)) {
    mistakes.push_back("\"${" + printable(expression)
                       + "}\" has no name (expected \"${NAME}\")");
    return;
  }
  mentioned_.emplace(name);
  const auto value = get(name);
  const bool or_empty = rest.starts_with(':');
  if (or_empty)
    rest.remove_prefix(1);
  const bool usable = value && !(or_empty && value->empty());
  if (rest.starts_with('-')) {
    if (usable)
      out += *value;
    else if (depth < max_nesting)
      substitute(rest.substr(1), out, mistakes, depth + 1);
    else
      mistakes.push_back("defaults nested too deeply");
    if (usable && depth < max_nesting) {
      // The names in a default that is not used today are mentioned, too.
      result ignored;
      substitute(rest.substr(1), ignored.text, ignored.mistakes, depth + 1);
    }
  } else if (rest.starts_with('?')) {
    if (usable)
      out += *value;
    else
      mistakes.push_back(
        "variable " + in_quotes(name) + " is not set"
        + (rest.size() > 1 ? ": " + printable(rest.substr(1))
                           : std::string{}));
  } else if (or_empty || !rest.empty()) {
    mistakes.push_back("\"${" + printable(expression)
                       + "}\" is not understood (expected \"${NAME}\", "
                         "\"${NAME:-default}\" or \"${NAME:?message}\")");
  } else if (value) {
    out += *value;
  } else {
    mistakes.push_back("variable " + in_quotes(name)
                       + " is not set (set it in the environment or with "
                         "--set "
                       + std::string{name} + "=value, or give it a default: "
                       + "\"${" + std::string{name} + ":-default}\")");
  }
}

std::optional<std::string> variables::get(std::string_view name) const {
  if (auto i = set_.find(name); i != set_.end())
    return i->second;
  if (environment_)
    return environment_(name);
  return std::nullopt;
}

bool is_variable_name(std::string_view name) noexcept {
  if (name.empty() || !is_name_start(name.front()))
    return false;
  for (char c : name)
    if (!is_name_part(c))
      return false;
  return true;
}

std::optional<std::string> process_environment(std::string_view name) {
  if (const auto* value = std::getenv(std::string{name}.c_str()))
    return value;
  return std::nullopt;
}

} // namespace axiom::deploy
