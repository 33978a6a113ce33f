#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "axiom/deploy/system_error.hpp"

namespace axiom::deploy {

/// Whether to give up. Asked several times a second by who waits.
using stop_predicate = std::function<bool()>;

/// Somewhere bytes go. Writes block, so they belong on threads that may.
class byte_sink {
public:
  virtual ~byte_sink();

  /// Writes all of `bytes`, or throws `output_error`. A reader that does not
  /// read would hold us for ever: once `stop` says yes, a write that waits for
  /// one ends with ECANCELED.
  void write(std::string_view bytes, const stop_predicate& stop = {}) {
    do_write(bytes, stop);
  }

private:
  virtual void do_write(std::string_view bytes, const stop_predicate& stop) = 0;
};

/// Bytes could not be written: `what()` says where to and why.
class output_error : public system_error {
public:
  /// `code` is errno.
  output_error(std::string_view target, std::string_view operation, int code);
};

/// Writes to a descriptor that somebody else owns, such as standard output.
/// Writes of different threads do not mix.
/// @pre SIGPIPE is ignored, or a closed pipe ends the process
class descriptor_sink : public byte_sink {
public:
  descriptor_sink(int fd, std::string name);

private:
  void do_write(std::string_view bytes, const stop_predicate& stop) override;

  int fd_;
  std::string name_;
  bool checked_ = false;
  bool regular_ = false; // never waits for a reader
  std::mutex mutex_;
};

/// A file that appears complete or not at all: it has no name while it is
/// written (where the file system cannot do that, a temporary one beside its
/// place), and `commit` moves it to its place. Without a commit nothing of it
/// stays, even if the process is killed, and what was there is untouched.
///
/// A place that is taken by something else than a regular file (a device, a
/// pipe) is written to directly. A symbolic link is followed.
class output_file : public byte_sink {
public:
  /// Throws `output_error` if the file cannot be made.
  explicit output_file(const std::string& path);
  output_file(const output_file&) = delete;
  output_file& operator=(const output_file&) = delete;
  ~output_file() override;

  /// Puts the file in its place. Throws `output_error` if that fails.
  void commit();

  /// Why no file can be made at `path`, as errno; 0 if nothing is known to
  /// stand against it. Changes nothing.
  static int obstacle(const std::string& path);

private:
  void do_write(std::string_view bytes, const stop_predicate& stop) override;
  void create();
  void give_name();
  void discard() noexcept;

  std::string path_;      // as given, for messages
  std::string target_;    // links resolved; empty: written directly
  std::string temporary_; // the name it has until it is in its place, if any
  int fd_ = -1;
};

} // namespace axiom::deploy
