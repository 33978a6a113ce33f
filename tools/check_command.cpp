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
  const auto several = [](std::size_t n, const char* what) {
    return std::to_string(n) + ' ' + what + (n == 1 ? "" : "s");
  };
  const auto& value = loaded.value;
  auto contents = value.supervisors.empty()
                    ? std::string{}
                    : several(value.supervisors.size(), "supervisor");
  if (!value.tasks.empty())
    contents += (contents.empty() ? "" : ", ")
              + several(value.tasks.size(), "task");
  return print(loaded.source.name() + ": well, " + contents + '\n');
}

} // namespace axiom::tools
