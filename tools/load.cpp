#include "load.hpp"

#include "axiom/deploy/task_types.hpp"
#include "axiom/deploy/variables.hpp"

namespace axiom::tools {

deploy::load_result load(const command_line& args, deploy::load_depth depth) {
  const auto types = deploy::builtin_task_types();
  const deploy::loader files{types};
  deploy::variables vars{deploy::process_environment};
  for (const auto& [name, value] : args.variables)
    vars.set(name, value);
  return files.load_file(args.file, std::move(vars), depth);
}

} // namespace axiom::tools
