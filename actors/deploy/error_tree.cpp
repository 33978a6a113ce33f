#include "axiom/deploy/error_tree.hpp"

#include <exception>

#include "axiom/deploy/system_error.hpp"
#include "axiom/error/error_walk.hpp"
#include "axiom/observe/printable.hpp"

namespace axiom::deploy {

namespace {

using observe::printable;

/// The text of an exception of ours says more than the error it stands for.
std::string text_of(const failure& error) {
  if (error.cause()) {
    try {
      std::rethrow_exception(error.cause());
    } catch (const system_error& err) {
      return err.what();
    } catch (...) {
      // as below
    }
  }
  return describe_error(error.error());
}

void append_line(std::string& out, std::string_view label, const failure& error,
                 const concurrent_errors* below) {
  if (!label.empty())
    out.append(printable(label)).append(": ");
  if (below == nullptr)
    out += printable(text_of(error));
  else
    out += std::to_string(below->size())
         + (below->size() == 1 ? " error" : " errors");
  out += '\n';
}

} // namespace

void append_error_tree(std::string& out, std::string_view label,
                       const failure& error, std::size_t indent,
                       std::size_t limit) {
  const task_error top{{}, error, {}, {}};
  const auto* several = top.nested();
  out.append(indent, ' ');
  append_line(out, label, error, several);
  if (several == nullptr)
    return;
  std::size_t lines = 0;
  for (error_walk at{several->errors()}; at.next();) {
    if (lines++ >= limit)
      continue; // only count
    const auto& x = at.error();
    out.append(indent + 2 + 2 * at.depth(), ' ');
    if (at.suppressed())
      out += "suppressed: ";
    // An error of the system names its object in full; the task has the same
    // name, but shortened.
    const auto names_itself = x.error.error().category() == errno_category;
    append_line(out, names_itself ? "" : x.task.name, x.error, at.below());
  }
  if (lines > limit)
    out.append(indent + 2, ' ')
      .append("... and ")
      .append(std::to_string(lines - limit))
      .append(" more\n");
}

} // namespace axiom::deploy
