#include "axiom/deploy/digest/file_hash.hpp"

#include <cerrno>
#include <cstring>
#include <memory>
#include <span>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace axiom::deploy::digest {

namespace {

/// The read buffer of this thread, at least `size` bytes. Not initialised:
/// pages that small files never reach are never touched.
std::span<std::byte> thread_buffer(std::size_t size) {
  struct storage {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
  };
  static thread_local storage mine;
  if (mine.size < size) {
    mine.bytes = std::make_unique_for_overwrite<std::byte[]>(size);
    mine.size = size;
  }
  return {mine.bytes.get(), size};
}

} // namespace

std::string to_string(const io_error& err) {
  if (err.code == io_error::not_regular)
    return "not a regular file any more";
  return std::string{std::strerror(err.code)} + " (" + err.operation + ')';
}

file_hash::file_hash(const char* path, std::size_t buffer_size)
  : path_(path), buffer_size_(buffer_size) {
  // nop
}

file_hash::file_hash(const char* path, std::span<std::byte> buffer)
  : path_(path), buffer_size_(buffer.size()), buffer_(buffer.data()) {
  // nop
}

file_hash::~file_hash() {
  close();
}

file_hash::state file_hash::advance(std::size_t budget) {
  if (!opened_ && !open())
    return state::failed;
  const auto buffer = buffer_ != nullptr ? std::span{buffer_, buffer_size_}
                                         : thread_buffer(buffer_size_);
  const auto target = bytes_ + budget;
  while (bytes_ < target) {
    const auto n = ::read(fd_, buffer.data(), buffer.size());
    if (n > 0) {
      hash_.update(buffer.first(static_cast<std::size_t>(n)));
      bytes_ += static_cast<std::uint64_t>(n);
    } else if (n == 0) {
      close();
      digest_ = hash_.finish();
      return state::done;
    } else if (errno != EINTR) {
      return fail("read", errno);
    }
  }
  return state::more;
}

bool file_hash::open() {
  opened_ = true;
  // O_NONBLOCK: a file that was replaced by a named pipe must not hold us.
  fd_ = ::open(path_, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW
                        | O_NONBLOCK);
  if (fd_ < 0) {
    fail("open", errno);
    return false;
  }
  struct stat status {};
  if (::fstat(fd_, &status) != 0) {
    fail("stat", errno);
    return false;
  }
  if (!S_ISREG(status.st_mode)) {
    fail("open", io_error::not_regular);
    return false;
  }
  // Only a hint, so its result does not matter; small files are read at once
  // and need none.
  if (static_cast<std::uint64_t>(status.st_size) > buffer_size_)
    static_cast<void>(::posix_fadvise(fd_, 0, 0, POSIX_FADV_SEQUENTIAL));
  return true;
}

file_hash::state file_hash::fail(const char* operation, int code) {
  close();
  error_ = {operation, code};
  return state::failed;
}

void file_hash::close() noexcept {
  if (fd_ >= 0)
    ::close(fd_);
  fd_ = -1;
}

} // namespace axiom::deploy::digest
