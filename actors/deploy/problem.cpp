#include "axiom/deploy/problem.hpp"

#include <algorithm>
#include <utility>

#include "axiom/observe/printable.hpp"

namespace axiom::deploy {

using observe::printable;
using observe::utf8_length;

namespace {

/// A quoted line is cut to this many characters around its caret.
constexpr std::size_t max_quoted = 160;

struct quoted_line {
  std::string text;
  std::size_t caret = 0; // characters before the caret
};

/// Tabs become spaces, so that the caret stands right in any terminal.
quoted_line quote(std::string_view line, std::size_t column) {
  std::vector<std::string> characters;
  std::size_t caret = 0;
  for (std::size_t i = 0; i < line.size();) {
    if (i < column)
      caret = characters.size() + 1;
    const auto length = std::max<std::size_t>(utf8_length(line, i), 1);
    const auto piece = line.substr(i, length);
    characters.push_back(piece == "\t"   ? std::string{" "}
                         : printable(piece).size() == piece.size()
                           ? std::string{piece}
                           : std::string{"?"});
    i += length;
  }
  const auto first
    = caret > max_quoted / 2 ? caret - max_quoted / 2 : std::size_t{0};
  const auto last = std::min(characters.size(), first + max_quoted);
  quoted_line result;
  result.caret = caret - first;
  if (first > 0) {
    result.text = "...";
    result.caret += 3;
  }
  for (auto i = first; i < last; ++i)
    result.text += characters[i];
  if (last < characters.size())
    result.text += "...";
  return result;
}

} // namespace

source_text::source_text(std::string name, std::string text)
  : name_(std::move(name)), text_(std::move(text)) {
  starts_.push_back(0);
  for (std::size_t i = 0; i < text_.size(); ++i)
    if (text_[i] == '\n')
      starts_.push_back(i + 1);
}

std::string_view source_text::line(std::uint32_t number) const noexcept {
  if (number == 0 || number > starts_.size())
    return {};
  std::string_view view{text_};
  const auto first = starts_[number - 1];
  auto result = view.substr(first);
  if (const auto end = result.find('\n'); end != std::string_view::npos)
    result = result.substr(0, end);
  if (!result.empty() && result.back() == '\r')
    result.remove_suffix(1);
  return result;
}

std::string_view source_text::text_at(position where) const noexcept {
  if (where.line == 0 || where.line > starts_.size() || where.column == 0)
    return {};
  const auto offset = starts_[where.line - 1] + where.column - 1;
  return std::string_view{text_}.substr(std::min(offset, text_.size()));
}

position source_text::locate(std::size_t offset) const noexcept {
  if (starts_.empty())
    return {};
  auto next = std::upper_bound(starts_.begin(), starts_.end(), offset);
  const auto line = static_cast<std::size_t>(next - starts_.begin());
  return {static_cast<std::uint32_t>(line),
          static_cast<std::uint32_t>(offset - starts_[line - 1] + 1)};
}

void problem_list::add(position where, std::string path, std::string what) {
  problems_.push_back({where, std::move(path), std::move(what)});
}

void problem_list::sort() {
  std::stable_sort(problems_.begin(), problems_.end(),
                   [](const problem& x, const problem& y) {
                     return std::pair{x.where.line, x.where.column}
                            < std::pair{y.where.line, y.where.column};
                   });
}

std::string render(const problem& issue, const source_text& source) {
  auto result = printable(source.name());
  if (issue.where.line == 0) {
    result += ": ";
    if (!issue.path.empty())
      result += printable(issue.path) + ": ";
    result += issue.what;
    result += '\n';
    return result;
  }
  const auto line = source.line(issue.where.line);
  const auto column
    = std::min<std::size_t>(std::max(issue.where.column, 1u) - 1,
                            line.size());
  std::size_t characters = 0;
  for (std::size_t i = 0; i < column; ++characters)
    i += std::max<std::size_t>(utf8_length(line, i), 1);
  result += ':' + std::to_string(issue.where.line) + ':'
            + std::to_string(characters + 1) + ": ";
  if (!issue.path.empty())
    result += printable(issue.path) + ": ";
  result += issue.what;
  const auto excerpt = quote(line, column);
  result += "\n  " + excerpt.text + "\n  "
            + std::string(excerpt.caret, ' ') + "^\n";
  return result;
}

std::string render(const problem_list& issues, const source_text& source) {
  std::string result;
  for (const auto& issue : issues)
    result += render(issue, source);
  return result;
}

} // namespace axiom::deploy
