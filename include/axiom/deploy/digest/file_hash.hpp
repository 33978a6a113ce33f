#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "axiom/deploy/digest/io_error.hpp"
#include "axiom/deploy/digest/sha256.hpp"

namespace axiom::deploy::digest {

/// The SHA-256 of one regular file, computed in steps, so that who computes it
/// can stop or let others go first between two of them.
///
///     file_hash hash{path, buffer_size};
///     while (hash.advance(budget) == file_hash::state::more)
///       if (cancelled())
///         return;
///
/// The file is opened by the first step and closed as soon as its end, an
/// error or the destructor is reached. A symbolic link, and a file that has
/// become something else since it was listed, is an error rather than followed
/// or waited for. The buffer is the caller's, or one that belongs to the thread.
class file_hash {
public:
  enum class state { more, done, failed };

  /// `path` has to outlive the first step.
  file_hash(const char* path, std::size_t buffer_size);

  /// Reads into `buffer`, which is not empty and outlives the last step.
  file_hash(const char* path, std::span<std::byte> buffer);

  file_hash(const file_hash&) = delete;
  file_hash& operator=(const file_hash&) = delete;
  ~file_hash();

  /// Hashes until at least `budget` bytes are done or the file ends.
  state advance(std::size_t budget);

  /// @pre the last step was `done`
  const sha256_digest& digest() const noexcept {
    return digest_;
  }

  /// @pre the last step was `failed`
  const io_error& error() const noexcept {
    return error_;
  }

  /// Bytes hashed so far.
  std::uint64_t bytes() const noexcept {
    return bytes_;
  }

private:
  bool open();
  state fail(const char* operation, int code);
  void close() noexcept;

  const char* path_;
  std::size_t buffer_size_;
  std::byte* buffer_ = nullptr; // null: the thread's
  int fd_ = -1;
  bool opened_ = false;
  std::uint64_t bytes_ = 0;
  sha256 hash_;
  sha256_digest digest_{};
  io_error error_;
};

} // namespace axiom::deploy::digest
