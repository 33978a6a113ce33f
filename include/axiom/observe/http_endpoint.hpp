#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace prometheus {

class Collectable;

} // namespace prometheus

namespace axiom::observe {

/// How the endpoint is set up.
struct http_endpoint_options {
  std::string host = "127.0.0.1"; // an IP address, or localhost
  std::uint16_t port = 0;         // 0: a free one, see `port()`

  /// Few threads with a short limit each: a client that is slow to ask or to
  /// read cannot hold up a scrape for longer than this.
  std::size_t threads = 4;
  std::chrono::milliseconds request_timeout{2000};

  /// What `/metrics` shows, in this order. Each family name may come from one
  /// of them only.
  std::vector<std::shared_ptr<prometheus::Collectable>> collectables;

  /// What `/readyz` says; without it the answer is yes. Called on a thread of
  /// the endpoint.
  std::function<bool()> ready;
};

/// Serves what operators ask for over HTTP:
///
/// | path       | answer                                                      |
/// |------------|-------------------------------------------------------------|
/// | `/metrics` | the text format of Prometheus                               |
/// | `/healthz` | 200 as long as the process answers                          |
/// | `/readyz`  | 200 if `ready` says so, else 503                            |
///
/// GET and HEAD only: everything that changes something goes another way. No
/// files are served and no request bodies are read.
///
/// The threads are its own; the destructor joins them. Thread-safe.
class http_endpoint {
public:
  /// Starts to serve. Throws `axiom::exception` with what the system said
  /// when it cannot listen there, such as an address in use.
  explicit http_endpoint(http_endpoint_options options);
  http_endpoint(const http_endpoint&) = delete;
  http_endpoint& operator=(const http_endpoint&) = delete;
  ~http_endpoint();

  /// The port it listens on; never 0.
  std::uint16_t port() const noexcept;

  /// Such as http://127.0.0.1:9464.
  std::string url() const;

private:
  struct server;

  std::unique_ptr<server> server_;
};

} // namespace axiom::observe
