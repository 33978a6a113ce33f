#include "axiom/observe/http_endpoint.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <exception>
#include <iterator>
#include <mutex>
#include <sstream>
#include <string_view>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CivetServer.h>
#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "axiom/error/exception.hpp"
#include "axiom/observe/printable.hpp"

namespace axiom::observe {

namespace {

struct response {
  int status = 200;
  std::string body;
  std::string_view type = "text/plain; charset=utf-8";
  std::string_view more_headers = "";
};

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 503:
      return "Service Unavailable";
    default:
      return "Internal Server Error";
  }
}

/// A name for addresses in messages and URLs.
std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : '[' + host + ']';
}

} // namespace

struct http_endpoint::server {
  explicit server(http_endpoint_options opts) : options(std::move(opts)) {
    if (options.host == "localhost")
      options.host = "127.0.0.1";
  }

  // -- requests, on the threads of civetweb ----------------------------------

  std::string metrics() const {
    std::vector<prometheus::MetricFamily> families;
    for (const auto& source : options.collectables) {
      auto some = source->Collect();
      families.insert(families.end(), std::make_move_iterator(some.begin()),
                      std::make_move_iterator(some.end()));
    }
    std::ostringstream out;
    prometheus::TextSerializer{}.Serialize(out, families);
    return std::move(out).str();
  }

  response answer(std::string_view method, std::string_view path) const {
    const bool known
      = path == "/metrics" || path == "/healthz" || path == "/readyz";
    if (!known)
      return {404, "not found; try /metrics, /healthz or /readyz\n"};
    if (method != "GET" && method != "HEAD") {
      response result{405, "only GET and HEAD\n"};
      result.more_headers = "Allow: GET, HEAD\r\n";
      return result;
    }
    if (path == "/healthz")
      return {200, "ok\n"};
    if (path == "/readyz") {
      if (!options.ready || options.ready())
        return {200, "ready\n"};
      return {503, "not ready\n"};
    }
    response result{200, metrics()};
    result.type = "text/plain; version=0.0.4; charset=utf-8";
    return result;
  }

  int handle(mg_connection* connection) const noexcept {
    try {
      const auto* request = mg_get_request_info(connection);
      const std::string_view method{request->request_method};
      const auto* uri = request->local_uri;
      response result;
      try {
        result = answer(method, uri ? uri : "");
      } catch (const std::exception& err) {
        result = {500, printable(err.what()) + '\n'};
      }
      std::ostringstream out;
      out << "HTTP/1.1 " << result.status << ' ' << reason(result.status)
          << "\r\nContent-Type: " << result.type
          << "\r\nContent-Length: " << result.body.size()
          << "\r\nCache-Control: no-store\r\nConnection: close\r\n"
          << result.more_headers << "\r\n";
      if (method != "HEAD")
        out << result.body;
      const auto text = std::move(out).str();
      // A client that went away is nobody's problem.
      static_cast<void>(mg_write(connection, text.data(), text.size()));
      return result.status;
    } catch (...) {
      return 500; // out of memory: the connection is closed without an answer
    }
  }

  // -- start ------------------------------------------------------------------

  /// civetweb says why it cannot start only to its log.
  void remember(std::string_view message) noexcept {
    try {
      const std::lock_guard guard{mutex};
      if (log.size() < 1024)
        log += (log.empty() ? "" : "; ") + std::string{message};
    } catch (...) {
      // The message is lost; that the start failed is not.
    }
  }

  std::string why() {
    const std::lock_guard guard{mutex};
    // Such as "cannot bind to 127.0.0.1:80: 98 (Address already in use)".
    if (log.find(std::strerror(EADDRINUSE)) != std::string::npos)
      return "address in use: " + address()
             + " (another process listens there; choose another port)";
    if (log.find(std::strerror(EADDRNOTAVAIL)) != std::string::npos)
      return "address not available: " + address()
             + " (no interface of this machine has it)";
    if (log.find(std::strerror(EACCES)) != std::string::npos)
      return "not permitted: " + address()
             + " (ports below 1024 need a privilege)";
    if (options.host.find(':') != std::string::npos
        && mg_check_feature(MG_FEATURES_IPV6) == 0)
      return "cannot listen on " + address()
             + ": this build of civetweb has no IPv6 (choose an IPv4 address)";
    return "cannot listen on " + address()
           + (log.empty() ? std::string{} : ": " + printable(log));
  }

  std::string address() const {
    return bracketed(options.host) + ':' + std::to_string(options.port);
  }

  void start() {
    CivetCallbacks callbacks;
    callbacks.begin_request = [](mg_connection* connection) {
      const auto* self = static_cast<const server*>(
        static_cast<const CivetServer*>(
          mg_get_user_data(mg_get_context(connection)))
          ->getUserContext());
      return self->handle(connection);
    };
    callbacks.log_message = [](const mg_connection*, const char* message) {
      if (starting)
        starting->remember(message);
      return 1; // not to civetweb's own log as well
    };
    // No document_root: nothing in the file system is ever served.
    const std::vector<std::string> settings{
      "listening_ports",
      address(),
      "num_threads",
      std::to_string(options.threads),
      "request_timeout_ms",
      std::to_string(options.request_timeout.count()),
      "enable_keep_alive",
      "no",
      "enable_directory_listing",
      "no",
    };
    starting = this;
    try {
      running = std::make_unique<CivetServer>(settings, &callbacks, this);
    } catch (const CivetException&) {
      // Reported below: its text says nothing.
    }
    starting = nullptr;
    if (!running || running->getContext() == nullptr)
      throw exception(errc::invalid_argument, why());
    const auto ports = running->getListeningPorts();
    if (ports.empty() || ports.front() <= 0)
      throw exception(errc::invalid_argument, why());
    options.port = static_cast<std::uint16_t>(ports.front());
  }

  // -- stop -------------------------------------------------------------------

  ~server() {
    if (!running)
      return;
    // The thread that accepts looks up only every two seconds, unless somebody
    // connects. Nobody can be told to, so we do, until all threads are joined.
    std::atomic<bool> joined{false};
    std::thread closer{[this, &joined] {
      running->close();
      joined = true;
    }};
    while (!joined) {
      knock();
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    closer.join();
  }

  /// Connects and hangs up. That it fails is fine: then it takes longer.
  void knock() const noexcept {
    union {
      sockaddr any;
      sockaddr_in v4;
      sockaddr_in6 v6;
    } target{};
    socklen_t size = 0;
    const auto* host = options.host.c_str();
    if (::inet_pton(AF_INET, host, &target.v4.sin_addr) == 1) {
      target.v4.sin_family = AF_INET;
      target.v4.sin_port = htons(options.port);
      size = sizeof(target.v4);
    } else if (::inet_pton(AF_INET6, host, &target.v6.sin6_addr) == 1) {
      target.v6.sin6_family = AF_INET6;
      target.v6.sin6_port = htons(options.port);
      size = sizeof(target.v6);
    } else {
      return;
    }
    const int fd = ::socket(target.any.sa_family,
                            SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
      return;
    static_cast<void>(::connect(fd, &target.any, size));
    ::close(fd);
  }

  http_endpoint_options options;
  std::mutex mutex;
  std::string log;
  std::unique_ptr<CivetServer> running; // last: its threads use the rest

  /// Whose start runs on this thread: while a server starts, its log messages
  /// come without a way to find out whose they are.
  static thread_local server* starting;
};

thread_local http_endpoint::server* http_endpoint::server::starting = nullptr;

http_endpoint::http_endpoint(http_endpoint_options options)
  : server_(std::make_unique<server>(std::move(options))) {
  server_->start();
}

http_endpoint::~http_endpoint() {
  // nop: civetweb closes its sockets and joins its threads
}

std::uint16_t http_endpoint::port() const noexcept {
  return server_->options.port;
}

std::string http_endpoint::url() const {
  return "http://" + server_->address();
}

} // namespace axiom::observe
