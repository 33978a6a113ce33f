#include "axiom/deploy/loader.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>
#include <variant>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "axiom/deploy/types.hpp"
#include "axiom/observe/printable.hpp"
#include "axiom/task/defaults.hpp"
#include "deploy/limiters.hpp"
#include "deploy/memory_pressure.hpp"
#include "deploy/pools.hpp"
#include "deploy/resources.hpp"
#include "deploy/retry.hpp"

namespace axiom::deploy {

using observe::in_quotes;

namespace {

using namespace std::chrono_literals;
using runtime::affinity;
using runtime::scheduler_policy;

/// A day is more than anybody waits for a cancelled task.
constexpr auto max_grace = 24h;

/// A week is more than anybody waits for a task.
constexpr auto max_timeout = 7 * 24h;

/// A task while it is read: `with` has to wait for `type`.
struct task_entry : task_spec {
  types::located<std::string> at_type;
  std::monostate with;
  std::optional<resource_requirements> wanted;
};

section<system_options> system_section() {
  section<system_options> result{"How the actor system is set up."};
  result
    .optional("threads", &system_options::threads,
              types::automatic_or_count(1, max_threads), "auto",
              "Worker threads; auto is one for each processor that this "
              "process may use, within its CPU quota.")
    .optional("scheduler", &system_options::scheduler,
              types::choice<scheduler_policy>({scheduler_policy::axiom,
                                               scheduler_policy::stealing,
                                               scheduler_policy::sharing}),
              "axiom", "How workers find their work.")
    .optional("affinity", &system_options::affinity,
              types::choice<affinity>(
                {affinity::none, affinity::compact, affinity::scatter}),
              "none",
              "Where workers run: anywhere, pinned near each other, or pinned "
              "far from each other.")
    .then([](system_options& options, const node& from, reader& in) {
      if (options.affinity == affinity::none
          || options.scheduler == scheduler_policy::axiom)
        return;
      reader::scope inside{in, "affinity"};
      in.report(from.find("affinity")->where,
                in_quotes(to_string(options.affinity))
                  + " needs the scheduler \"axiom\" (expected \"none\" with "
                  + in_quotes(to_string(options.scheduler)) + ')');
    });
  return result;
}

section<metrics_options> metrics_section() {
  section<metrics_options> result{
    "The HTTP endpoint for Prometheus; without this section there is none."};
  result.required("bind", &metrics_options::bind, types::address(),
                  "Where it listens. Port 0 takes a free port.");
  return result;
}

section<task_entry> task_section(const task_type_registry& registry) {
  auto known = registry.names();
  std::string listed;
  for (const auto& name : known)
    listed += (listed.empty() ? "" : ", ") + name;
  section<task_entry> result{"One task at the top of the tree."};
  result
    .required("name", &task_entry::name, types::name(),
              "What the task is called; unique in the file.")
    .required("type", &task_entry::at_type,
              types::locate(types::word("a task type: " + listed)),
              "What the task does.")
    .optional("with", &task_entry::with,
              types::open_mapping("the fields of the task's type"), "{}",
              "The fields that belong to the type.")
    .optional("priority", &task_entry::priority,
              types::choice<task_priority>(
                {task_priority::background, task_priority::low,
                 task_priority::medium, task_priority::high}),
              "medium", "How urgent it is.")
    .maybe("limiter", &task_entry::limiter,
           types::word("the name of one of limiters"),
           "The limiter whose permits it needs: one while it runs, or, where "
           "its type says so, one for each of its parts.")
    .maybe("pool", &task_entry::pool, types::word("the name of one of pools"),
           "The pool that its buffers are taken from, if its type uses any.")
    .maybe("resources", &task_entry::wanted, requirements_type(),
           "What it needs of the resources: it holds that while it runs.")
    .optional("sheddable", &task_entry::sheddable, types::boolean(), "false",
              "Whether it may be cancelled when memory is short, for the "
              "others' sake: see memory_pressure.")
    .maybe("timeout", &task_entry::timeout, types::duration(1ns, max_timeout),
           "It is cancelled, and has failed, this long after its start.")
    .maybe("retry", &task_entry::retry, retry_type(),
           "How it is tried again when it fails.")
    .optional("grace", &task_entry::grace, types::duration(0s, max_grace),
              types::duration_text(defaults::grace),
              "How long its tree may take to end when it is cancelled.")
    .then([&registry, known, listed](task_entry& entry, const node& from,
                                     reader& in) {
      if (entry.at_type.value.empty())
        return; // missing or a mistake, reported
      entry.type = entry.at_type.value;
      if (entry.wanted)
        entry.resources = std::move(*entry.wanted);
      const auto* type = registry.find(entry.type);
      if (!type) {
        reader::scope inside{in, "type"};
        auto what =
          "unknown task type " + in_quotes(entry.type) + " (expected " + listed;
        if (auto guess = closest(entry.type, known))
          what += "; did you mean " + in_quotes(*guess) + '?';
        in.report(entry.at_type.where, what + ')');
        return;
      }
      reader::scope inside{in, "with"};
      const auto empty = default_node("{}", from.where);
      const auto* with = from.find("with");
      entry.program = type->load(with ? *with : empty, in);
    })
    .then([](task_entry& entry, const node& from, reader& in) {
      check_retry(entry, from, in);
    });
  return result;
}

section<deployment> root_section(const task_type_registry& registry) {
  auto entries = types::list(types::mapping(task_section(registry)));
  type<std::vector<task_spec>> tasks;
  tasks.info = entries.info;
  tasks.read = [read = std::move(entries.read)](
                 const node& from,
                 reader& in) -> std::optional<std::vector<task_spec>> {
    auto list = read(from, in);
    if (!list)
      return std::nullopt;
    if (list->empty() && from.items.empty())
      in.report(from.where, "no tasks (expected at least one)");
    std::vector<task_spec> result;
    for (auto& entry : *list)
      result.push_back(std::move(entry));
    return result;
  };
  section<deployment> result{"A deployment of Axiom."};
  result
    .required("version", &deployment::version, types::integer(1, 1),
              "The version of the format.")
    .optional("system", &deployment::system, types::mapping(system_section()),
              "{}", "How the actor system is set up.")
    .maybe("metrics", &deployment::metrics, types::mapping(metrics_section()),
           "The HTTP endpoint for Prometheus.")
    .optional("limiters", &deployment::limiters, limiters_type(), "{}",
              "How many may do something at a time, by name.")
    .optional("pools", &deployment::pools, pools_type(), "{}",
              "Memory that is lent in blocks, by name.")
    .optional("resources", &deployment::resources, capacities_type(), "{}",
              "What there is of the resources that tasks ask for.")
    .maybe("memory_pressure", &deployment::memory_pressure,
           memory_pressure_type(), "What is done when memory gets short.")
    .maybe("retry_budget", &deployment::retry_budget, retry_budget_type(),
           "How often all tasks together may try again.")
    .required("tasks", &deployment::tasks, std::move(tasks), "What is run.");
  return result;
}

/// How the parts of the file fit together.
void check_topology(const deployment& value, const node& document,
                    problem_list& problems) {
  const auto* list = document.find("tasks");
  std::map<std::string_view, std::size_t> first;
  for (std::size_t i = 0; i < value.tasks.size(); ++i) {
    const auto& name = value.tasks[i].name;
    auto [other, added] = first.try_emplace(name, i);
    if (!added)
      problems.add(list->items[i].find("name")->where,
                   "tasks[" + std::to_string(i) + "].name",
                   "duplicate name " + in_quotes(name) + " (tasks["
                     + std::to_string(other->second)
                     + "] has it; expected unique names)");
    const auto& limiter = value.tasks[i].limiter;
    if (limiter)
      check_limiter(*limiter, list->items[i].find("limiter")->where,
                    "tasks[" + std::to_string(i) + "].limiter", value.limiters,
                    problems);
    if (value.tasks[i].pool)
      check_pool(value.tasks[i], list->items[i].find("pool")->where,
                 "tasks[" + std::to_string(i) + "].pool", value.pools,
                 problems);
    if (const auto* resources = list->items[i].find("resources"))
      check_resources(value.tasks[i].resources, *resources,
                      "tasks[" + std::to_string(i) + "].resources",
                      value.resources, problems);
  }
}

/// Reads what `fd` has, up to one byte more than `limit`. Returns errno or 0.
int read_all(int fd, std::size_t limit, std::string& text) {
  std::array<char, 16384> buffer;
  for (;;) {
    const auto n = ::read(fd, buffer.data(), buffer.size());
    if (n == 0)
      return 0;
    if (n < 0) {
      if (errno == EINTR)
        continue;
      return errno;
    }
    text.append(buffer.data(), static_cast<std::size_t>(n));
    if (text.size() > limit)
      return 0;
  }
}

} // namespace

loader::loader(const task_type_registry& types)
  : types_(types), root_(root_section(types_)) {
  // nop
}

load_result loader::load_file(const std::string& path, variables vars,
                              load_depth depth) const {
  auto fail = [&](std::string what) {
    load_result result;
    result.source = source_text{path, {}};
    result.problems.add({}, {}, std::move(what));
    return result;
  };
  if (path.empty()) {
    load_result result;
    result.source = source_text{"axiom", {}};
    result.problems.add({}, {},
                        "the name of the deployment file is empty (expected "
                        "the path of a YAML file)");
    return result;
  }
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    return fail(std::string{"cannot be opened: "} + std::strerror(errno));
  struct stat status {};
  std::string text;
  int code = 0;
  if (::fstat(fd, &status) != 0)
    code = errno;
  else if (S_ISDIR(status.st_mode))
    code = EISDIR;
  else
    code = read_all(fd, document_limits{}.bytes, text);
  ::close(fd);
  if (code == EISDIR)
    return fail("is a directory (expected a YAML file)");
  if (code != 0)
    return fail(std::string{"cannot be read: "} + std::strerror(code));
  return load(source_text{path, std::move(text)}, std::move(vars), depth);
}

load_result loader::load(source_text source, variables vars,
                         load_depth depth) const {
  load_result result;
  result.source = std::move(source);
  auto& problems = result.problems;
  auto document = parse_document(result.source, problems);
  if (document) {
    reader in{problems, vars};
    result.value = root_.read(*document, in);
    for (const auto& name : vars.unused()) {
      auto what =
        "--set " + name + ": no value in the file uses ${" + name + '}';
      const auto mentioned = vars.mentioned();
      if (auto guess = closest(name, mentioned))
        what += " (did you mean " + in_quotes(*guess) + "?)";
      else if (mentioned.empty())
        what += " (it uses no variables)";
      problems.add({}, {}, std::move(what));
    }
    if (problems.empty())
      check_topology(result.value, *document, problems);
    if (problems.empty() && depth == load_depth::environment)
      for (const auto& task : result.value.tasks)
        task.program->check_environment(problems);
  }
  problems.sort();
  return result;
}

} // namespace axiom::deploy
