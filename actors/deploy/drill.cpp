#include "deploy/drill.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "axiom/deploy/run_services.hpp"
#include "axiom/deploy/types.hpp"
#include "axiom/task/async.hpp"
#include "axiom/task/context.hpp"
#include "axiom/task/context_ops.hpp"

namespace axiom::deploy {

namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr auto longest = 7 * 24h;
constexpr std::int64_t most_starts = 1'000'000;

struct drill_options {
  nanoseconds interval{};
  std::optional<nanoseconds> lifetime;
  nanoseconds start_after{};
  std::optional<std::int64_t> fail_every;
  std::optional<nanoseconds> fail_after;
  std::optional<std::string> fail_text;
};

class drill final : public task_program {
public:
  explicit drill(drill_options options) : options_(std::move(options)) {
    // nop
  }

  bool says_started() const noexcept override {
    return true;
  }

  async<void> run(task_context& self, run_services& services) const override {
    auto& progress = services.progress();
    if (options_.start_after > 0ns)
      co_await self.sleep_for(options_.start_after);
    services.started();
    const auto fails = will_fail(services.start_number());
    auto left = fails ? std::optional{options_.fail_after.value_or(0ns)}
                      : options_.lifetime;
    if (left) {
      progress.add_found(steps_in(*left));
      progress.end_discovery();
    }
    while (!left || *left > 0ns) {
      if (!left)
        progress.add_found(1);
      const auto step =
        left ? std::min(options_.interval, *left) : options_.interval;
      co_await self.sleep_for(step);
      progress.add_done();
      if (left)
        *left -= step;
    }
    if (fails)
      throw std::runtime_error{
        options_.fail_text.value_or("failed on purpose")};
  }

private:
  bool will_fail(std::uint64_t start) const noexcept {
    return options_.fail_every
        && start % static_cast<std::uint64_t>(*options_.fail_every) == 0;
  }

  std::uint64_t steps_in(nanoseconds time) const noexcept {
    const auto step = options_.interval.count();
    return static_cast<std::uint64_t>((time.count() + step - 1) / step);
  }

  const drill_options options_;
};

} // namespace

void add_drill(task_type_registry& registry) {
  section<drill_options> fields{
    "Does nothing, and fails when it is told to: for drills of restarts, "
    "alerts and dashboards."};
  fields
    .optional("interval", &drill_options::interval,
              types::duration(1ms, longest), "1s",
              "How long one step takes that its progress counts.")
    .maybe("lifetime", &drill_options::lifetime, types::duration(0s, longest),
           "It ends well after so long; without it, when it is stopped.")
    .optional("start_after", &drill_options::start_after,
              types::duration(0s, longest), "0s",
              "How long its start takes, for a child whose start is said.")
    .maybe("fail_every", &drill_options::fail_every,
           types::integer(1, most_starts),
           "It fails on each start whose number is a multiple of this: 1 for "
           "all, 3 for the third, the sixth and so on; without it, never.")
    .maybe("fail_after", &drill_options::fail_after,
           types::duration(0s, longest),
           "How long after its start it fails; at once otherwise.")
    .maybe("fail_text", &drill_options::fail_text,
           types::word("a text for its error"),
           "What its error says; \"failed on purpose\" otherwise.")
    .then([](drill_options& x, const node& from, reader& in) {
      if (x.fail_every || from.find("fail_every") != nullptr)
        return;
      for (const auto* field : {"fail_after", "fail_text"})
        if (from.find(field) != nullptr)
          in.report_field(from, field,
                          "it never fails (expected fail_every: on which "
                          "starts it does)");
    });
  registry.add("drill", std::move(fields), [](drill_options options) {
    return std::make_shared<drill>(std::move(options));
  });
}

} // namespace axiom::deploy
