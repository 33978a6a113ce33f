// The size of all files below a directory: a group of child tasks, at most
// eight at once.

#include <cstdint>
#include <filesystem>
#include <iostream>
#include <numeric>

#include <axiom/axiom.hpp>

namespace fs = std::filesystem;

namespace {

using size = std::uintmax_t;

axiom::async<size> total_size(axiom::task_context& self, fs::path root) {
  // The first failure cancels the others, and the scope is left when the last
  // of them has ended.
  co_return co_await axiom::with_task_group<size>(
    self, {.name = "files", .max_concurrency = 8},
    [&](axiom::coordinated_task_group<size>& group) -> axiom::async<size> {
      for (const auto& entry : fs::recursive_directory_iterator(root))
        if (entry.is_regular_file()) {
          // Named first: g++ 12 breaks closures inside a co_await expression.
          auto size_of = [path = entry.path()] { return fs::file_size(path); };
          co_await group.add_task("size", axiom::named(size_of));
        }
      auto sizes = co_await group.wait_for_all(); // in order of submission
      co_return std::accumulate(sizes.begin(), sizes.end(), size{0});
    });
}

} // namespace

int main(int argc, char** argv) {
  fs::path root = argc > 1 ? argv[1] : ".";
  axiom::config cfg; // a caf::actor_system_config
  caf::actor_system sys{cfg};
  auto coordinator
    = axiom::structured_task_coordinator::spawn(sys, {.name = "app"});
  auto task = coordinator.create_child_task(
    "total", axiom::task_priority::high,
    [root](axiom::task_context& self) { return total_size(self, root); });
  try {
    std::cout << task.get() << " bytes below " << root << '\n';
    return 0;
  } catch (const axiom::concurrent_errors& errors) {
    std::cerr << to_string(errors);
    return 1;
  }
}
