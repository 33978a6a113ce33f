#include "axiom/deploy/output.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "axiom/observe/printable.hpp"

namespace axiom::deploy {

namespace {

/// How long a write may wait for its reader before `stop` is asked again.
constexpr int poll_milliseconds = 50;

/// Writes everything; returns 0 or errno.
int write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n >= 0)
      bytes.remove_prefix(static_cast<std::size_t>(n));
    else if (errno != EINTR)
      return errno;
  }
  return 0;
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos)
    return {};
  return path.substr(0, slash + 1);
}

/// Where `path` leads when all links are followed, whether or not something
/// is there; `path` itself if that cannot be found out.
std::string resolve(const std::string& path) {
  std::string current = path;
  std::array<char, PATH_MAX> buffer;
  // As many as the kernel follows.
  for (int i = 0; i < 40; ++i) {
    const auto n = ::readlink(current.c_str(), buffer.data(), buffer.size());
    if (n <= 0)
      return current;
    const std::string_view link{buffer.data(), static_cast<std::size_t>(n)};
    if (link.starts_with('/'))
      current = link;
    else
      current = folder_of(current) + std::string{link};
  }
  return path;
}

/// The permissions that a new file would get from open(2).
mode_t default_mode() {
  // Reading the mask means setting it; a file made for the purpose would be
  // the alternative. /proc has had it since Linux 4.7.
  constexpr mode_t usual = 022;
  mode_t mask = usual;
  if (std::unique_ptr<FILE, int (*)(FILE*)> in{
        std::fopen("/proc/self/status", "re"), &std::fclose}) {
    std::array<char, 256> line;
    while (std::fgets(line.data(), line.size(), in.get()))
      if (std::strncmp(line.data(), "Umask:", 6) == 0)
        mask = static_cast<mode_t>(std::strtoul(line.data() + 6, nullptr, 8));
  }
  return 0666 & ~mask;
}

} // namespace

byte_sink::~byte_sink() {
  // nop
}

output_error::output_error(std::string_view target,
                           std::string_view operation, int code)
  : system_error(code, observe::printable(target) + ": "
                         + std::strerror(code) + " ("
                         + std::string{operation} + ')') {
  // nop
}

descriptor_sink::descriptor_sink(int fd, std::string name)
  : fd_(fd), name_(std::move(name)) {
  // nop
}

void descriptor_sink::do_write(std::string_view bytes,
                               const stop_predicate& stop) {
  const std::lock_guard guard{mutex_};
  if (!std::exchange(checked_, true)) {
    struct stat status {};
    if (::fstat(fd_, &status) != 0)
      throw output_error(name_, "write", errno);
    regular_ = S_ISREG(status.st_mode);
  }
  if (regular_) {
    if (const int code = write_all(fd_, bytes); code != 0)
      throw output_error(name_, "write", code);
    return;
  }
  while (!bytes.empty()) {
    pollfd waiting{fd_, POLLOUT, 0};
    const int ready = ::poll(&waiting, 1, poll_milliseconds);
    if (stop && stop())
      throw output_error(name_, "write", ECANCELED);
    if (ready == 0 || (ready < 0 && errno == EINTR))
      continue;
    if (ready < 0)
      throw output_error(name_, "poll", errno);
    // A pipe that is ready takes this much without waiting.
    const auto size = std::min<std::size_t>(bytes.size(), PIPE_BUF);
    const auto n = ::write(fd_, bytes.data(), size);
    if (n >= 0)
      bytes.remove_prefix(static_cast<std::size_t>(n));
    else if (errno != EINTR && errno != EAGAIN)
      throw output_error(name_, "write", errno);
  }
}

output_file::output_file(const std::string& path) : path_(path) {
  struct stat status {};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists && !S_ISREG(status.st_mode)) {
    fd_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd_ < 0)
      throw output_error(path_, "open", errno);
    return;
  }
  target_ = resolve(path);
  create();
  // The new file keeps the permissions of the one it replaces.
  const auto mode
    = exists ? status.st_mode & static_cast<mode_t>(07777) : default_mode();
  if (::fchmod(fd_, mode) != 0) {
    const int code = errno;
    discard();
    throw output_error(path_, "set permissions", code);
  }
}

output_file::~output_file() {
  discard();
}

void output_file::create() {
  const auto folder = folder_of(target_);
  fd_ = ::open(folder.empty() ? "." : folder.c_str(),
               O_TMPFILE | O_WRONLY | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd_ >= 0)
    return;
  // EISDIR is what kernels without O_TMPFILE say.
  if (errno != EOPNOTSUPP && errno != EISDIR)
    throw output_error(path_, "create", errno);
  temporary_ = folder + ".axiom-output-XXXXXX";
  fd_ = ::mkostemp(temporary_.data(), O_CLOEXEC);
  if (fd_ < 0) {
    const int code = errno;
    temporary_.clear();
    throw output_error(path_, "create", code);
  }
}

void output_file::give_name() {
  // A file cannot be linked over another one, hence the way by a name that
  // nobody has. The process and a counter make it unique among the living.
  static std::atomic<unsigned> counter{0};
  const auto source = "/proc/self/fd/" + std::to_string(fd_);
  for (;;) {
    auto name = folder_of(target_) + ".axiom-output-"
                + std::to_string(::getpid()) + '-'
                + std::to_string(counter.fetch_add(1));
    if (::linkat(AT_FDCWD, source.c_str(), AT_FDCWD, name.c_str(),
                 AT_SYMLINK_FOLLOW)
        == 0) {
      temporary_ = std::move(name);
      return;
    }
    if (errno != EEXIST)
      throw output_error(path_, "create", errno);
  }
}

void output_file::discard() noexcept {
  if (fd_ >= 0)
    ::close(std::exchange(fd_, -1));
  if (!temporary_.empty())
    ::unlink(temporary_.c_str());
  temporary_.clear();
}

int output_file::obstacle(const std::string& path) {
  const auto folder = folder_of(resolve(path));
  const auto* name = folder.empty() ? "." : folder.c_str();
  struct stat status {};
  if (::stat(name, &status) != 0)
    return errno;
  if (!S_ISDIR(status.st_mode))
    return ENOTDIR;
  if (::faccessat(AT_FDCWD, name, W_OK | X_OK, AT_EACCESS) != 0)
    return errno;
  return 0;
}

void output_file::do_write(std::string_view bytes, const stop_predicate&) {
  if (const int code = write_all(fd_, bytes); code != 0)
    throw output_error(path_, "write", code);
}

void output_file::commit() {
  if (!target_.empty() && temporary_.empty())
    give_name();
  // Some file systems report a failed write only now.
  if (::close(std::exchange(fd_, -1)) != 0)
    throw output_error(path_, "close", errno);
  if (target_.empty())
    return;
  if (::rename(temporary_.c_str(), target_.c_str()) != 0)
    throw output_error(path_, "rename", errno);
  temporary_.clear();
}

} // namespace axiom::deploy
