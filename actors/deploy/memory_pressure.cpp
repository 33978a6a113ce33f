#include "deploy/memory_pressure.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "axiom/task/defaults.hpp"

namespace axiom::deploy {

namespace {

using namespace std::chrono_literals;

/// More tasks than anybody has to spare at once.
constexpr std::int64_t max_batch = 65'536;

/// The options while they are read.
struct pressure_entry : memory_pressure_options {
  std::int64_t batch = 0;
};

section<pressure_entry> pressure_section() {
  section<pressure_entry> result{
    "What is done when memory gets short; without this section nothing is."};
  result
    .optional("warning", &pressure_entry::warning, types::fraction(), "0.80",
              "From this part of the nearest limit on less is admitted, and "
              "pools give back what is idle.")
    .optional("critical", &pressure_entry::critical, types::fraction(), "0.95",
              "From this part on one request for resources is admitted at a "
              "time, and then tasks are shed.")
    .optional("interval", &pressure_entry::interval, types::duration(1ms, 1h),
              types::duration_text(defaults::memory_interval),
              "How often it is measured.")
    .optional("urgent_interval", &pressure_entry::urgent_interval,
              types::duration(1ms, 1h),
              types::duration_text(defaults::memory_urgent_interval),
              "How often it is measured while memory is short.")
    .optional("shed_batch", &pressure_entry::batch,
              types::integer(0, max_batch),
              std::to_string(defaults::memory_shed_batch),
              "How many of the tasks marked sheddable are cancelled at once, "
              "the least urgent first; 0 for none.")
    .maybe("shed_grace", &pressure_entry::shed_grace, types::duration(0s, 24h),
           "How long those have to end; otherwise what they have themselves.")
    .then([](pressure_entry& entry, const node& from, reader& in) {
      entry.shed_batch = static_cast<std::size_t>(entry.batch);
      for (auto& text : problems_of(entry))
        in.report(from.where, std::move(text));
    });
  return result;
}

} // namespace

type<memory_pressure_options> memory_pressure_type() {
  auto entry = types::mapping(pressure_section());
  type<memory_pressure_options> result;
  result.info = entry.info;
  result.read = [read = std::move(entry.read)](
                  const node& from,
                  reader& in) -> std::optional<memory_pressure_options> {
    auto x = read(from, in);
    if (!x)
      return std::nullopt;
    return memory_pressure_options{std::move(*x)};
  };
  return result;
}

} // namespace axiom::deploy
