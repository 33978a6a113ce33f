#include "load.hpp"
#include "run_command.hpp"
#include "streams.hpp"

namespace axiom::tools {

int check_command(const command_line& args) {
  const auto loaded = load(args, args.look_at_environment
                                   ? deploy::load_depth::environment
                                   : deploy::load_depth::topology);
  if (!loaded.ok()) {
    print_error(loaded.report());
    return misuse;
  }
  const auto count = loaded.value.tasks.size();
  return print(loaded.source.name() + ": well, "
               + std::to_string(count) + (count == 1 ? " task\n" : " tasks\n"));
}

} // namespace axiom::tools
