#include "axiom/deploy/error_tree.hpp"

#include <exception>
#include <optional>
#include <vector>

#include "axiom/deploy/system_error.hpp"
#include "axiom/error/concurrent_errors.hpp"
#include "axiom/observe/printable.hpp"

namespace axiom::deploy {

namespace {

using observe::printable;

/// The aggregate behind `error`, if it is one.
std::optional<concurrent_errors> aggregate(const failure& error) {
  if (!error.cause())
    return std::nullopt;
  try {
    std::rethrow_exception(error.cause());
  } catch (const concurrent_errors& several) {
    return several;
  } catch (...) {
    return std::nullopt;
  }
}

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

struct entry {
  std::string label;
  failure error;
  std::size_t indent;
};

void push_children(std::vector<entry>& stack,
                   const std::vector<task_error>& errors,
                   std::size_t indent) {
  for (auto i = errors.rbegin(); i != errors.rend(); ++i)
    stack.push_back({i->task.name, i->error, indent});
}

} // namespace

void append_error_tree(std::string& out, std::string_view label,
                       const failure& error, std::size_t indent) {
  // A tree may be deep: an explicit stack instead of recursion.
  std::vector<entry> stack;
  stack.push_back({std::string{label}, error, indent});
  while (!stack.empty()) {
    auto now = std::move(stack.back());
    stack.pop_back();
    out.append(now.indent, ' ');
    // An error of the system names its object in full; the task has the same
    // name, but shortened.
    if (!now.label.empty()
        && (now.indent == indent
            || now.error.error().category() != errno_category))
      out += printable(now.label) + ": ";
    const auto several = aggregate(now.error);
    if (!several) {
      out += printable(text_of(now.error)) + '\n';
      continue;
    }
    const auto count = several->size();
    out += std::to_string(count) + (count == 1 ? " error\n" : " errors\n");
    std::vector<task_error> below;
    for (const auto& one : several->errors()) {
      below.push_back(one);
      below.insert(below.end(), one.suppressed.begin(),
                   one.suppressed.end());
    }
    push_children(stack, below, now.indent + 2);
  }
}

} // namespace axiom::deploy
