#include "deploy/pools.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "axiom/deploy/task_types.hpp"
#include "axiom/observe/printable.hpp"
#include "deploy/references.hpp"

namespace axiom::deploy {

using observe::in_quotes;

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t min_block = 64;
constexpr std::uint64_t max_block = std::uint64_t{1} << 30;
constexpr std::uint64_t max_budget = std::uint64_t{1} << 50;

/// A pool while it is read: its name is the key.
struct pool_entry {
  std::uint64_t smallest = 0;
  std::uint64_t largest = 0;
  std::uint64_t budget = 0;
  std::chrono::nanoseconds idle_timeout{};
};

section<pool_entry> pool_section() {
  section<pool_entry> result{
    "Memory that is lent in blocks, within a budget: tasks refer to it by its "
    "name."};
  result
    .optional("smallest", &pool_entry::smallest,
              types::bytes(min_block, max_block), "4KiB",
              "The smallest blocks: sizes are powers of two.")
    .optional("largest", &pool_entry::largest,
              types::bytes(min_block, max_block), "1MiB", "The largest blocks.")
    .required("budget", &pool_entry::budget,
              types::bytes(min_block, max_budget),
              "How much all blocks may have together.")
    .optional("idle_timeout", &pool_entry::idle_timeout,
              types::duration(0s, 24h), "0s",
              "After how long a block that nobody uses is given back to the "
              "system; 0s: not before memory is short.")
    .then([](pool_entry& entry, const node& from, reader& in) {
      for (auto [field, size] : {std::pair{"smallest", entry.smallest},
                                 std::pair{"largest", entry.largest}})
        if (size != 0 && !std::has_single_bit(size))
          in.report_field(from, field,
                          "is no power of two (expected such as 64KiB)");
      if (entry.smallest > entry.largest && entry.largest != 0)
        in.report_field(from, "smallest",
                        "is above largest (expected at most that)");
      if (entry.largest > entry.budget && entry.budget != 0)
        in.report_field(from, "budget",
                        "is less than one of the largest blocks (expected at "
                        "least that)");
    });
  return result;
}

} // namespace

type<std::vector<buffer_pool_options>> pools_type() {
  auto entries = types::named(types::mapping(pool_section()));
  type<std::vector<buffer_pool_options>> result;
  result.info = entries.info;
  result.read = [read = std::move(entries.read)](const node& from, reader& in)
    -> std::optional<std::vector<buffer_pool_options>> {
    auto list = read(from, in);
    if (!list)
      return std::nullopt;
    std::vector<buffer_pool_options> options;
    for (auto& [name, entry] : *list) {
      auto& one = options.emplace_back();
      one.name = std::move(name);
      one.smallest = static_cast<std::size_t>(entry.smallest);
      one.largest = static_cast<std::size_t>(entry.largest);
      one.budget = static_cast<std::size_t>(entry.budget);
      one.idle_timeout = entry.idle_timeout;
    }
    return options;
  };
  return result;
}

void check_pool(const task_spec& task, position where, std::string path,
                const std::vector<buffer_pool_options>& known,
                problem_list& problems) {
  const auto found = std::find_if(known.begin(), known.end(), [&task](auto& x) {
    return x.name == *task.pool;
  });
  if (found == known.end())
    return report_unknown("pool", *task.pool, known, where, std::move(path),
                          problems);
  const auto wanted = task.program->takes_buffers();
  if (wanted == 0)
    problems.add(where, std::move(path),
                 "a task of type " + in_quotes(task.type)
                   + " takes no buffers (expected no pool)");
  else if (wanted > found->largest)
    problems.add(where, std::move(path),
                 "the task takes buffers of " + std::to_string(wanted)
                   + " bytes (expected a pool whose largest block has as many; "
                   + in_quotes(found->name) + " has blocks of up to "
                   + std::to_string(found->largest) + ')');
}

} // namespace axiom::deploy
