#pragma once

// A connection that a test can cut, as a network does.

#include <array>
#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace test {

/// Relays one TCP connection on the loopback interface to a port of it, until
/// it is cut.
class relay {
public:
  explicit relay(std::uint16_t to) : to_(to) {
    listening_ = check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    auto where = loopback(0);
    check(::bind(listening_, address_of(where), sizeof(where)));
    check(::listen(listening_, 1));
    socklen_t size = sizeof(where);
    check(::getsockname(listening_, address_of(where), &size));
    port_ = ntohs(where.sin_port);
    check(::pipe2(stop_.data(), O_CLOEXEC));
    thread_ = std::thread{[this] { run(); }};
  }

  relay(const relay&) = delete;
  relay& operator=(const relay&) = delete;

  ~relay() {
    cut();
    for (auto fd : {listening_, stop_[0], stop_[1]})
      ::close(fd);
  }

  /// Where it listens.
  std::uint16_t port() const noexcept {
    return port_;
  }

  /// Both ends see the connection closed.
  void cut() {
    if (!thread_.joinable())
      return;
    const char byte = 0;
    check(static_cast<int>(::write(stop_[1], &byte, 1)));
    thread_.join();
  }

private:
  static int check(int result) {
    if (result < 0)
      throw std::runtime_error{"relay: error " + std::to_string(errno)};
    return result;
  }

  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    result.sin_port = htons(port);
    return result;
  }

  static sockaddr* address_of(sockaddr_in& x) {
    return reinterpret_cast<sockaddr*>(&x);
  }

  void run() {
    std::array<pollfd, 3> fds{
      {{stop_[0], POLLIN, 0}, {listening_, POLLIN, 0}, {-1, POLLIN, 0}}};
    int near = -1;
    int far = -1;
    while (::poll(fds.data(), fds.size(), -1) >= 0 || errno == EINTR) {
      if (fds[0].revents != 0)
        break;
      if (near < 0) {
        near = ::accept(listening_, nullptr, nullptr);
        far = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        auto where = loopback(to_);
        if (near < 0 || ::connect(far, address_of(where), sizeof(where)) != 0)
          break;
        fds[1].fd = near;
        fds[2].fd = far;
      } else if ((fds[1].revents != 0 && !pass(near, far))
                 || (fds[2].revents != 0 && !pass(far, near))) {
        break;
      }
    }
    for (auto fd : {near, far})
      if (fd >= 0)
        ::close(fd);
  }

  /// Returns false at the end of the connection.
  static bool pass(int from, int to) {
    std::array<char, 4096> buffer;
    const auto n = ::read(from, buffer.data(), buffer.size());
    for (auto left = n, at = decltype(n){0}; left > 0;) {
      const auto sent = ::send(to, buffer.data() + at,
                               static_cast<std::size_t>(left), MSG_NOSIGNAL);
      if (sent <= 0)
        return false;
      left -= sent;
      at += sent;
    }
    return n > 0;
  }

  const std::uint16_t to_;
  int listening_ = -1;
  std::uint16_t port_ = 0;
  std::array<int, 2> stop_{-1, -1};
  std::thread thread_;
};

} // namespace test
