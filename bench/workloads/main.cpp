// bench/workloads: measures what was asked for, each workload of each peer in a
// process of its own.

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>

#include <fmt/format.h>

#include "command_line.hpp"
#include "process.hpp"

namespace {

void run(const bench::command_line& args) {
  if (!args.how.json)
    bench::print_table_head();
  for (const auto& workload : args.what)
    for (const auto& arm : workload.arms)
      try {
        bench::in_own_process([&] {
          arm.measure({workload.name, arm.who, args.how});
        });
      } catch (const std::exception& err) {
        throw std::runtime_error(fmt::format("{} ({}): {}", workload.name,
                                             name_of(arm.who), err.what()));
      }
}

} // namespace

int main(int argc, char** argv) {
  try {
    const auto parsed = bench::parse_command_line(argc, argv);
    if (const auto* done = std::get_if<bench::early_exit>(&parsed)) {
      fmt::print(done->status == 0 ? stdout : stderr, "{}", done->text);
      return done->status;
    }
    run(std::get<bench::command_line>(parsed));
    return EXIT_SUCCESS;
  } catch (const std::exception& err) {
    fmt::print(stderr, "workloads: {}\n", err.what());
    return EXIT_FAILURE;
  }
}
