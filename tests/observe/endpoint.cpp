#include "axiom/observe/http_endpoint.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "axiom/error/exception.hpp"
#include "axiom/observe/collectors.hpp"

using namespace axiom::observe;
using axiom::runtime::metrics_snapshot;
using axiom::runtime::scheduler_stats;
using axiom::runtime::worker_state;
using axiom::runtime::worker_stats;

namespace {

class connection {
public:
  explicit connection(std::uint16_t port)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address))
        != 0)
      throw std::runtime_error("cannot connect");
  }

  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  ~connection() {
    ::close(fd_);
  }

  void send(const std::string& text) const {
    BOOST_REQUIRE(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL)
                  == static_cast<ssize_t>(text.size()));
  }

  std::string receive_all() const {
    std::string result;
    std::array<char, 4096> buffer;
    for (;;) {
      const auto n = ::recv(fd_, buffer.data(), buffer.size(), 0);
      if (n <= 0)
        return result;
      result.append(buffer.data(), static_cast<std::size_t>(n));
    }
  }

private:
  int fd_;
};

std::string ask(const http_endpoint& server, const std::string& method,
                const std::string& path) {
  const connection link{server.port()};
  link.send(method + ' ' + path
            + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
  return link.receive_all();
}

std::string body_of(const std::string& response) {
  const auto end = response.find("\r\n\r\n");
  return end == std::string::npos ? "" : response.substr(end + 4);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

metrics_snapshot some_numbers() {
  metrics_snapshot result;
  result.created = 10;
  result.completed = 4;
  result.failed = 2;
  result.cancelled = 1;
  result.overdue = 3;
  result.retries = 6;
  result.retries_refused = 2;
  result.errors[0] = 1;
  result.errors[static_cast<std::size_t>(axiom::errc::circuit_open)] = 1;
  result.cancellation.buckets.front() = 5; // up to 100 ns
  result.cancellation.buckets[5] = 2; // up to 5 us
  result.cancellation.buckets.back() = 1; // above all
  result.cancellation.count = 8;
  result.cancellation.sum_seconds = 12.5;
  return result;
}

scheduler_stats some_workers() {
  scheduler_stats result;
  result.injected[3] = 4;
  worker_stats one;
  one.state = worker_state::running;
  one.executed = 7;
  one.stolen = 2;
  one.parks = 1;
  one.busy = std::chrono::milliseconds{1500};
  one.queued = {1, 0, 5, 0};
  auto two = one;
  two.state = worker_state::parked;
  result.workers = {one, one, two};
  return result;
}

std::vector<axiom::limiter_stats> some_limiters() {
  axiom::limiter_stats one;
  one.name = "io";
  one.limit = 8;
  one.in_use = 3;
  one.waiting = 2;
  one.timed_out = 5;
  one.deadlocks = 1;
  one.waits.observe({}, 10);
  one.waits.observe(std::chrono::milliseconds{2});
  auto other = one;
  other.name = "db";
  return {one, other, one};
}

std::vector<axiom::memory_pressure_stats> some_pressure() {
  axiom::memory_pressure_stats one;
  one.level = axiom::memory_pressure_level::critical;
  one.stage = axiom::relief_stage::serialise;
  one.reading.headroom = 4096;
  one.sources = {{"/proc/meminfo", ""}, {"/sys/fs/cgroup", "is garbled"}};
  one.readings = 7;
  one.entered = {1, 2, 3};
  one.steps = {6, 2, 3, 4, 2, 1, 1, 0};
  one.shed_tasks = 9;
  one.shed_in_all = 30;
  one.relief_failures = 5;
  axiom::memory_pressure_stats calm; // of another one that knows no limit
  calm.readings = 3;
  return {calm, one};
}

std::vector<axiom::resource_stats> some_resources() {
  axiom::resource_stats one;
  one.name = "host";
  one.resources = {{axiom::memory(4096), 1024, 2, 0},
                   {axiom::cpu(2), 1500, 0, 0},
                   {axiom::custom("licence", 3), 1, 1, 0}};
  one.timed_out = 1;
  one.deadlocks = 2;
  one.waits.observe({}, 5);
  axiom::resource_stats other; // has some of the same
  other.name = "other";
  other.resources = {{axiom::custom("licence", 2), 2, 3, 0}};
  return {one, other};
}

std::vector<axiom::pool_stats> some_pools() {
  axiom::pool_stats one;
  one.name = "db";
  one.max = 8;
  one.idle = 1;
  one.in_use = 3;
  one.creating = 2;
  one.waiting = 4;
  one.created = 9;
  one.destroyed = 3;
  one.failed_creations = 5;
  one.unhealthy = 2;
  one.waits.observe({}, 10);
  auto other = one;
  other.name = "cache";
  return {one, other, one};
}

std::vector<axiom::supervisor_stats> some_supervisors() {
  axiom::supervisor_stats one;
  one.name = "ingest";
  one.children = 5;
  one.active = 3;
  one.starts = 9;
  one.restarts = 4;
  one.errors = 6;
  auto other = one;
  other.name = "serve";
  return {one, other, one};
}

std::vector<axiom::circuit_stats> some_circuits() {
  axiom::circuit_stats one;
  one.name = "db";
  one.state = axiom::circuit_state::half_open;
  one.succeeded = 7;
  one.failed = 5;
  one.ignored = 2;
  one.refused = 4;
  one.opened = 3;
  auto other = one;
  other.state = axiom::circuit_state::open;
  auto third = one;
  third.name = "cache";
  third.state = axiom::circuit_state::closed;
  return {one, third, other};
}

http_endpoint_options with_numbers() {
  http_endpoint_options result;
  result.collectables = {make_task_collector(some_numbers),
                         make_scheduler_collector(some_workers),
                         make_limiter_collector(some_limiters),
                         make_memory_pressure_collector(some_pressure),
                         make_pool_collector(some_pools),
                         make_resource_collector(some_resources),
                         make_supervisor_collector(some_supervisors),
                         make_circuit_collector(some_circuits),
                         make_process_collector()};
  return result;
}

class one_family : public prometheus::Collectable {
public:
  std::vector<prometheus::MetricFamily> Collect() const override {
    prometheus::MetricFamily result;
    result.name = "application_things_total";
    result.help = "Things.";
    result.type = prometheus::MetricType::Counter;
    result.metric.emplace_back().counter.value = 7;
    return {result};
  }
};

class failing : public prometheus::Collectable {
public:
  std::vector<prometheus::MetricFamily> Collect() const override {
    throw std::runtime_error("no numbers\ntoday");
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(http_endpoint_serves)

BOOST_AUTO_TEST_CASE(metrics_in_the_format_and_under_the_names_of_prometheus) {
  const http_endpoint server{with_numbers()};
  const auto response = ask(server, "GET", "/metrics");
  BOOST_TEST(response.starts_with("HTTP/1.1 200 OK\r\n"));
  BOOST_TEST(contains(
    response, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  const auto body = body_of(response);
  for (const auto* line :
       {"axiom_tasks_created_total 10\n",
        "axiom_tasks_finished_total{outcome=\"completed\"} 4\n",
        "axiom_tasks_finished_total{outcome=\"failed\"} 2\n",
        "axiom_tasks_finished_total{outcome=\"cancelled\"} 1\n",
        "axiom_tasks_active 3\n", "axiom_cancellations_overdue_total 3\n",
        "axiom_cancellation_seconds_count 8\n",
        "axiom_cancellation_seconds_sum 12.5\n",
        "axiom_cancellation_seconds_bucket{le=\"+Inf\"} 8\n",
        "axiom_build_info{version=\"", "caf=\"0.17.6\"} 1\n",
        "# TYPE axiom_cancellation_seconds histogram\n", "process_open_fds ",
        "process_resident_memory_bytes ", "process_virtual_memory_bytes ",
        "process_cpu_seconds_total ", "process_start_time_seconds ",
        "process_threads ", "process_max_fds "})
    BOOST_TEST(contains(body, line), "missing: " << line);
}

BOOST_AUTO_TEST_CASE(failures_by_their_code_and_every_code_from_the_start) {
  const http_endpoint server{with_numbers()};
  const auto body = body_of(ask(server, "GET", "/metrics"));
  for (const auto* line :
       {"# TYPE axiom_errors_total counter\n",
        "axiom_errors_total{code=\"foreign\"} 1\n",
        "axiom_errors_total{code=\"circuit_open\"} 1\n",
        "axiom_errors_total{code=\"unhandled_exception\"} 0\n",
        "axiom_retries_total 6\n", "axiom_retries_refused_total 2\n"})
    BOOST_TEST(contains(body, line), "missing: " << line);
  // A line a code that there is, and one for the others.
  std::size_t codes = 1;
  for (int i = 1; i < 256; ++i)
    codes += sentence_of(static_cast<axiom::errc>(i)).empty() ? 0 : 1;
  std::size_t lines = 0;
  const std::string label = "axiom_errors_total{code=";
  for (auto at = body.find(label); at != std::string::npos;
       at = body.find(label, at + 1))
    ++lines;
  BOOST_TEST(lines == codes);
  BOOST_TEST(codes <= axiom::runtime::error_slots);
}

BOOST_AUTO_TEST_CASE(circuits_of_one_name_as_one) {
  const http_endpoint server{with_numbers()};
  const auto body = body_of(ask(server, "GET", "/metrics"));
  for (const auto* line :
       {"axiom_circuit_state{circuit=\"cache\",state=\"closed\"} 1\n",
        "axiom_circuit_state{circuit=\"db\",state=\"closed\"} 0\n",
        "axiom_circuit_state{circuit=\"db\",state=\"open\"} 1\n",
        "axiom_circuit_state{circuit=\"db\",state=\"half_open\"} 1\n",
        "axiom_circuit_calls_total{circuit=\"db\",outcome=\"succeeded\"} 14\n",
        "axiom_circuit_calls_total{circuit=\"db\",outcome=\"failed\"} 10\n",
        "axiom_circuit_calls_total{circuit=\"db\",outcome=\"ignored\"} 4\n",
        "axiom_circuit_calls_total{circuit=\"db\",outcome=\"refused\"} 8\n",
        "axiom_circuit_opened_total{circuit=\"cache\"} 3\n"})
    BOOST_TEST(contains(body, line), "missing: " << line);
}

BOOST_AUTO_TEST_CASE(circuits_beyond_a_bound_together) {
  std::vector<axiom::circuit_stats> many;
  for (std::size_t i = 0; i < max_circuit_labels + 20; ++i) {
    axiom::circuit_stats one;
    one.name = "peer " + std::to_string(1000 - i);
    one.failed = 1;
    many.push_back(one);
  }
  const auto families =
    make_circuit_collector([&many] { return many; })->Collect();
  BOOST_TEST_REQUIRE(families.size() == 3u);
  const auto& opened = families[2].metric;
  BOOST_TEST(opened.size() == max_circuit_labels + 1);
  double others = 0;
  bool oldest = false;
  for (const auto& line : families[1].metric) {
    oldest = oldest || line.label[0].value == "peer 1000";
    if (line.label[0].value == other_circuits
        && line.label[1].value == "failed")
      others = line.counter.value;
  }
  BOOST_TEST(others == 20);
  BOOST_TEST(oldest);
}

BOOST_AUTO_TEST_CASE(no_families_of_circuits_where_there_are_none) {
  const auto collector =
    make_circuit_collector([] { return std::vector<axiom::circuit_stats>{}; });
  BOOST_TEST(collector->Collect().empty());
}

BOOST_AUTO_TEST_CASE(the_schedulers_figures_of_all_workers_together) {
  const http_endpoint server{with_numbers()};
  const auto body = body_of(ask(server, "GET", "/metrics"));
  for (const auto* line :
       {"# TYPE axiom_scheduler_workers gauge\n",
        "axiom_scheduler_workers{state=\"running\"} 2\n",
        "axiom_scheduler_workers{state=\"searching\"} 0\n",
        "axiom_scheduler_workers{state=\"parked\"} 1\n",
        "axiom_scheduler_workers{state=\"retired\"} 0\n",
        "axiom_scheduler_jobs_total 21\n", "axiom_scheduler_steals_total 6\n",
        "axiom_scheduler_parks_total 3\n",
        "# TYPE axiom_scheduler_busy_seconds_total counter\n",
        "axiom_scheduler_busy_seconds_total 4.5\n",
        "axiom_scheduler_queued_jobs{level=\"background\"} 3\n",
        "axiom_scheduler_queued_jobs{level=\"low\"} 0\n",
        "axiom_scheduler_queued_jobs{level=\"medium\"} 15\n",
        "axiom_scheduler_queued_jobs{level=\"high\"} 4\n"})
    BOOST_TEST(contains(body, line), "missing: " << line);
}

BOOST_AUTO_TEST_CASE(limiters_of_one_name_as_one) {
  const http_endpoint server{with_numbers()};
  const auto body = body_of(ask(server, "GET", "/metrics"));
  for (const auto* line :
       {"axiom_limiter_permits{limiter=\"db\",state=\"in_use\"} 3\n",
        "axiom_limiter_permits{limiter=\"io\",state=\"in_use\"} 6\n",
        "axiom_limiter_permits{limiter=\"io\",state=\"limit\"} 16\n",
        "axiom_limiter_waiting{limiter=\"io\"} 4\n",
        "axiom_limiter_wait_seconds_count{limiter=\"io\"} 22\n",
        "axiom_limiter_wait_seconds_bucket{limiter=\"io\",le=\"1e-07\"} 20\n",
        "axiom_limiter_timeouts_total{limiter=\"db\"} 5\n",
        "axiom_limiter_deadlocks_refused_total{limiter=\"io\"} 2\n"})
    BOOST_TEST(contains(body, line), "missing: " << line);
}

BOOST_AUTO_TEST_CASE(memory_pressure_as_numbers) {
  const http_endpoint server{with_numbers()};
  const auto body = body_of(ask(server, "GET", "/metrics"));
  for (const auto* line :
       {"# TYPE axiom_memory_pressure_level gauge\n",
        "axiom_memory_pressure_level 2\n", "axiom_memory_pressure_stage 2\n",
        "axiom_memory_pressure_headroom_bytes 4096\n",
        "axiom_memory_pressure_entered_total{level=\"normal\"} 1\n",
        "axiom_memory_pressure_entered_total{level=\"warning\"} 2\n",
        "axiom_memory_pressure_entered_total{level=\"critical\"} 3\n",
        "axiom_memory_pressure_steps_total{step=\"shed\"} 4\n",
        "axiom_memory_pressure_steps_total{step=\"source_lost\"} 1\n",
        "axiom_memory_pressure_readings_total 10\n",
        "# TYPE axiom_memory_pressure_shed_tasks_total counter\n",
        "axiom_memory_pressure_shed_tasks_total 9\n",
        "axiom_memory_pressure_cancelled_tasks_total 30\n",
        "axiom_memory_pressure_sources_unreadable 1\n",
        "axiom_memory_pressure_relief_failures_total 5\n"})
    BOOST_TEST(contains(body, line), "missing: " << line);
}

BOOST_AUTO_TEST_CASE(no_memory_pressure_where_nobody_measures) {
  auto none = [] { return std::vector<axiom::memory_pressure_stats>{}; };
  BOOST_TEST(make_memory_pressure_collector(none)->Collect().empty());
}

BOOST_AUTO_TEST_CASE(no_headroom_where_no_limit_is_known) {
  auto unknown = [] { return std::vector<axiom::memory_pressure_stats>(1); };
  for (auto& x : make_memory_pressure_collector(unknown)->Collect())
    BOOST_TEST(x.name != "axiom_memory_pressure_headroom_bytes");
}

BOOST_AUTO_TEST_CASE(no_families_of_limiters_where_there_are_none) {
  auto none = [] { return std::vector<axiom::limiter_stats>{}; };
  BOOST_TEST(make_limiter_collector(none)->Collect().empty());
}

BOOST_AUTO_TEST_CASE(pools_of_one_name_as_one) {
  const http_endpoint server{with_numbers()};
  const auto body = body_of(ask(server, "GET", "/metrics"));
  for (const auto* line :
       {"axiom_pool_objects{pool=\"db\",state=\"idle\"} 2\n",
        "axiom_pool_objects{pool=\"db\",state=\"in_use\"} 6\n",
        "axiom_pool_objects{pool=\"db\",state=\"creating\"} 4\n",
        "axiom_pool_objects{pool=\"db\",state=\"limit\"} 16\n",
        "axiom_pool_objects{pool=\"cache\",state=\"limit\"} 8\n",
        "axiom_pool_waiting{pool=\"db\"} 8\n",
        "axiom_pool_wait_seconds_count{pool=\"db\"} 20\n",
        "axiom_pool_created_total{pool=\"db\"} 18\n",
        "axiom_pool_destroyed_total{pool=\"cache\"} 3\n",
        "axiom_pool_failed_creations_total{pool=\"db\"} 10\n",
        "axiom_pool_unhealthy_total{pool=\"db\"} 4\n"})
    BOOST_TEST(contains(body, line), "missing: " << line);
}

BOOST_AUTO_TEST_CASE(supervisors_of_one_name_as_one) {
  const http_endpoint server{with_numbers()};
  const auto body = body_of(ask(server, "GET", "/metrics"));
  for (const auto* line :
       {"axiom_supervisor_children{supervisor=\"ingest\",state=\"active\"} 6\n",
        "axiom_supervisor_children{supervisor=\"ingest\",state=\"inactive\"} "
        "4\n",
        "axiom_supervisor_starts_total{supervisor=\"ingest\"} 18\n",
        "axiom_supervisor_restarts_total{supervisor=\"ingest\"} 8\n",
        "axiom_supervisor_restarts_total{supervisor=\"serve\"} 4\n",
        "axiom_supervisor_child_errors_total{supervisor=\"ingest\"} 12\n"})
    BOOST_TEST(contains(body, line), "missing: " << line);
}

BOOST_AUTO_TEST_CASE(no_families_of_supervisors_where_there_are_none) {
  auto none = [] { return std::vector<axiom::supervisor_stats>{}; };
  BOOST_TEST(make_supervisor_collector(none)->Collect().empty());
}

BOOST_AUTO_TEST_CASE(resources_of_several_monitors_as_one) {
  const http_endpoint server{with_numbers()};
  const auto body = body_of(ask(server, "GET", "/metrics"));
  for (const auto* line :
       {"axiom_resource_units{resource=\"memory\",state=\"in_use\"} 1024\n",
        "axiom_resource_units{resource=\"memory\",state=\"capacity\"} 4096\n",
        "axiom_resource_units{resource=\"cpu\",state=\"in_use\"} 1.5\n",
        "axiom_resource_units{resource=\"licence\",state=\"in_use\"} 3\n",
        "axiom_resource_units{resource=\"licence\",state=\"capacity\"} 5\n",
        "axiom_resource_waiting{resource=\"licence\"} 4\n",
        "axiom_resource_wait_seconds_count 5\n",
        "axiom_resource_timeouts_total 1\n",
        "axiom_resource_deadlocks_refused_total 2\n"})
    BOOST_TEST(contains(body, line), "missing: " << line);
}

BOOST_AUTO_TEST_CASE(no_families_of_resources_where_there_are_none) {
  auto none = [] { return std::vector<axiom::resource_stats>{}; };
  BOOST_TEST(make_resource_collector(none)->Collect().empty());
}

BOOST_AUTO_TEST_CASE(no_families_of_pools_where_there_are_none) {
  auto none = [] { return std::vector<axiom::pool_stats>{}; };
  BOOST_TEST(make_pool_collector(none)->Collect().empty());
}

BOOST_AUTO_TEST_CASE(no_figures_of_a_scheduler_that_counts_nothing) {
  BOOST_TEST(make_scheduler_collector([] { return scheduler_stats{}; })
               ->Collect()
               .empty());
}

BOOST_AUTO_TEST_CASE(histogram_buckets_that_are_cumulative) {
  const http_endpoint server{with_numbers()};
  const auto body = body_of(ask(server, "GET", "/metrics"));
  std::vector<std::string> counts;
  const std::string prefix = "axiom_cancellation_seconds_bucket{le=\"";
  for (auto at = body.find(prefix); at != std::string::npos;
       at = body.find(prefix, at + 1)) {
    const auto space = body.find("} ", at) + 2;
    counts.push_back(body.substr(space, body.find('\n', space) - space));
  }
  BOOST_TEST(counts.size() == axiom::runtime::histogram_edges.size() + 1);
  BOOST_TEST(counts.front() == "5");
  BOOST_TEST(counts[4] == "5");
  BOOST_TEST(counts[5] == "7");
  BOOST_TEST(counts[15] == "7");
  BOOST_TEST(counts.back() == "8");
}

BOOST_AUTO_TEST_CASE(the_collectables_that_an_application_hands_in) {
  auto options = with_numbers();
  options.collectables.push_back(std::make_shared<one_family>());
  const http_endpoint server{std::move(options)};
  BOOST_TEST(
    contains(ask(server, "GET", "/metrics"), "application_things_total 7\n"));
}

BOOST_AUTO_TEST_CASE(health_and_readiness_as_they_change) {
  std::atomic<bool> ready{false};
  http_endpoint_options options;
  options.ready = [&] { return ready.load(); };
  const http_endpoint server{std::move(options)};
  BOOST_TEST(ask(server, "GET", "/healthz").starts_with("HTTP/1.1 200 "));
  BOOST_TEST(ask(server, "GET", "/readyz").starts_with("HTTP/1.1 503 "));
  ready = true;
  BOOST_TEST(ask(server, "GET", "/readyz").starts_with("HTTP/1.1 200 "));
}

BOOST_AUTO_TEST_CASE(heads_without_bodies) {
  const http_endpoint server{with_numbers()};
  const auto response = ask(server, "HEAD", "/metrics");
  BOOST_TEST(response.starts_with("HTTP/1.1 200 OK\r\n"));
  BOOST_TEST(contains(response, "Content-Length: "));
  BOOST_TEST(body_of(response).empty());
}

BOOST_AUTO_TEST_CASE(nothing_that_could_change_something) {
  const http_endpoint server{with_numbers()};
  for (const auto* method :
       {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"}) {
    const auto response = ask(server, method, "/metrics");
    BOOST_TEST(response.starts_with("HTTP/1.1 405 "),
               method << ": " << response);
    BOOST_TEST(contains(response, "Allow: GET, HEAD\r\n"));
  }
}

BOOST_AUTO_TEST_CASE(no_files_and_no_other_paths) {
  const http_endpoint server{with_numbers()};
  for (const auto* path : {"/", "/etc/passwd", "/../etc/passwd", "/metrics/",
                           "/METRICS", "/%2e%2e/etc/passwd"})
    BOOST_TEST(ask(server, "GET", path).starts_with("HTTP/1.1 404 "), path);
}

BOOST_AUTO_TEST_CASE(an_error_when_the_numbers_cannot_be_had) {
  http_endpoint_options options;
  options.collectables = {std::make_shared<failing>()};
  const http_endpoint server{std::move(options)};
  const auto response = ask(server, "GET", "/metrics");
  BOOST_TEST(response.starts_with("HTTP/1.1 500 "));
  BOOST_TEST(body_of(response) == "no numbers\\ntoday\n");
}

BOOST_AUTO_TEST_CASE(others_while_slow_clients_say_nothing) {
  auto options = with_numbers();
  options.request_timeout = std::chrono::milliseconds{300};
  const http_endpoint server{std::move(options)};
  std::vector<std::unique_ptr<connection>> slow;
  for (int i = 0; i < 6; ++i) {
    slow.push_back(std::make_unique<connection>(server.port()));
    slow.back()->send("GET /metr");
  }
  BOOST_TEST(ask(server, "GET", "/metrics").starts_with("HTTP/1.1 200 "));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(http_endpoint_listens)

BOOST_AUTO_TEST_CASE(on_a_free_port_that_can_be_read) {
  const http_endpoint first{{}};
  const http_endpoint second{{}};
  BOOST_TEST(first.port() != 0);
  BOOST_TEST(first.port() != second.port());
  BOOST_TEST(first.url() == "http://127.0.0.1:" + std::to_string(first.port()));
}

BOOST_AUTO_TEST_CASE(or_says_that_the_address_is_in_use) {
  const http_endpoint first{{}};
  http_endpoint_options same;
  same.port = first.port();
  BOOST_CHECK_EXCEPTION(http_endpoint{std::move(same)}, axiom::exception,
                        [&](const axiom::exception& err) {
                          return contains(err.what(),
                                          "address in use: 127.0.0.1:"
                                            + std::to_string(first.port()));
                        });
}

BOOST_AUTO_TEST_CASE(or_says_that_the_address_is_not_here) {
  http_endpoint_options far;
  far.host = "192.0.2.1"; // for documentation: nobody has it
  far.port = 9464;
  BOOST_CHECK_EXCEPTION(http_endpoint{std::move(far)}, axiom::exception,
                        [](const axiom::exception& err) {
                          return contains(err.what(),
                                          "address not available: ");
                        });
}

BOOST_AUTO_TEST_CASE(on_ipv6_or_says_why_not) {
  http_endpoint_options options;
  options.host = "::1";
  try {
    const http_endpoint server{options};
    BOOST_TEST(server.url() == "http://[::1]:" + std::to_string(server.port()));
  } catch (const axiom::exception& err) {
    // Debian builds civetweb without it; a container may have no IPv6 at all.
    BOOST_TEST((contains(err.what(), "has no IPv6")
                || contains(err.what(), "address not available")));
  }
}

BOOST_AUTO_TEST_CASE(not_any_more_once_it_is_gone) {
  std::uint16_t port = 0;
  {
    const http_endpoint server{{}};
    port = server.port();
  }
  BOOST_CHECK_THROW(connection{port}, std::runtime_error);
}

BOOST_AUTO_TEST_CASE(and_stops_without_waiting_for_a_client) {
  const auto start = std::chrono::steady_clock::now();
  for (const auto* host : {"127.0.0.1", "0.0.0.0", "localhost"}) {
    http_endpoint_options options;
    options.host = host;
    const http_endpoint server{std::move(options)};
  }
  // civetweb left alone takes two seconds for each.
  BOOST_CHECK(std::chrono::steady_clock::now() - start
              < std::chrono::milliseconds{1900});
}

BOOST_AUTO_TEST_SUITE_END()
