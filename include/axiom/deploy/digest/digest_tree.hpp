#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "axiom/deploy/task_types.hpp"
#include "axiom/deploy/types.hpp"

namespace axiom::deploy::digest {

/// The fields of `with` for `type: digest_tree`.
struct digest_options {
  types::located<std::string> root; // a directory, or a regular file
  types::located<std::string> output; // a file, or - for standard output
  std::optional<std::size_t> max_concurrency; // none: a multiple of workers
  std::uint64_t buffer = 0; // bytes read at once
};

/// The SHA-256 of every regular file below a directory, as coreutils'
/// `find ROOT -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum`
/// prints it, byte for byte. `sha256sum --check` accepts it.
///
/// One child task a directory and one a file. Only hashing counts against
/// `max_concurrency`: a directory that held a place while its files waited for
/// one would stop everything. Symbolic links are not followed.
///
/// What cannot be read is left out; the rest is written, and the task fails
/// with all the errors. After a cancellation nothing is written.
class digest_tree : public task_program {
public:
  explicit digest_tree(digest_options options);

  std::string_view unit() const noexcept override;

  /// Each file takes one while it is hashed.
  bool parts_take_permits() const noexcept override;

  std::size_t takes_buffers() const noexcept override;
  std::string_view why_not_repeatable() const noexcept override;

  void check_environment(problem_list& problems) const override;

  async<void> run(task_context& self, run_services& services) const override;

private:
  digest_options options_;
};

/// Registers `digest_tree`.
void add_digest_tree(task_type_registry& registry);

} // namespace axiom::deploy::digest
