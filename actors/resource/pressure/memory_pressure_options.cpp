#include "axiom/resource/memory_pressure_options.hpp"

namespace axiom {

namespace {

/// What is no number is in no range.
bool is_share(double x) {
  return x > 0 && x <= 1;
}

} // namespace

std::vector<std::string> problems_of(const memory_pressure_options& x) {
  using runtime::duration;
  std::vector<std::string> result;
  auto demand = [&result](bool fulfilled, std::string text) {
    if (!fulfilled)
      result.push_back(std::move(text));
  };
  auto is = [](const char* name, double value) {
    return std::string{name} + " is " + std::to_string(value) + "; ";
  };
  for (auto [name, value] :
       {std::pair{"warning", x.warning}, std::pair{"critical", x.critical},
        std::pair{"stall_warning", x.stall_warning},
        std::pair{"stall_critical", x.stall_critical}})
    demand(is_share(value),
           is(name, value) + "it is a part: above 0, at most 1");
  demand(!is_share(x.warning) || !is_share(x.critical)
           || x.warning < x.critical,
         is("warning", x.warning) + "it must be less than critical, which is "
           + std::to_string(x.critical));
  demand(x.margin >= 0 && x.margin < x.warning,
         is("margin", x.margin)
           + "it must be at least 0 and less than warning, or that would never "
             "end");
  demand(x.stall_margin >= 0 && x.stall_margin < x.stall_warning
           && x.stall_margin < x.stall_critical,
         is("stall_margin", x.stall_margin)
           + "it must be at least 0 and less than stall_warning and "
             "stall_critical, or these would never end");
  demand(x.calm_readings > 0, "calm_readings is 0; it must be at least 1");
  demand(x.calm_for >= duration::zero(), "calm_for is negative");
  demand(x.stale_after >= duration::zero(), "stale_after is negative");
  demand(x.interval > duration::zero(), "interval must be positive");
  demand(x.urgent_interval > duration::zero(),
         "urgent_interval must be positive");
  demand(x.urgent_interval <= x.interval,
         "urgent_interval is longer than interval");
  constexpr std::size_t largest_batch = 65'536;
  demand(x.shed_batch <= largest_batch,
         "shed_batch is " + std::to_string(x.shed_batch) + "; the most is "
           + std::to_string(largest_batch));
  demand(!x.shed_grace || *x.shed_grace >= duration::zero(),
         "shed_grace is negative");
  demand(!x.root.empty(), "root is empty; it is \"/\" on a real system");
  return result;
}

} // namespace axiom
