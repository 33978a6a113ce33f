#include "deploy/backoff.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "axiom/observe/printable.hpp"

namespace axiom::deploy {

using observe::in_quotes;

namespace {

using namespace std::chrono_literals;

/// More than anybody waits for the next attempt.
constexpr auto max_wait = 24h;

/// In thousandths.
constexpr std::uint64_t max_factor = 1'000'000;

/// The options while they are read: what a shape has no use for may not be
/// there.
struct backoff_entry {
  backoff_shape shape = backoff_shape::exponential;
  std::optional<std::chrono::nanoseconds> initial;
  std::optional<std::chrono::nanoseconds> max;
  std::optional<double> factor;
  std::optional<double> jitter;
};

/// Reports a field that is there and has no meaning.
void refuse(const node& from, reader& in, const char* field,
            const std::string& why) {
  const auto* value = from.find(field);
  if (value == nullptr)
    return;
  reader::scope inside{in, field};
  in.report(value->where, why);
}

void check(const backoff_entry& entry, const node& from, reader& in) {
  const backoff_options defaults;
  const auto shape = in_quotes(to_string(entry.shape));
  if (entry.shape != backoff_shape::exponential)
    refuse(from, in, "factor",
           "is for the shape \"exponential\" (expected no factor with " + shape
             + ')');
  if (entry.shape == backoff_shape::decorrelated)
    refuse(from, in, "jitter",
           "is no part of waits that are random by themselves (expected no "
           "jitter with "
             + shape + ')');
  if (entry.shape == backoff_shape::constant) {
    refuse(from, in, "max",
           "is no part of waits that are all like the initial one (expected "
           "no max with "
             + shape + ')');
    return;
  }
  const auto initial = entry.initial.value_or(defaults.initial);
  const auto max = entry.max.value_or(defaults.max);
  if (max >= initial)
    return;
  // Where the mistake is written: one of the two is a default, maybe.
  const auto* where = entry.max ? from.find("max") : from.find("initial");
  reader::scope inside{in, entry.max ? "max" : "initial"};
  in.report(where->where,
            entry.max ? "is below initial (expected at least "
                          + types::duration_text(initial) + ')'
                      : "is above max, which is " + types::duration_text(max)
                          + " unless it says otherwise (expected at most "
                            "that, or a max)");
}

section<backoff_entry> backoff_section() {
  const backoff_options defaults;
  section<backoff_entry> result{
    "How long to wait before it is tried again; 0s does not wait."};
  result
    .optional("shape", &backoff_entry::shape,
              types::choice<backoff_shape>({backoff_shape::constant,
                                            backoff_shape::exponential,
                                            backoff_shape::decorrelated}),
              to_string(defaults.shape),
              "How the waits develop: all like the initial one; each factor "
              "times as long as the one before; or anything from the initial "
              "one to three times the one before.")
    .maybe("initial", &backoff_entry::initial, types::duration(0s, max_wait),
           "The first wait; " + types::duration_text(defaults.initial)
             + " otherwise.")
    .maybe("max", &backoff_entry::max, types::duration(0s, max_wait),
           "No wait is longer; " + types::duration_text(defaults.max)
             + " otherwise.")
    .maybe("factor", &backoff_entry::factor, types::decimal(1000, max_factor),
           "How much longer each wait is than the one before; 2 otherwise.")
    .maybe("jitter", &backoff_entry::jitter, types::decimal(0, 1000),
           "Which part of each wait is random, so that those who failed "
           "together do not come back together; 0.2 otherwise.")
    .then(check);
  return result;
}

backoff_options options_of(const backoff_entry& entry) {
  backoff_options result;
  result.shape = entry.shape;
  result.initial = entry.initial.value_or(result.initial);
  result.max = entry.shape == backoff_shape::constant
               ? result.initial
               : entry.max.value_or(result.max);
  result.factor = entry.factor.value_or(result.factor);
  result.jitter = entry.jitter.value_or(result.jitter);
  return result;
}

} // namespace

type<backoff_options> backoff_type() {
  auto entry = types::mapping(backoff_section());
  type<backoff_options> result;
  result.info = entry.info;
  result.read = [read = std::move(entry.read)](
                  const node& from,
                  reader& in) -> std::optional<backoff_options> {
    if (auto x = read(from, in))
      return options_of(*x);
    return std::nullopt;
  };
  return result;
}

} // namespace axiom::deploy
