#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "axiom/deploy/digest/io_error.hpp"
#include "axiom/deploy/digest/sha256.hpp"

namespace axiom::deploy::digest {

/// A path below `directory` as find(1) spells it: joined by one slash unless
/// the directory ends in one already.
void join_path(std::string& out, std::string_view directory,
               std::string_view name);

/// One directory: the names of the regular files and directories in it, and
/// what becomes of them. Millions of files may be held at once, so a file
/// takes its name, 12 bytes and its digest, and no allocation of its own.
///
/// Entries are in the order in which the paths of all files below stand when
/// they are sorted bytewise: a directory counts as its name with a slash, so
/// `a.c` comes before what is in `a/`, and walking the tree needs no sorting.
///
/// Different entries may be written by different threads at the same time;
/// everything else by one, with a join between.
class directory {
public:
  enum class kind : std::uint8_t { file, directory };
  enum class state : std::uint8_t { pending, done, failed };

  struct entry {
    std::uint32_t offset; // of the name
    std::uint16_t length;
    kind type;
    state status;
    std::uint32_t slot; // index into digests or children
  };

  explicit directory(std::string path) : path_(std::move(path)) {
    // nop
  }

  const std::string& path() const noexcept {
    return path_;
  }

  const std::vector<entry>& entries() const noexcept {
    return entries_;
  }

  std::string_view name(const entry& what) const noexcept {
    return std::string_view{names_}.substr(what.offset, what.length);
  }

  std::size_t files() const noexcept {
    return digests_.size();
  }

  /// Reads the directory: regular files and directories, nothing else; links
  /// are not followed. Returns the first error; what was read before it, and
  /// after a single entry's error, stays.
  io_error list();

  // -- what became of the entries --------------------------------------------

  /// Adds the only entry of a tree that is a single file: `path()` itself.
  void add_single_file();

  void set_digest(std::size_t index, const sha256_digest& value) noexcept;
  void set_failed(std::size_t index) noexcept;

  const sha256_digest& digest_of(const entry& what) const noexcept {
    return digests_[what.slot];
  }

  /// The directory below at `index`; created by the first call.
  directory& child(std::size_t index);

  /// The same; null if it was never created.
  const directory* child_of(const entry& what) const noexcept {
    return children_[what.slot].get();
  }

  /// The path of an entry.
  void append_path(std::string& out, const entry& what) const;

private:
  bool add(std::string_view name, kind type);
  void sort();

  std::string path_;
  std::string names_; // one after the other
  std::vector<entry> entries_;
  std::vector<sha256_digest> digests_;
  std::vector<std::unique_ptr<directory>> children_;
};

/// Writes the digest lines of a tree in order, a piece at a time.
class digest_writer {
public:
  explicit digest_writer(const directory& root);

  /// Appends lines to `out` until it has at least `size` bytes or there are no
  /// more. Returns whether there are more.
  bool next(std::string& out, std::size_t size);

  /// Lines written so far.
  std::uint64_t lines() const noexcept {
    return lines_;
  }

private:
  struct position {
    const directory* where;
    std::size_t next;
  };

  std::vector<position> stack_;
  std::string path_;
  std::uint64_t lines_ = 0;
};

} // namespace axiom::deploy::digest
