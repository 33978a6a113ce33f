#include "run_command.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <caf/actor_system.hpp>
#include <unistd.h>

#include "axiom/config.hpp"
#include "axiom/coordination/concurrency_limiter.hpp"
#include "axiom/coordination/coordinator.hpp"
#include "axiom/coordination/shutdown_guard.hpp"
#include "axiom/deploy/progress_display.hpp"
#include "axiom/deploy/runner.hpp"
#include "axiom/deploy/system_error.hpp"
#include "axiom/error/circuit_breaker.hpp"
#include "axiom/error/supervisor.hpp"
#include "axiom/observe/collectors.hpp"
#include "axiom/observe/http_endpoint.hpp"
#include "axiom/resource/memory_pressure.hpp"
#include "axiom/resource/resource_monitor.hpp"
#include "axiom/resource/resource_pool.hpp"
#include "axiom/runtime/host.hpp"
#include "axiom/runtime/install.hpp"
#include "axiom/runtime/metrics.hpp"
#include "json_report.hpp"
#include "load.hpp"
#include "report.hpp"
#include "signals.hpp"
#include "streams.hpp"

namespace axiom::tools {

namespace {

/// Starts the endpoint if the file or the command line asks for one.
std::unique_ptr<observe::http_endpoint> serve(
  const std::optional<deploy::metrics_options>& where, caf::actor_system& sys,
  const std::atomic<bool>& ready) {
  if (!where)
    return nullptr;
  observe::http_endpoint_options options;
  options.host = where->bind.host;
  options.port = where->bind.port;
  options.collectables = {
    observe::make_task_collector(
      [&sys] { return runtime::snapshot_metrics(sys); }),
    observe::make_scheduler_collector(
      [&host = runtime::host::of(sys)] { return host.stats(); }),
    observe::make_limiter_collector([&sys] { return all_limiter_stats(sys); }),
    observe::make_memory_pressure_collector(
      [&sys] { return all_memory_pressure_stats(sys); }),
    observe::make_resource_collector(
      [&sys] { return all_resource_stats(sys); }),
    observe::make_pool_collector([&sys] { return all_pool_stats(sys); }),
    observe::make_circuit_collector([&sys] { return all_circuit_stats(sys); }),
    observe::make_supervisor_collector(
      [&sys] { return all_supervisor_stats(sys); }),
    observe::make_process_collector(),
  };
  options.ready = [&ready] { return ready.load(); };
  return std::make_unique<observe::http_endpoint>(std::move(options));
}

/// Standard output, which may be the terminal that the progress is drawn on.
class shared_output : public deploy::byte_sink {
public:
  shared_output(deploy::byte_sink& sink, deploy::progress_display& display)
    : sink_(sink), display_(display), terminal_(::isatty(STDOUT_FILENO) == 1) {
    // nop
  }

private:
  void do_write(std::string_view bytes,
                const deploy::stop_predicate& stop) override {
    if (terminal_)
      display_.pause();
    sink_.write(bytes, stop);
  }

  deploy::byte_sink& sink_;
  deploy::progress_display& display_;
  const bool terminal_;
};

/// What the display says of supervisors.
std::string note_on(
  const std::optional<deploy::supervisor_runner::figures>& now) {
  return now ? to_string(*now) : std::string{};
}

/// The body of the task that shows progress until it is cancelled.
async<void> show_progress(task_context& self, deploy::progress_display& display,
                          const deploy::runner& runs) {
  for (;;) {
    co_await self.sleep_for(display.interval());
    display.show(runs.progress(), note_on(runs.supervision()));
  }
}

/// Cancels a task and waits for its end when it goes.
class background {
public:
  explicit background(task<void> what) : task_(std::move(what)) {
    // nop
  }

  background(const background&) = delete;
  background& operator=(const background&) = delete;

  ~background() {
    task_.cancel();
    task_.wait();
  }

private:
  task<void> task_;
};

/// One run of a deployment, from its tasks' creation to the report.
class session {
public:
  session(caf::actor_system& sys, deploy::deployment value,
          const command_line& args, std::size_t workers)
    : coordinator_(structured_task_coordinator::spawn(sys, {.name = "axiom"})),
      direct_output_(STDOUT_FILENO, "standard output"),
      report_(args.report),
      display_(STDERR_FILENO, args.progress, deploy::progress_unit(value)),
      output_(direct_output_, display_),
      runs_(coordinator_, std::move(value), output_, workers) {
    // nop
  }

  int run(std::atomic<bool>& ready) {
    const signal_watch watch{[this](int number) {
      stopped_by_ = number;
      runs_.cancel();
    }};
    runs_.start();
    ready = true;
    const auto results = [this] {
      const background shown{coordinator_.create_child_task(
        "progress", task_priority::low, [this](task_context& self) {
          return show_progress(self, display_, runs_);
        })};
      return runs_.wait();
    }();
    ready = false;
    const auto supervisors = runs_.supervisors();
    display_.finish(runs_.progress(), "axiom: ", sum_of(supervisors));
    auto summary = make_report(results, supervisors, stopped_by_);
    print_error(summary.text);
    if (report_)
      write_report(*report_, results, supervisors, summary.status);
    if (summary.stuck)
      // What does not end cannot be joined, and destructors would wait for it.
      ::_exit(summary.status);
    return summary.status;
  }

private:
  structured_task_coordinator coordinator_;
  std::atomic<int> stopped_by_{0}; // the signal
  deploy::descriptor_sink direct_output_;
  const std::optional<std::string> report_; // where to
  deploy::progress_display display_;
  shared_output output_;
  deploy::runner runs_; // last: its tasks use the rest
};

} // namespace

int run_command(const command_line& args) {
  auto loaded = load(args, deploy::load_depth::environment);
  if (!loaded.ok()) {
    print_error(loaded.report());
    return misuse;
  }
  auto& value = loaded.value;
  if (args.metrics)
    value.metrics = deploy::metrics_options{*args.metrics};
  if (args.threads)
    value.system.threads = *args.threads;
  const auto workers =
    value.system.threads.value_or(runtime::usable_processors());
  config cfg;
  cfg.axiom.threads = workers;
  cfg.axiom.scheduler = value.system.scheduler;
  cfg.axiom.affinity = value.system.affinity;
  cfg.add_error_category(deploy::errno_category, deploy::render_errno);
  caf::actor_system sys{cfg};
  const shutdown_guard guard{sys, {.sink = [](const shutdown_report& report) {
                               print_error(describe(report));
                             }}};
  std::atomic<bool> ready{false};
  std::unique_ptr<observe::http_endpoint> endpoint;
  try {
    endpoint = serve(value.metrics, sys, ready);
  } catch (const exception& err) {
    print_error(std::string{"axiom: metrics: "} + err.what() + '\n');
    return misuse;
  }
  if (endpoint && args.progress != deploy::progress_mode::none)
    print_error("axiom: metrics on " + endpoint->url() + "/metrics\n");
  session all{sys, std::move(value), args, workers};
  return all.run(ready);
}

} // namespace axiom::tools
