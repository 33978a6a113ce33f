#include "signals.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace axiom::tools {

namespace {

sigset_t watched() {
  sigset_t result;
  sigemptyset(&result);
  for (int number : {SIGINT, SIGTERM, SIGHUP})
    sigaddset(&result, number);
  return result;
}

void check(bool ok, const char* operation) {
  if (!ok)
    throw std::system_error(errno, std::generic_category(), operation);
}

} // namespace

void prepare_signals() {
  const auto set = watched();
  check(::pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0, "block signals");
  check(::signal(SIGPIPE, SIG_IGN) != SIG_ERR, "ignore SIGPIPE");
}

signal_watch::signal_watch(std::function<void(int)> on_first)
  : on_first_(std::move(on_first)) {
  const auto set = watched();
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC);
  check(signals_ >= 0, "signalfd");
  stop_ = ::eventfd(0, EFD_CLOEXEC);
  check(stop_ >= 0, "eventfd");
  thread_ = std::thread{[this] { run(); }};
}

signal_watch::~signal_watch() {
  const std::uint64_t one = 1;
  // Cannot fail: the counter is nowhere near its limit.
  static_cast<void>(!::write(stop_, &one, sizeof(one)));
  thread_.join();
  ::close(stop_);
  ::close(signals_);
  const auto set = watched();
  static_cast<void>(::pthread_sigmask(SIG_UNBLOCK, &set, nullptr));
}

void signal_watch::run() {
  for (;;) {
    std::array<pollfd, 2> waiting{pollfd{signals_, POLLIN, 0},
                                  pollfd{stop_, POLLIN, 0}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0)
      continue; // interrupted; nothing else can go wrong here
    if (waiting[1].revents != 0)
      break;
    signalfd_siginfo info{};
    if (::read(signals_, &info, sizeof(info)) != sizeof(info))
      continue;
    const int number = static_cast<int>(info.ssi_signo);
    if (first_.joinable())
      ::_exit(128 + number);
    first_ = std::thread{[this, number] { on_first_(number); }};
  }
  if (first_.joinable())
    first_.join();
}

} // namespace axiom::tools
