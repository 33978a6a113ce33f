// The axiom command: runs and checks deployment files.

#include <exception>
#include <string>
#include <variant>

#include "axiom/observe/printable.hpp"
#include "command_line.hpp"
#include "run_command.hpp"
#include "signals.hpp"
#include "streams.hpp"

int main(int argc, char** argv) {
  using namespace axiom::tools;
  try {
    hold_standard_descriptors();
    // Before any thread exists.
    prepare_signals();
    const auto parsed = parse_command_line(argc, argv);
    if (const auto* done = std::get_if<early_exit>(&parsed)) {
      if (done->status == success)
        return print(done->text);
      print_error(done->text);
      return done->status;
    }
    const auto& args = std::get<command_line>(parsed);
    return args.what == command_line::verb::run ? run_command(args)
                                                : check_command(args);
  } catch (const std::exception& err) {
    print_error("axiom: " + axiom::observe::printable(err.what()) + '\n');
    return failed;
  }
}
