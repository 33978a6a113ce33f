#include "streams.hpp"

#include <cerrno>
#include <string>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "axiom/deploy/output.hpp"
#include "command_line.hpp"

namespace axiom::tools {

void hold_standard_descriptors() {
  // Opened the wrong way round on purpose, so that using them fails.
  for (const auto& [fd, mode] : {std::pair{STDIN_FILENO, O_WRONLY},
                                 std::pair{STDOUT_FILENO, O_RDONLY},
                                 std::pair{STDERR_FILENO, O_RDONLY}})
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF
        && ::open("/dev/null", mode) != fd)
      ::_exit(failed); // there is nowhere to say why
}

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
