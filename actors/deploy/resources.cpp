#include "deploy/resources.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "axiom/observe/printable.hpp"

namespace axiom::deploy {

using observe::in_quotes;

namespace {

constexpr std::uint64_t max_memory = std::uint64_t{1} << 50;
constexpr std::uint64_t max_cores = 1'000'000; // in thousandths
constexpr std::int64_t max_pieces = 1'000'000'000;

/// What a task needs while it is read.
struct requirements_entry {
  std::optional<std::uint64_t> memory;
  std::optional<std::uint64_t> cpu;
  std::vector<std::pair<std::string, std::int64_t>> custom;
};

section<resource_capacities> capacities_section() {
  section<resource_capacities> result{
    "What there is of the resources that tasks ask for."};
  result
    .optional("memory", &resource_capacities::memory,
              types::automatic_or_bytes(1, max_memory), "auto",
              "Memory; auto is what this process may use: the limit of its "
              "control groups, else that of the machine.")
    .optional("cpu", &resource_capacities::cpu,
              types::automatic_or_cores(1, max_cores), "auto",
              "Processor cores; auto is how many this process may use, within "
              "its CPU quota.")
    .optional("custom", &resource_capacities::custom,
              types::named(types::integer(1, max_pieces)), "{}",
              "Whatever else there is only so much of, by name.");
  return result;
}

section<requirements_entry> requirements_section() {
  section<requirements_entry> result{
    "What the task needs: it starts when all of it is there."};
  result
    .maybe("memory", &requirements_entry::memory, types::bytes(1, max_memory),
           "Memory.")
    .maybe("cpu", &requirements_entry::cpu, types::cores(1, max_cores),
           "Processor cores.")
    .optional("custom", &requirements_entry::custom,
              types::named(types::integer(1, max_pieces)), "{}",
              "Of the custom resources, by name.")
    .then([](requirements_entry& entry, const node& from, reader& in) {
      if (!entry.memory && !entry.cpu && entry.custom.empty()
          && from.items.empty())
        in.report(from.where, "nothing is asked for (expected at least one of "
                              "memory, cpu, custom)");
    });
  return result;
}

/// What there is of one resource; nothing if that is for the machine to say.
std::optional<std::uint64_t> capacity_of(const resource_requirement& x,
                                         const resource_capacities& known) {
  switch (x.kind()) {
    case resource_kind::memory:
      return known.memory;
    case resource_kind::cpu:
      return known.cpu;
    default:
      for (const auto& [name, amount] : known.custom)
        if (name == x.name())
          return static_cast<std::uint64_t>(amount);
      return 0;
  }
}

/// Where `x` is written.
const node& place_of_requirement(const resource_requirement& x,
                                 const node& where) {
  const std::string name{x.name()};
  if (x.kind() != resource_kind::custom)
    return *where.find(name);
  return *where.find("custom")->find(name);
}

std::string unknown_resource(std::string_view name,
                             const resource_capacities& known) {
  std::vector<std::string> names;
  std::string listed;
  for (const auto& [other, amount] : known.custom) {
    names.push_back(other);
    listed += (listed.empty() ? "" : ", ") + other;
  }
  auto what = "unknown resource " + in_quotes(name) + " (";
  what +=
    names.empty() ? "the file has no custom resources" : "expected " + listed;
  if (auto guess = closest(name, names))
    what += "; did you mean " + in_quotes(*guess) + '?';
  return what + ')';
}

} // namespace

type<resource_capacities> capacities_type() {
  return types::mapping(capacities_section());
}

type<resource_requirements> requirements_type() {
  auto entry = types::mapping(requirements_section());
  type<resource_requirements> result;
  result.info = entry.info;
  result.read = [read = std::move(entry.read)](
                  const node& from,
                  reader& in) -> std::optional<resource_requirements> {
    auto x = read(from, in);
    if (!x)
      return std::nullopt;
    resource_requirements wanted;
    if (x->memory)
      wanted.add({resource_kind::memory, {}, *x->memory});
    if (x->cpu)
      wanted.add({resource_kind::cpu, {}, *x->cpu});
    for (auto& [name, amount] : x->custom)
      wanted.add(custom(std::move(name), static_cast<std::uint64_t>(amount)));
    return wanted;
  };
  return result;
}

void check_resources(const resource_requirements& wanted, const node& where,
                     const std::string& path, const resource_capacities& known,
                     problem_list& problems) {
  for (const auto& x : wanted) {
    const auto capacity = capacity_of(x, known);
    if (!capacity || x.amount() <= *capacity)
      continue;
    const auto is_custom = x.kind() == resource_kind::custom;
    const resource_requirement there{
      x.kind(), is_custom ? std::string{x.name()} : std::string{}, *capacity};
    problems.add(place_of_requirement(x, where).where,
                 path + (is_custom ? ".custom." : ".") + std::string{x.name()},
                 *capacity == 0
                   ? unknown_resource(x.name(), known)
                   : to_string(x) + " is more than there is "
                       + "(expected at most " + to_string(there) + ')');
  }
}

} // namespace axiom::deploy
