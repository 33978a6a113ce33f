#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "axiom/deploy/node.hpp"
#include "axiom/deploy/problem.hpp"
#include "axiom/deploy/variables.hpp"

namespace axiom::deploy {

/// The state of reading one document: where we are, what was wrong so far,
/// and the variables. Fields and types read through it, so that every mistake
/// is reported with its path and none ends the reading.
///
/// Not thread-safe; lives as long as one load.
class reader {
public:
  reader(problem_list& problems, variables& vars)
    : problems_(problems), variables_(vars) {
    // nop
  }

  // -- paths ------------------------------------------------------------------

  /// Extends the path while it lives.
  class scope {
  public:
    scope(reader& parent, std::string_view key);
    scope(reader& parent, std::size_t index);
    ~scope();
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;

  private:
    reader& parent_;
    std::size_t length_;
  };

  /// Where we are, such as tasks[0].with.root.
  const std::string& path() const noexcept {
    return path_;
  }

  /// How messages name the place: the path, or "the file" at the top.
  std::string place() const;

  // -- mistakes ---------------------------------------------------------------

  void report(position where, std::string what);

  /// A mistake of one field of `mapping`, where it is written or could be.
  void report_field(const node& mapping, std::string_view field,
                    std::string what);

  /// `found` is not what the field takes.
  void mismatch(const node& found, std::string_view expected);

  /// As above, with the text that was read and perhaps a misspelling of one
  /// of `candidates`.
  void mismatch(position where, std::string_view text,
                std::string_view expected,
                const std::vector<std::string>& candidates = {});

  // -- values -----------------------------------------------------------------

  /// The text of a scalar with its variables replaced. Nothing if it is no
  /// scalar or a variable is missing, which has been reported then.
  std::optional<std::string> scalar(const node& from,
                                    std::string_view expected);

private:
  problem_list& problems_;
  variables& variables_;
  std::string path_;
};

} // namespace axiom::deploy
