#pragma once

#include <string>
#include <vector>

#include <caf/fwd.hpp>

#include "axiom/deploy/deployment.hpp"
#include "axiom/deploy/node.hpp"
#include "axiom/deploy/problem.hpp"
#include "axiom/deploy/section.hpp"
#include "axiom/deploy/task_types.hpp"
#include "axiom/deploy/variables.hpp"

namespace axiom::deploy {

/// How far a load goes.
enum class load_depth {
  topology,    // the file in itself: syntax, fields, how they fit together
  environment, // and whether it can be run here
};

/// The types of actors that `cfg` knows by `add_actor_type`, sorted.
std::vector<std::string> actor_types_of(const caf::actor_system_config& cfg);

/// What came out of a load. Usable only if there are no problems.
struct load_result {
  deployment value;
  problem_list problems;
  source_text source; // to quote from

  bool ok() const noexcept {
    return problems.empty();
  }

  /// All problems, for people.
  std::string report() const {
    return render(problems, source);
  }
};

/// Turns a deployment file into a `deployment`, or says everything that is
/// wrong with it. Three layers, each reached when the one below is clean:
/// syntax and fields; topology (what refers to what); environment.
///
/// Starts nothing and changes nothing. Never throws for bad input. Thread-safe
/// as long as nobody adds task types.
class loader {
public:
  /// @param actor_types what children of supervisors may be beside tasks: see
  ///        `actor_types_of`
  explicit loader(const task_type_registry& types,
                  const std::vector<std::string>& actor_types = {});

  /// Loads the file at `path`, a regular file or a pipe.
  load_result load_file(const std::string& path, variables vars,
                        load_depth depth = load_depth::environment) const;

  /// Loads a text; `source.name()` stands for the file in messages.
  load_result load(source_text source, variables vars,
                   load_depth depth = load_depth::environment) const;

  /// The table of the whole file.
  const section_info& fields() const noexcept {
    return root_;
  }

private:
  const task_type_registry& types_;
  section<deployment> root_;
};

} // namespace axiom::deploy
