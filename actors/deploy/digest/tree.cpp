#include "axiom/deploy/digest/tree.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "axiom/deploy/digest/digest_line.hpp"

namespace axiom::deploy::digest {

namespace {

struct close_directory {
  void operator()(DIR* ptr) const noexcept {
    ::closedir(ptr);
  }
};

using directory_stream = std::unique_ptr<DIR, close_directory>;

/// Compares `x` and `y` as if a slash followed those that are directories.
bool before(std::string_view x, bool x_is_directory, std::string_view y,
            bool y_is_directory) noexcept {
  const auto common = std::min(x.size(), y.size());
  if (const auto order = std::memcmp(x.data(), y.data(), common); order != 0)
    return order < 0;
  // A name cannot contain a slash, so at most one of the two ends here with
  // something to follow in the other.
  auto next = [common](std::string_view name, bool is_directory) {
    if (name.size() > common)
      return static_cast<int>(static_cast<unsigned char>(name[common]));
    return is_directory ? static_cast<int>('/') : -1;
  };
  return next(x, x_is_directory) < next(y, y_is_directory);
}

} // namespace

void join_path(std::string& out, std::string_view directory,
               std::string_view name) {
  out += directory;
  if (!directory.ends_with('/'))
    out += '/';
  out += name;
}

io_error directory::list() {
  const int fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY
                                         | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    return {"open directory", errno};
  directory_stream stream{::fdopendir(fd)};
  if (!stream) {
    const int code = errno;
    ::close(fd);
    return {"open directory", code};
  }
  io_error first;
  for (;;) {
    errno = 0;
    const auto* item = ::readdir(stream.get());
    if (!item) {
      if (errno != 0 && !first)
        first = {"read directory", errno};
      break;
    }
    const std::string_view name{item->d_name};
    if (name == "." || name == "..")
      continue;
    auto type = item->d_type;
    if (type == DT_UNKNOWN) {
      // Some file systems do not say; asking costs a call an entry.
      struct stat status {};
      if (::fstatat(fd, item->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno != ENOENT && !first) // vanished since it was listed
          first = {"stat in directory", errno};
        continue;
      }
      type = S_ISREG(status.st_mode)   ? DT_REG
             : S_ISDIR(status.st_mode) ? DT_DIR
                                       : DT_UNKNOWN;
    }
    if (type != DT_REG && type != DT_DIR)
      continue;
    if (!add(name, type == DT_REG ? kind::file : kind::directory)) {
      if (!first)
        first = {"read directory", EOVERFLOW};
      break;
    }
  }
  sort();
  return first;
}

void directory::add_single_file() {
  // The name is empty and the path is the file's: see append_path.
  add({}, kind::file);
  digests_.resize(1);
}

bool directory::add(std::string_view name, kind type) {
  constexpr auto limit = std::numeric_limits<std::uint32_t>::max();
  if (names_.size() + name.size() > limit || entries_.size() >= limit)
    return false;
  entries_.push_back({static_cast<std::uint32_t>(names_.size()),
                      static_cast<std::uint16_t>(name.size()), type,
                      state::pending, 0});
  names_ += name;
  return true;
}

void directory::sort() {
  std::sort(entries_.begin(), entries_.end(),
            [this](const entry& x, const entry& y) {
              return before(name(x), x.type == kind::directory, name(y),
                            y.type == kind::directory);
            });
  std::uint32_t files = 0;
  std::uint32_t directories = 0;
  for (auto& item : entries_)
    item.slot = item.type == kind::file ? files++ : directories++;
  names_.shrink_to_fit();
  entries_.shrink_to_fit();
  digests_.resize(files);
  children_.resize(directories);
}

void directory::set_digest(std::size_t index,
                           const sha256_digest& value) noexcept {
  auto& item = entries_[index];
  digests_[item.slot] = value;
  item.status = state::done;
}

void directory::set_failed(std::size_t index) noexcept {
  entries_[index].status = state::failed;
}

directory& directory::child(std::size_t index) {
  const auto& item = entries_[index];
  auto& slot = children_[item.slot];
  if (!slot) {
    std::string below;
    below.reserve(path_.size() + 1 + item.length);
    append_path(below, item);
    slot = std::make_unique<directory>(std::move(below));
  }
  return *slot;
}

void directory::append_path(std::string& out, const entry& what) const {
  if (what.length == 0)
    out += path_; // a tree that is a single file
  else
    join_path(out, path_, name(what));
}

digest_writer::digest_writer(const directory& root) {
  stack_.push_back({&root, 0});
}

bool digest_writer::next(std::string& out, std::size_t size) {
  while (!stack_.empty()) {
    auto& [where, index] = stack_.back();
    if (index == where->entries().size()) {
      stack_.pop_back();
      continue;
    }
    const auto& item = where->entries()[index++];
    if (item.type == directory::kind::directory) {
      if (const auto* below = where->child_of(item))
        stack_.push_back({below, 0});
      continue;
    }
    if (item.status != directory::state::done)
      continue;
    path_.clear();
    where->append_path(path_, item);
    append_digest_line(out, where->digest_of(item), path_);
    ++lines_;
    if (out.size() >= size)
      return true;
  }
  return false;
}

} // namespace axiom::deploy::digest
