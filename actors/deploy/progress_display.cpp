#include "axiom/deploy/progress_display.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include <sys/ioctl.h>
#include <unistd.h>

#include "axiom/deploy/scalar.hpp"

namespace axiom::deploy {

using namespace std::chrono_literals;

namespace {

constexpr auto bar_interval = 100ms;
constexpr auto line_interval = 3s;

/// Back to the first column, and erase what is there.
constexpr std::string_view erase_line = "\r\x1b[K";

bool can_draw(int fd) {
  const auto* terminal = std::getenv("TERM");
  return ::isatty(fd) == 1 && terminal && *terminal
         && std::string_view{terminal} != "dumb";
}

std::size_t width_of(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  if (const auto* columns = std::getenv("COLUMNS"))
    if (const auto n = parse_integer(columns); n && *n > 0)
      return static_cast<std::size_t>(*n);
  return 80;
}

} // namespace

progress_display::progress_display(int fd, progress_mode mode,
                                   std::string unit)
  : fd_(fd), text_(std::move(unit)) {
  if (mode == progress_mode::none)
    style_ = style::nothing;
  else if (mode == progress_mode::automatic && can_draw(fd))
    style_ = style::bar;
  else
    style_ = style::lines;
}

std::chrono::milliseconds progress_display::interval() const noexcept {
  return style_ == style::bar ? std::chrono::milliseconds{bar_interval}
                              : std::chrono::milliseconds{line_interval};
}

void progress_display::show(const progress_snapshot& now, std::string note) {
  const std::lock_guard guard{mutex_};
  if (style_ == style::nothing || paused_)
    return;
  text_.update(now, elapsed(), std::move(note));
  if (style_ == style::lines) {
    put(text_.line() + '\n');
    return;
  }
  // The last column stays free: some terminals wrap when it is written.
  const auto width = width_of(fd_);
  std::string frame{erase_line};
  frame += text_.bar(width > 1 ? width - 1 : width);
  put(frame);
  drawn_ = true;
}

void progress_display::clear() {
  if (std::exchange(drawn_, false))
    put(erase_line);
}

void progress_display::pause() {
  const std::lock_guard guard{mutex_};
  clear();
  paused_ = true;
}

void progress_display::finish(const progress_snapshot& now,
                              std::string_view label, std::string note) {
  const std::lock_guard guard{mutex_};
  clear();
  if (style_ == style::nothing)
    return;
  text_.update(now, elapsed(), std::move(note));
  put(std::string{label} + text_.total() + '\n');
}

void progress_display::put(std::string_view text) const {
  while (!text.empty()) {
    const auto n = ::write(fd_, text.data(), text.size());
    if (n > 0)
      text.remove_prefix(static_cast<std::size_t>(n));
    else if (n == 0 || errno != EINTR)
      return;
  }
}

progress_display::clock::duration progress_display::elapsed() const {
  return clock::now() - start_;
}

} // namespace axiom::deploy
