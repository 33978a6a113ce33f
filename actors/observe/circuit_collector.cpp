#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <prometheus/collectable.h>

#include "axiom/observe/collectors.hpp"
#include "observe/families.hpp"

namespace axiom::observe {

namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

/// The breakers of one name.
struct circuit_sum {
  std::uint64_t closed = 0;
  std::uint64_t open = 0;
  std::uint64_t half_open = 0;
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t ignored = 0;
  std::uint64_t refused = 0;
  std::uint64_t opened = 0;

  void add(const circuit_stats& x) noexcept {
    switch (x.state) {
      case circuit_state::closed:
        ++closed;
        break;
      case circuit_state::open:
        ++open;
        break;
      case circuit_state::half_open:
        ++half_open;
        break;
    }
    succeeded += x.succeeded;
    failed += x.failed;
    ignored += x.ignored;
    refused += x.refused;
    opened += x.opened;
  }
};

/// Breakers of one name are one line: two of the same labels are no valid
/// exposition. Names beyond the bound share one line, the oldest have their
/// own: a program may make a breaker for each of its peers.
std::map<std::string, circuit_sum> by_name(
  const std::vector<circuit_stats>& all) {
  std::map<std::string, circuit_sum> result;
  for (auto& x : all) {
    auto i = result.find(x.name);
    if (i == result.end())
      i = result
            .try_emplace(result.size() < max_circuit_labels
                           ? x.name
                           : std::string{other_circuits})
            .first;
    i->second.add(x);
  }
  return result;
}

class circuit_collector : public prometheus::Collectable {
public:
  explicit circuit_collector(circuit_provider provider)
    : provider_(std::move(provider)) {
    // nop
  }

  std::vector<MetricFamily> Collect() const override {
    const auto now = by_name(provider_());
    if (now.empty())
      return {};
    auto states = family("axiom_circuit_state",
                         "Circuit breakers of this name that are in the state.",
                         MetricType::Gauge);
    auto calls = family("axiom_circuit_calls_total",
                        "Calls through a circuit breaker by how they ended, "
                        "and those it refused.",
                        MetricType::Counter);
    auto opened =
      family("axiom_circuit_opened_total",
             "How often a circuit breaker opened.", MetricType::Counter);
    for (auto& [name, x] : now) {
      auto state = [&, &name = name](const char* which, std::uint64_t n) {
        add_gauge(states, number(n), {{"circuit", name}, {"state", which}});
      };
      auto outcome = [&, &name = name](const char* which, std::uint64_t n) {
        add_counter(calls, number(n), {{"circuit", name}, {"outcome", which}});
      };
      state("closed", x.closed);
      state("open", x.open);
      state("half_open", x.half_open);
      outcome("succeeded", x.succeeded);
      outcome("failed", x.failed);
      outcome("ignored", x.ignored);
      outcome("refused", x.refused);
      add_counter(opened, number(x.opened), {{"circuit", name}});
    }
    return {std::move(states), std::move(calls), std::move(opened)};
  }

private:
  circuit_provider provider_;
};

} // namespace

std::shared_ptr<prometheus::Collectable> make_circuit_collector(
  circuit_provider provider) {
  return std::make_shared<circuit_collector>(std::move(provider));
}

} // namespace axiom::observe
