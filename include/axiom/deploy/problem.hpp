#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace axiom::deploy {

/// A place in a source text. Lines and columns count from 1; a column is a
/// byte offset in its line (rendering turns it into characters). Line 0 means
/// the text as a whole.
struct position {
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  friend bool operator==(const position&, const position&) = default;
};

/// A text with a name, cut into lines so that messages can quote it.
class source_text {
public:
  source_text() = default;
  source_text(std::string name, std::string text);

  const std::string& name() const noexcept {
    return name_;
  }

  const std::string& text() const noexcept {
    return text_;
  }

  /// The line without its end; empty if there is no such line.
  std::string_view line(std::uint32_t number) const noexcept;

  /// The text from `where` on; empty if there is no such place.
  std::string_view text_at(position where) const noexcept;

  /// Where the byte at `offset` stands.
  position locate(std::size_t offset) const noexcept;

private:
  std::string name_;
  std::string text_;
  std::vector<std::size_t> starts_; // offset of each line, ascending
};

/// One thing that is wrong with a deployment.
struct problem {
  position where;
  std::string path; // such as tasks[0].with.root; empty for the whole file
  std::string what; // with what was expected and a suggestion, if any
};

/// All problems found so far. Reading goes on after a problem, so that a user
/// sees everything at once.
class problem_list {
public:
  void add(position where, std::string path, std::string what);

  bool empty() const noexcept {
    return problems_.empty();
  }

  std::size_t size() const noexcept {
    return problems_.size();
  }

  auto begin() const noexcept {
    return problems_.begin();
  }

  auto end() const noexcept {
    return problems_.end();
  }

  const problem& operator[](std::size_t index) const noexcept {
    return problems_[index];
  }

  /// Orders the problems by where they stand in the text.
  void sort();

private:
  std::vector<problem> problems_;
};

/// `file:line:col: path: what`, then the line and a caret below the column.
/// Ends in a newline and contains no other control characters, whatever the
/// file contains.
std::string render(const problem& issue, const source_text& source);

/// All of them, one after the other.
std::string render(const problem_list& issues, const source_text& source);

} // namespace axiom::deploy
