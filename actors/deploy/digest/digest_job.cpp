#include "deploy/digest/digest_job.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/stat.h>

#include "axiom/coordination/concurrency_limiter.hpp"
#include "axiom/coordination/with_task_group.hpp"
#include "axiom/deploy/digest/file_hash.hpp"
#include "axiom/deploy/digest/tree.hpp"
#include "axiom/deploy/system_error.hpp"
#include "axiom/error/concurrent_errors.hpp"
#include "axiom/observe/printable.hpp"
#include "axiom/task/operation.hpp"

namespace axiom::deploy::digest {

namespace {

/// A file task lets others run, and sees its cancellation, at least this
/// often: 4 MiB take about 2 ms.
constexpr std::size_t slice = std::size_t{4} << 20;

/// Files hashed at once for each worker, unless the deployment says a number:
/// enough that no worker waits for the next file to be handed out.
constexpr std::size_t files_per_worker = 16;

/// Lines are written in pieces of this size.
constexpr std::size_t output_piece = std::size_t{64} << 10;

std::string_view task_name(std::string_view path) {
  if (const auto slash = path.rfind('/');
      slash != std::string_view::npos && slash + 1 < path.size())
    path.remove_prefix(slash + 1);
  return observe::truncate_utf8(path, max_task_name);
}

/// What the tasks of one digest share. Lives in the frame of the outermost,
/// which ends after all of them.
///
/// Directories are listed as fast as they are found, files are handed out one
/// after the other: so the number of files is known early, and neither many
/// files nor many directories make many tasks at a time.
class digest_job {
public:
  digest_job(run_services& around, const digest_options& options)
    : services(around),
      width(
        options.max_concurrency.value_or(files_per_worker * around.workers())),
      buffer(static_cast<std::size_t>(options.buffer)),
      output(options.output.value),
      root(options.root.value) {
    // nop
  }

  // -- directories ------------------------------------------------------------

  /// Another directory to be listed, or null. Who takes one lists it.
  directory* take_unlisted() {
    const std::lock_guard guard{mutex_};
    if (unlisted_.empty())
      return nullptr;
    // The last one found first: depth first keeps the queue short.
    auto* result = unlisted_.back();
    unlisted_.pop_back();
    return result;
  }

  /// Reports the end of a listing, however it ended, when it goes.
  class listed {
  public:
    explicit listed(digest_job& job) : job_(job) {
      // nop
    }

    listed(const listed&) = delete;
    listed& operator=(const listed&) = delete;

    ~listed() {
      job_.ended_listings_.fetch_add(1, std::memory_order_relaxed);
    }

  private:
    digest_job& job_;
  };

  /// Whether there is, or in a moment will be, a result to take of a listing.
  bool has_ended_listing() const noexcept {
    return ended_listings_.load(std::memory_order_relaxed) > 0;
  }

  void forget_ended_listing() noexcept {
    ended_listings_.fetch_sub(1, std::memory_order_relaxed);
  }

  void add_listed(directory& where) {
    services.progress().add_found(where.files());
    const std::lock_guard guard{mutex_};
    const auto& entries = where.entries();
    for (auto i = entries.size(); i-- > 0;)
      if (entries[i].type == directory::kind::directory)
        unlisted_.push_back(&where.child(i));
    if (where.files() > 0)
      unhashed_.push_back(&where);
  }

  /// Begins with the root, which may be a single file.
  void begin() {
    struct stat status {};
    if (::lstat(root.path().c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
      root.add_single_file();
      add_listed(root);
    } else {
      unlisted_.push_back(&root);
    }
  }

  // -- files ------------------------------------------------------------------

  struct file {
    directory* where = nullptr; // null: none for now
    std::size_t index = 0;

    /// For the task; the tree of a single file has no name but its path.
    std::string_view name() const {
      const auto own = where->name(where->entries()[index]);
      return task_name(own.empty() ? where->path() : own);
    }
  };

  /// The next file to be hashed. Called by one task only.
  file take_unhashed() {
    for (;;) {
      if (current_.where) {
        const auto& entries = current_.where->entries();
        while (current_.index < entries.size()) {
          const auto index = current_.index++;
          if (entries[index].type == directory::kind::file)
            return {current_.where, index};
        }
      }
      const std::lock_guard guard{mutex_};
      if (next_unhashed_ == unhashed_.size()) {
        current_ = {};
        return {};
      }
      current_ = {unhashed_[next_unhashed_++], 0};
    }
  }

  // -- errors -----------------------------------------------------------------

  void add_error(task_context& self, const std::string& path,
                 const io_error& err) {
    const auto code = std::max(err.code, 0);
    task_error entry{self.reference(),
                     failure{make_errno_error(code != 0 ? code : EINVAL,
                                              observe::printable(path) + ": "
                                                + to_string(err))},
                     std::chrono::system_clock::now(),
                     {}};
    const std::lock_guard guard{mutex_};
    errors_.push_back({path, std::move(entry)});
  }

  void add_error(task_context& self, failure why) {
    task_error entry{
      self.reference(), std::move(why), std::chrono::system_clock::now(), {}};
    const std::lock_guard guard{mutex_};
    errors_.push_back({{}, std::move(entry)});
  }

  /// All errors in the order of their paths. Called when all tasks have ended.
  std::vector<task_error> take_errors() {
    std::stable_sort(errors_.begin(), errors_.end(),
                     [](const found_error& x, const found_error& y) {
                       return x.path < y.path;
                     });
    std::vector<task_error> result;
    result.reserve(errors_.size());
    for (auto& item : errors_)
      result.push_back(std::move(item.error));
    return result;
  }

  run_services& services;
  const std::size_t width;
  const std::size_t buffer;
  const std::string& output;
  directory root;

private:
  struct found_error {
    std::string path;
    task_error error;
  };

  file current_; // where take_unhashed is
  // Only hints that a result can be had; the group's own lock orders the rest.
  std::atomic<std::size_t> ended_listings_{0};
  std::mutex mutex_; // protects what follows
  std::vector<directory*> unlisted_;
  std::vector<directory*> unhashed_; // listed; from next_unhashed_ on
  std::size_t next_unhashed_ = 0;
  std::vector<found_error> errors_;
};

/// Takes no place among the files: see `hand_out`.
void list_directory(task_context& self, digest_job& job, directory& where) {
  const digest_job::listed done{job};
  if (const auto err = where.list())
    job.add_error(self, where.path(), err);
  job.add_listed(where);
}

async<void> hash_file(task_context& self, digest_job& job, directory& where,
                      std::size_t index) {
  permit held;
  if (const auto* limiter = job.services.limiter())
    held = co_await limiter->acquire();
  buffer block;
  if (const auto* pool = job.services.buffers())
    block = co_await pool->take(job.buffer);
  std::string path;
  where.append_path(path, where.entries()[index]);
  auto hash = block ? file_hash{path.c_str(), block.bytes()}
                    : file_hash{path.c_str(), job.buffer};
  auto& progress = job.services.progress();
  for (;;) {
    const auto before = hash.bytes();
    const auto state = hash.advance(slice);
    progress.add_bytes(hash.bytes() - before);
    if (state == file_hash::state::done) {
      where.set_digest(index, hash.digest());
      progress.add_done();
      co_return;
    }
    if (state == file_hash::state::failed) {
      where.set_failed(index);
      job.add_error(self, path, hash.error());
      progress.add_failed();
      co_return;
    }
    co_await self.yield();
  }
}

using group = coordinated_task_group<void>;

/// Throws what a child ended with if that is no value: hashing and listing
/// collect their errors, so this is memory that ran out or the like.
void check(const std::optional<expected<void>>& ended) {
  if (ended && !*ended)
    ended->error().rethrow();
}

/// Hands out all directories and files below the root, and takes their results
/// away as they come, so that neither group ever holds more than it may run.
async<void> hand_out(digest_job& job, group& files, group& directories) {
  std::size_t listing = 0;
  std::size_t hashing = 0;
  for (;;) {
    while (listing < job.width) {
      auto* where = job.take_unlisted();
      if (!where)
        break;
      co_await directories.add_task(task_name(where->path()),
                                    [&job, where](task_context& self) {
                                      list_directory(self, job, *where);
                                    });
      ++listing;
    }
    if (job.has_ended_listing()) {
      check(co_await directories.next());
      job.forget_ended_listing();
      --listing;
      continue;
    }
    if (listing == 0)
      job.services.progress().end_discovery();
    if (hashing == job.width) {
      check(co_await files.next());
      --hashing;
    } else if (const auto file = job.take_unhashed(); file.where) {
      co_await files.add_task(file.name(), [&job, file](task_context& self) {
        return hash_file(self, job, *file.where, file.index);
      });
      ++hashing;
    } else if (listing > 0) {
      check(co_await directories.next());
      job.forget_ended_listing();
      --listing;
    } else if (hashing > 0) {
      check(co_await files.next());
      --hashing;
    } else {
      break;
    }
  }
}

/// Hashes the tree, or the single file.
async<void> hash_tree(task_context& self, digest_job& job) {
  co_await with_task_group<void>(
    self,
    {.name = "files",
     .failure_mode = failure_mode::collect_all,
     .max_concurrency = job.width},
    [&job](group& files) -> async<void> {
      co_await with_task_group<void>(
        files.context(),
        {.name = "directories",
         .failure_mode = failure_mode::collect_all,
         .max_concurrency = job.width},
        [&job, &files](group& directories) -> async<void> {
          co_await hand_out(job, files, directories);
        });
    });
}

void write_lines(task_context& self, digest_job& job, byte_sink& sink) {
  digest_writer writer{job.root};
  const auto stop = [&self] { return self.cancelled(); };
  std::string piece;
  for (bool more = true; more;) {
    self.check_cancelled();
    piece.clear();
    more = writer.next(piece, output_piece);
    if (!piece.empty())
      sink.write(piece, stop);
  }
}

/// Blocks: a reader may be slow.
void write_output(task_context& self, digest_job& job) {
  try {
    if (job.output == "-") {
      job.services.output(output_state::partial);
      write_lines(self, job, job.services.standard_output());
    } else {
      output_file file{job.output};
      write_lines(self, job, file);
      self.check_cancelled();
      file.commit();
    }
    job.services.output(output_state::complete);
  } catch (const output_error&) {
    // A write that gave up because of the cancellation is no error of its own.
    self.check_cancelled();
    throw;
  }
}

} // namespace

async<void> run_digest(task_context& self, run_services& services,
                       const digest_options& options) {
  digest_job job{services, options};
  job.begin();
  co_await hash_tree(self, job);
  try {
    co_await self.create_child_task(
      "output",
      blocking([&job](task_context& inner) { write_output(inner, job); }));
  } catch (const output_error&) {
    job.add_error(self, failure::from(std::current_exception()));
  }
  if (auto errors = job.take_errors(); !errors.empty())
    throw concurrent_errors{std::move(errors)};
}

} // namespace axiom::deploy::digest
