#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>

#include "axiom/deploy/progress.hpp"

namespace axiom::deploy {

/// How progress is shown.
enum class progress_mode {
  automatic, // a bar on a terminal, else lines
  plain,     // lines, also on a terminal
  none,
};

/// Shows progress on a descriptor, standard error as a rule: a bar that is
/// redrawn in place on a terminal, or a line every few seconds elsewhere, with
/// no control characters at all.
///
/// Nobody waits for it: what cannot be written is lost. Thread-safe; who prints
/// something else to the same terminal calls `pause` first.
class progress_display {
public:
  using clock = std::chrono::steady_clock;

  progress_display(int fd, progress_mode mode, std::string unit);

  /// How often `show` should be called.
  std::chrono::milliseconds interval() const noexcept;

  /// @param note see progress_text
  void show(const progress_snapshot& now, std::string note = {});

  /// Takes the bar away; from now on only `finish` shows something.
  void pause();

  /// Takes the bar away and sums up in a line that starts with `label`.
  void finish(const progress_snapshot& now, std::string_view label,
              std::string note = {});

private:
  enum class style { bar, lines, nothing };

  void clear();
  void put(std::string_view text) const;
  clock::duration elapsed() const;

  int fd_;
  style style_;
  progress_text text_;
  clock::time_point start_ = clock::now();
  std::mutex mutex_;
  bool drawn_ = false;
  bool paused_ = false;
};

} // namespace axiom::deploy
