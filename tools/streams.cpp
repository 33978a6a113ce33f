#include "streams.hpp"

#include <cerrno>
#include <string>

#include <unistd.h>

#include "axiom/deploy/output.hpp"
#include "command_line.hpp"

namespace axiom::tools {

int print(std::string_view text) {
  try {
    deploy::descriptor_sink{STDOUT_FILENO, "standard output"}.write(text);
    return success;
  } catch (const deploy::output_error& err) {
    print_error(std::string{"axiom: "} + err.what() + '\n');
    return failed;
  }
}

void print_error(std::string_view text) {
  while (!text.empty()) {
    const auto n = ::write(STDERR_FILENO, text.data(), text.size());
    if (n > 0)
      text.remove_prefix(static_cast<std::size_t>(n));
    else if (n == 0 || errno != EINTR)
      return;
  }
}

} // namespace axiom::tools
