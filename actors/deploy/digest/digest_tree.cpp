#include "axiom/deploy/digest/digest_tree.hpp"

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "axiom/observe/printable.hpp"
#include "deploy/digest/digest_job.hpp"

namespace axiom::deploy::digest {

namespace {

constexpr std::size_t max_width = 100'000;
constexpr std::uint64_t min_buffer = std::uint64_t{4} << 10;
constexpr std::uint64_t max_buffer = std::uint64_t{64} << 20;

void report(problem_list& problems, const types::located<std::string>& field,
            const std::string& what) {
  problems.add(field.where, field.path,
               observe::in_quotes(field.value) + ' ' + what);
}

/// The root has to be what `find ROOT -type f` finds something in. find
/// itself prints nothing for a link, which is hardly ever what was meant.
void check_root(problem_list& problems,
                const types::located<std::string>& root) {
  struct stat status {};
  if (::lstat(root.value.c_str(), &status) != 0)
    return report(
      problems, root,
      std::string{errno == ENOENT ? "does not exist" : std::strerror(errno)}
        + " (expected a directory or a regular file)");
  if (S_ISLNK(status.st_mode))
    return report(problems, root,
                  "is a symbolic link, which is not followed (expected a "
                  "directory; with a slash at its end a link to one is "
                  "taken for it)");
  if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode))
    report(problems, root, "is neither a directory nor a regular file");
}

/// Better now than after hours of hashing.
void check_output(problem_list& problems,
                  const types::located<std::string>& output) {
  if (output.value == "-")
    return;
  struct stat status {};
  if (::stat(output.value.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode))
      return report(problems, output, "is a directory (expected a file)");
    if (!S_ISREG(status.st_mode)) {
      if (::faccessat(AT_FDCWD, output.value.c_str(), W_OK, AT_EACCESS) != 0)
        report(problems, output,
               std::string{"cannot be written: "} + std::strerror(errno));
      return; // written directly
    }
  }
  if (const auto reason = output_file::obstacle(output.value); reason != 0)
    report(problems, output,
           std::string{"cannot be created: "} + std::strerror(reason));
}

} // namespace

digest_tree::digest_tree(digest_options options)
  : options_(std::move(options)) {
  // nop
}

std::string_view digest_tree::unit() const noexcept {
  return "files";
}

bool digest_tree::parts_take_permits() const noexcept {
  return true;
}

std::size_t digest_tree::takes_buffers() const noexcept {
  return static_cast<std::size_t>(options_.buffer);
}

std::string_view digest_tree::why_not_repeatable() const noexcept {
  if (options_.output.value != "-")
    return {};
  return "the digests go to standard output, where each attempt would leave "
         "its own (expected a file in with.output)";
}

void digest_tree::check_environment(problem_list& problems) const {
  check_root(problems, options_.root);
  check_output(problems, options_.output);
}

async<void> digest_tree::run(task_context& self, run_services& services) const {
  return run_digest(self, services, options_);
}

void add_digest_tree(task_type_registry& registry) {
  section<digest_options> fields{
    "The SHA-256 of every regular file below a directory, in the format and "
    "order of find | sort | sha256sum."};
  fields
    .required("root", &digest_options::root, types::locate(types::path()),
              "The directory, or one regular file.")
    .optional("output", &digest_options::output, types::locate(types::path()),
              "-",
              "The file that the digests go to; - is standard output. It "
              "appears complete or not at all.")
    .optional("max_concurrency", &digest_options::max_concurrency,
              types::automatic_or_count(1, max_width), "auto",
              "How many files are hashed at once; auto is a multiple of the "
              "worker threads.")
    .optional("buffer", &digest_options::buffer,
              types::bytes(min_buffer, max_buffer), "256KiB",
              "How much of a file is read at once: memory of each worker thread, "
              "or a block of the task's pool for each file.");
  registry.add("digest_tree", std::move(fields), [](digest_options options) {
    return std::make_shared<digest_tree>(std::move(options));
  });
}

} // namespace axiom::deploy::digest
