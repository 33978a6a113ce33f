#pragma once

// What the tests of the loader share: a registry with one type of tasks, and
// documents that are well but for what a test is about.

#include <memory>
#include <stdexcept>
#include <string>

#include <boost/test/unit_test.hpp>

#include "axiom/deploy/loader.hpp"
#include "axiom/deploy/types.hpp"
#include "axiom/task/async.hpp"
#include "axiom/task/context.hpp"

namespace test {

using namespace axiom::deploy;

struct copy_options {
  std::string from;
  std::uint64_t limit = 0;
};

/// Never run here: the loader starts nothing.
class copy_program : public task_program {
public:
  explicit copy_program(copy_options opts) : options(std::move(opts)) {
    // nop
  }

  void check_environment(problem_list& problems) const override {
    if (options.from == "/missing")
      problems.add({}, "tasks[0].with.from", "does not exist");
  }

  axiom::async<void> run(axiom::task_context&, run_services&) const override {
    throw std::logic_error("the loader starts nothing");
  }

  copy_options options;
};

struct loading {
  loading() {
    section<copy_options> fields{"Copies something."};
    fields.required("from", &copy_options::from, types::path(), "Where from.")
      .optional("limit", &copy_options::limit,
                types::bytes(1, std::uint64_t{1} << 40), "1MiB",
                "How much at most.");
    registry.add("copy", std::move(fields), [](copy_options options) {
      return std::make_shared<copy_program>(std::move(options));
    });
    files = std::make_unique<loader>(registry);
  }

  load_result load(std::string text) {
    return files->load(source_text{"d.yaml", std::move(text)}, vars,
                       load_depth::environment);
  }

  /// Exactly one problem; returns its first line.
  std::string only_problem(std::string text) {
    const auto result = load(std::move(text));
    BOOST_TEST_REQUIRE(result.problems.size() == 1u, result.report());
    auto report = result.report();
    return report.substr(0, report.find('\n'));
  }

  task_type_registry registry;
  std::unique_ptr<loader> files;
  variables vars;
};

/// A document that is well but for its `tasks`' first entry.
inline std::string with_task(const std::string& lines) {
  return "version: 1\ntasks:\n" + lines;
}

inline const std::string good_task = "  - name: a\n"
                                     "    type: copy\n"
                                     "    with: { from: /x }\n";

} // namespace test
