#pragma once

#include <string>
#include <vector>

#include "axiom/deploy/problem.hpp"
#include "axiom/deploy/scalar.hpp"
#include "axiom/observe/printable.hpp"

namespace axiom::deploy {

/// Reports that a task refers to something by a name that nothing in `known`
/// has.
/// @param what the kind of thing, in the singular: the section is its plural
/// @tparam Named has a `name`
template <class Named>
void report_unknown(const std::string& what, const std::string& name,
                    const std::vector<Named>& known, position where,
                    std::string path, problem_list& problems) {
  std::vector<std::string> names;
  std::string listed;
  for (const auto& x : known) {
    names.push_back(x.name);
    listed += (listed.empty() ? "" : ", ") + x.name;
  }
  auto text = "unknown " + what + ' ' + observe::in_quotes(name) + " (";
  text += known.empty() ? "the file has no " + what + 's'
                        : "expected " + listed;
  if (auto guess = closest(name, names))
    text += "; did you mean " + observe::in_quotes(*guess) + '?';
  problems.add(where, std::move(path), text + ')');
}

} // namespace axiom::deploy
