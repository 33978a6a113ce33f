#pragma once

// What the tests of memory pressure share: a made-up kernel, and what was
// announced with the time at which it was.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "axiom/resource/memory_pressure.hpp"

#include "support/memory_kernel.hpp"
#include "support/tasks.hpp"

namespace axiom {

inline std::ostream& operator<<(std::ostream& out, memory_pressure_level x) {
  return out << to_string(x);
}

inline std::ostream& operator<<(std::ostream& out, relief_stage x) {
  return out << to_string(x);
}

} // namespace axiom

namespace test {

using level = axiom::memory_pressure_level;
using axiom::relief_stage;
using event_log = std::shared_ptr<std::vector<axiom::memory_pressure_event>>;

/// An actor that notes what it is told.
inline caf::behavior note_events(event_log log) {
  return {[log](const axiom::memory_pressure_event& x) { log->push_back(x); }};
}

/// Something that notes what it is asked for.
class noting_relief final : public axiom::memory_relief {
public:
  noting_relief(std::string name, lines& where)
    : name_(std::move(name)), where_(where) {
    // nop
  }

  std::string_view name() const noexcept override {
    return name_;
  }

  void relieve(relief_stage stage) override {
    where_.push_back(name_ + " " + to_string(stage));
    if (fails)
      throw std::runtime_error{"no relief today"};
  }

  void headroom(std::uint64_t bytes) override {
    told.push_back(bytes / mebibyte);
    if (fails)
      throw std::runtime_error{"nor figures"};
  }

  bool fails = false;
  std::vector<std::uint64_t> told; ///< in MiB

private:
  std::string name_;
  lines& where_;
};

/// No threads, virtual time, and a process in the group /app of a made-up
/// kernel, with a limit of 1000 MiB.
struct pressured : stepwise {
  pressured() {
    kernel.join("/app");
    kernel.mount();
    kernel.limit("/app", 1000);
    kernel.use("/app", 100);
    options.root = kernel.root();
    options.shed_batch = 2;
    subscriber = system().spawn([log = log] { return note_events(log); });
  }

  ~pressured() {
    pressure.reset();
    stop(subscriber);
  }

  /// Begins, with a subscriber; the first reading is over.
  void begin() {
    pressure.emplace(axiom::memory_pressure::spawn(system(), options));
    pressure->subscribe(subscriber);
    run();
    began = now();
  }

  /// What is in use from now on, and how much time goes by.
  void use(std::uint64_t mebibytes, std::chrono::milliseconds later = 0ms) {
    kernel.use("/app", mebibytes);
    advance(later);
  }

  /// The events since the last call, a line each.
  lines announced() {
    lines result;
    for (auto& x : std::exchange(*log, {})) {
      auto line = to_string(x.step);
      if (x.step == axiom::pressure_step::level)
        line += " " + to_string(x.from) + "-" + to_string(x.to);
      else
        line += " at " + to_string(x.to);
      line += ", stage " + to_string(x.stage);
      result.push_back(line + (x.detail.empty() ? "" : ", " + x.detail));
    }
    return result;
  }

  /// A task that waits until it is cancelled.
  axiom::task<void> start_sheddable(
    std::string_view name,
    axiom::task_priority priority = axiom::task_priority::low) {
    return start({.name = name, .priority = priority, .sheddable = true},
                 forever);
  }

  /// Brings it to where the next reading sheds.
  void become_critical() {
    use(960, 1s);
  }

  memory_kernel kernel;
  axiom::memory_pressure_options options;
  std::optional<axiom::memory_pressure> pressure;
  event_log log = std::make_shared<event_log::element_type>();
  caf::actor subscriber;
  axiom::runtime::time_point began;
};

} // namespace test
