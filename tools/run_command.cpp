#include "run_command.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <caf/actor_system.hpp>
#include <unistd.h>

#include "axiom/config.hpp"
#include "axiom/coordination/coordinator.hpp"
#include "axiom/deploy/progress_display.hpp"
#include "axiom/deploy/runner.hpp"
#include "axiom/deploy/system_error.hpp"
#include "axiom/observe/collectors.hpp"
#include "axiom/observe/http_endpoint.hpp"
#include "axiom/runtime/install.hpp"
#include "axiom/runtime/metrics.hpp"
#include "load.hpp"
#include "report.hpp"
#include "signals.hpp"
#include "streams.hpp"

namespace axiom::tools {

namespace {

/// Starts the endpoint if the file or the command line asks for one.
std::unique_ptr<observe::http_endpoint>
serve(const deploy::deployment& value, caf::actor_system& sys,
      const std::atomic<bool>& ready) {
  if (!value.metrics)
    return nullptr;
  observe::http_endpoint_options options;
  options.host = value.metrics->bind.host;
  options.port = value.metrics->bind.port;
  options.collectables = {
    observe::make_task_collector(
      [&sys] { return runtime::snapshot_metrics(sys); }),
    observe::make_process_collector(),
  };
  options.ready = [&ready] { return ready.load(); };
  return std::make_unique<observe::http_endpoint>(std::move(options));
}

/// The body of the task that shows progress until it is cancelled.
async<void> show_progress(task_context& self, deploy::progress_display& display,
                          const deploy::runner& runs) {
  for (;;) {
    co_await self.sleep_for(display.interval());
    display.show(runs.progress());
  }
}

/// Everything between the boot of the actor system and its end.
class session {
public:
  session(caf::actor_system& sys, deploy::deployment value,
          const command_line& args, std::size_t workers)
    : endpoint_(serve(value, sys, ready_)),
      quiet_(args.progress == deploy::progress_mode::none),
      output_(STDOUT_FILENO, "standard output",
              [this] { return stopped_by_ != 0; }),
      coordinator_(structured_task_coordinator::spawn(sys, {.name = "axiom"})),
      display_(STDERR_FILENO, args.progress, "files"),
      runs_(coordinator_, std::move(value), output_, workers) {
    // nop
  }

  int run() {
    if (endpoint_ && !quiet_)
      print_error("axiom: metrics on " + endpoint_->url() + "/metrics\n");
    const signal_watch watch{[this](int number) {
      stopped_by_ = number;
      runs_.cancel();
    }};
    runs_.start();
    ready_ = true;
    auto shown = coordinator_.create_child_task(
      "progress", task_priority::low, [this](task_context& self) {
        return show_progress(self, display_, runs_);
      });
    const auto results = runs_.wait();
    ready_ = false;
    shown.cancel();
    shown.wait();
    display_.finish(runs_.progress(), "axiom: ");
    const auto summary = make_report(results, stopped_by_, output_.written());
    print_error(summary.text);
    if (summary.stuck)
      // What does not end cannot be joined, and destructors would wait for it.
      ::_exit(summary.status);
    return summary.status;
  }

private:
  std::atomic<bool> ready_{false};
  std::unique_ptr<observe::http_endpoint> endpoint_;
  const bool quiet_;
  std::atomic<int> stopped_by_{0}; // the signal
  deploy::descriptor_sink output_;
  structured_task_coordinator coordinator_;
  deploy::progress_display display_;
  deploy::runner runs_;
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
  const auto workers
    = value.system.threads.value_or(runtime::usable_processors());
  config cfg;
  cfg.axiom.threads = workers;
  cfg.axiom.scheduler = value.system.scheduler;
  cfg.add_error_category(deploy::errno_category, deploy::render_errno);
  caf::actor_system sys{cfg};
  std::optional<session> all;
  try {
    all.emplace(sys, std::move(value), args, workers);
  } catch (const exception& err) {
    // The endpoint: what else could go wrong at this point is ours.
    print_error(std::string{"axiom: metrics: "} + err.what() + '\n');
    return misuse;
  }
  return all->run();
}

} // namespace axiom::tools
