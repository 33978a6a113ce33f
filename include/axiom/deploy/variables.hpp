#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace axiom::deploy {

/// The variables that the values of a deployment file may use:
///
/// | written         | stands for                                           |
/// |-----------------|------------------------------------------------------|
/// | `${V}`          | V; a mistake if it is not set                        |
/// | `${V:-default}` | V, or `default` if V is not set or empty             |
/// | `${V-default}`  | V, or `default` if V is not set                      |
/// | `${V:?message}` | V; `message` is the mistake if it is not set or empty|
/// | `${V?message}`  | V; `message` is the mistake if it is not set         |
/// | `$$`            | a dollar sign                                        |
///
/// Values are replaced after parsing and only within one value, so what a
/// variable contains can never change the structure of the document, and a
/// value may hold any bytes: newlines, quotes, bytes that are not UTF-8.
/// What was put in is not looked at again; a default may contain variables.
///
/// Variables set by hand (`--set V=value`) come before those of the process
/// environment. A variable set by hand which the file never mentions is a
/// mistake, see `unused`.
///
/// Not thread-safe; used while loading.
class variables {
public:
  using lookup = std::function<std::optional<std::string>(std::string_view)>;

  /// Falls back to nothing.
  variables() = default;

  /// Falls back to `environment`, such as `process_environment`.
  explicit variables(lookup environment);

  /// Sets a variable by hand; the last value counts.
  /// @pre `is_variable_name(name)`
  void set(std::string name, std::string value);

  /// `text` with its variables replaced, or what is wrong in it.
  struct result {
    std::string text;
    std::vector<std::string> mistakes;
  };

  result substitute(std::string_view text);

  /// Names that were set by hand but mentioned by no value so far.
  std::vector<std::string> unused() const;

  /// Every name mentioned so far, for suggestions.
  std::vector<std::string> mentioned() const;

private:
  void substitute(std::string_view text, std::string& out,
                  std::vector<std::string>& mistakes, unsigned depth);

  void replace(std::string_view expression, std::string& out,
               std::vector<std::string>& mistakes, unsigned depth);

  std::optional<std::string> get(std::string_view name) const;

  lookup environment_;
  std::map<std::string, std::string, std::less<>> set_;
  std::set<std::string, std::less<>> mentioned_;
};

/// A letter or underscore, then letters, digits and underscores.
bool is_variable_name(std::string_view name) noexcept;

/// The environment of this process.
std::optional<std::string> process_environment(std::string_view name);

} // namespace axiom::deploy
