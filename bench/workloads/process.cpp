#include "process.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <system_error>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

namespace bench {

namespace {

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// Ends without the destructors of static objects: they are the parent's.
[[noreturn]] void run_and_exit(const std::function<void()>& work) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  try {
    work();
    ::_exit(EXIT_SUCCESS);
  } catch (const std::exception& err) {
    fmt::print(stderr, "workloads: {}\n", err.what());
    ::_exit(EXIT_FAILURE);
  }
}

/// Both ends of a pipe, closed at the end of the scope.
struct pipe_ends {
  pipe_ends() {
    if (::pipe(fds) != 0)
      throw_errno("pipe");
  }

  pipe_ends(const pipe_ends&) = delete;
  pipe_ends& operator=(const pipe_ends&) = delete;

  ~pipe_ends() {
    ::close(fds[0]);
    ::close(fds[1]);
  }

  int fds[2];
};

} // namespace

void in_own_process(const std::function<void()>& work) {
  std::fflush(stdout); // or the child would print it once more
  const auto child = ::fork();
  if (child < 0)
    throw_errno("fork");
  if (child == 0)
    run_and_exit(work);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      throw_errno("waitpid");
  if (WIFSIGNALED(status))
    throw std::runtime_error(
      fmt::format("ended by signal {}", WTERMSIG(status)));
  if (WEXITSTATUS(status) != EXIT_SUCCESS)
    throw std::runtime_error("failed");
}

double from_own_process(const std::function<double()>& work) {
  pipe_ends ends;
  double result = 0;
  in_own_process([&] {
    const auto value = work();
    if (::write(ends.fds[1], &value, sizeof(value)) != sizeof(value))
      throw_errno("write to a pipe");
  });
  // A pipe holds so little without a reader, and its writer has ended well.
  if (::read(ends.fds[0], &result, sizeof(result)) != sizeof(result))
    throw_errno("read from a pipe");
  return result;
}

} // namespace bench
