#include "deploy/limiters.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "axiom/observe/printable.hpp"
#include "axiom/task/defaults.hpp"
#include "deploy/references.hpp"

namespace axiom::deploy {

using observe::in_quotes;

namespace {

using namespace std::chrono_literals;

/// More than anybody runs at once.
constexpr std::int64_t max_limit = 1'000'000;

/// A limiter while it is read: its name is the key.
struct limiter_entry {
  std::int64_t max_concurrency = 1;
  std::chrono::nanoseconds ageing{};
  std::optional<adaptive_options> adaptive;
};

/// The bounds of an adaptive limit while they are read.
struct adaptive_entry {
  adaptive_algorithm algorithm = adaptive_algorithm::off;
  std::int64_t min = 1;
  std::int64_t max = 1;
};

type<adaptive_options> adaptive_type() {
  section<adaptive_entry> fields{
    "The limit finds its value by itself, from how long permits are held."};
  fields
    .required("algorithm", &adaptive_entry::algorithm,
              types::choice<adaptive_algorithm>({adaptive_algorithm::aimd,
                                                 adaptive_algorithm::vegas,
                                                 adaptive_algorithm::gradient}),
              "How it does so.")
    .optional("min", &adaptive_entry::min, types::integer(1, max_limit), "1",
              "The least it may become.")
    .required("max", &adaptive_entry::max, types::integer(1, max_limit),
              "The most it may become.")
    .then([](adaptive_entry& entry, const node& from, reader& in) {
      if (entry.min <= entry.max || entry.max == 0)
        return;
      reader::scope inside{in, "min"};
      const auto* min = from.find("min");
      in.report(min != nullptr ? min->where : from.where,
                std::to_string(entry.min) + " is above max (expected at most "
                  + std::to_string(entry.max) + ')');
    });
  auto entry = types::mapping(std::move(fields));
  type<adaptive_options> result;
  result.info = entry.info;
  result.read = [read = std::move(entry.read)](
                  const node& from,
                  reader& in) -> std::optional<adaptive_options> {
    auto x = read(from, in);
    if (!x)
      return std::nullopt;
    adaptive_options options;
    options.algorithm = x->algorithm;
    options.min = static_cast<std::size_t>(x->min);
    options.max = static_cast<std::size_t>(x->max);
    return options;
  };
  return result;
}

section<limiter_entry> limiter_section() {
  section<limiter_entry> result{
    "How many may do something at a time: tasks refer to it by its name."};
  result
    .required("max_concurrency", &limiter_entry::max_concurrency,
              types::integer(1, max_limit), "How many permits there are.")
    .optional("ageing", &limiter_entry::ageing, types::duration(0s, 1h),
              types::duration_text(defaults::limiter_ageing),
              "After how long somebody who waits counts as one priority more "
              "urgent; 0s turns that off.")
    .maybe("adaptive", &limiter_entry::adaptive, adaptive_type(),
           "Whether and how the limit changes by itself.")
    .then([](limiter_entry& entry, const node& from, reader& in) {
      const auto initial = static_cast<std::size_t>(entry.max_concurrency);
      if (!entry.adaptive || initial == 0
          || entry.adaptive->min > entry.adaptive->max
          || (entry.adaptive->min <= initial && initial <= entry.adaptive->max))
        return;
      reader::scope inside{in, "max_concurrency"};
      in.report(from.find("max_concurrency")->where,
                std::to_string(initial)
                  + " is where the limit begins (expected at least min, "
                  + std::to_string(entry.adaptive->min) + ", and at most max, "
                  + std::to_string(entry.adaptive->max) + ')');
    });
  return result;
}

} // namespace

type<std::vector<limiter_options>> limiters_type() {
  auto entries = types::named(types::mapping(limiter_section()));
  type<std::vector<limiter_options>> result;
  result.info = entries.info;
  result.read = [read = std::move(entries.read)](
                  const node& from,
                  reader& in) -> std::optional<std::vector<limiter_options>> {
    auto list = read(from, in);
    if (!list)
      return std::nullopt;
    std::vector<limiter_options> options;
    for (auto& [name, entry] : *list)
      options.push_back(
        {.name = std::move(name),
         .max_concurrency = static_cast<std::uint32_t>(entry.max_concurrency),
         .adaptive = entry.adaptive.value_or(adaptive_options{}),
         .ageing = entry.ageing});
    return options;
  };
  return result;
}

void check_limiter(const std::string& name, position where, std::string path,
                   const std::vector<limiter_options>& known,
                   problem_list& problems) {
  if (std::none_of(known.begin(), known.end(),
                   [&name](auto& x) { return x.name == name; }))
    report_unknown("limiter", name, known, where, std::move(path), problems);
}

} // namespace axiom::deploy
