#include "axiom/deploy/loader.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include <caf/actor_system_config.hpp>
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
#include "deploy/supervisors.hpp"
#include "deploy/task_entry.hpp"

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

/// The fields of a task.
/// @param others types that are none of tasks: whose they are reads the rest
template <class Entry>
section<Entry> task_section(std::string doc, const task_type_registry& registry,
                            const std::vector<std::string>& others = {}) {
  auto known = registry.names();
  known.insert(known.end(), others.begin(), others.end());
  std::string listed;
  for (const auto& name : known)
    listed += (listed.empty() ? "" : ", ") + name;
  section<Entry> result{std::move(doc)};
  result
    .required("name", &task_entry::name, types::name(),
              "What it is called; unique among the like of it.")
    .required("type", &task_entry::at_type,
              types::locate(types::word("a type: " + listed)),
              "What it does.")
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
    .then([&registry, others, known, listed](task_entry& entry,
                                             const node& from, reader& in) {
      if (entry.at_type.value.empty())
        return; // missing or a mistake, reported
      entry.type = entry.at_type.value;
      if (entry.wanted)
        entry.resources = std::move(*entry.wanted);
      const auto* type = registry.find(entry.type);
      if (!type) {
        if (std::find(others.begin(), others.end(), entry.type) != others.end())
          return;
        reader::scope inside{in, "type"};
        auto what = (others.empty() ? "unknown task type " : "unknown type ")
                  + in_quotes(entry.type) + " (expected " + listed;
        if (auto guess = closest(entry.type, known))
          what += "; did you mean " + in_quotes(*guess) + '?';
        in.report(entry.at_type.where, what + ')');
        return;
      }
      reader::scope inside{in, "with"};
      const auto empty = default_node("{}", from.where);
      const auto* with = from.find("with");
      entry.program = type->load(with ? *with : empty, in);
    });
  return result;
}

section<deployment> root_section(const task_type_registry& registry,
                                 const std::vector<std::string>& actors) {
  auto fields =
    task_section<task_entry>("One task at the top of the tree.", registry);
  fields
    .optional("grace", &task_entry::grace, types::duration(0s, max_grace),
              types::duration_text(defaults::grace),
              "How long its tree may take to end when it is cancelled.")
    .maybe("retry", &task_entry::retry, retry_type(),
           "How it is tried again when it fails.")
    .then([](task_entry& entry, const node& from, reader& in) {
      check_retry(entry, from, in);
    });
  auto entries = types::list(types::mapping(std::move(fields)));
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
    .optional("supervisors", &deployment::supervisors,
              supervisors_type(
                task_section<worker_entry>("A child of a supervisor that is a "
                                           "task or an actor.",
                                           registry, actors),
                actors),
              "[]", "What is kept running.")
    .optional("tasks", &deployment::tasks, std::move(tasks), "",
              "What is run; with the last of them all ends.")
    .then([](deployment&, const node& from, reader& in) {
      if (from.find("tasks") == nullptr && from.find("supervisors") == nullptr)
        in.report(from.where, "missing key \"tasks\" (expected tasks, "
                              "supervisors, or both)");
      if (const auto* list = from.find("supervisors");
          list != nullptr && list->type == node::kind::sequence
          && list->items.empty())
        in.report_field(from, "supervisors",
                        "no supervisors (expected at least one)");
    });
  return result;
}

/// That what a task needs is there.
/// @param where its mapping
void check_needs(const task_spec& task, const node& where,
                 const std::string& path, const deployment& value,
                 problem_list& problems) {
  if (task.limiter)
    check_limiter(*task.limiter, where.find("limiter")->where,
                  path + ".limiter", value.limiters, problems);
  if (task.pool)
    check_pool(task, where.find("pool")->where, path + ".pool", value.pools,
               problems);
  if (const auto* resources = where.find("resources"))
    check_resources(task.resources, *resources, path + ".resources",
                    value.resources, problems);
}

/// How the parts of the file fit together.
void check_topology(const deployment& value, const node& document,
                    problem_list& problems) {
  const task_check check = [&](const task_spec& task, const node& where,
                               const std::string& path) {
    check_needs(task, where, path, value, problems);
  };
  if (const auto* trees = document.find("supervisors"))
    check_supervisors(value.supervisors, *trees, check, problems);
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
    check(value.tasks[i], list->items[i], "tasks[" + std::to_string(i) + ']');
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

loader::loader(const task_type_registry& types,
               const std::vector<std::string>& actor_types)
  : types_(types), root_(root_section(types_, actor_types)) {
  // nop
}

std::vector<std::string> actor_types_of(const caf::actor_system_config& cfg) {
  std::vector<std::string> result;
  for (const auto& [name, factory] : cfg.actor_factories)
    result.push_back(name);
  std::sort(result.begin(), result.end());
  return result;
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
      for_each_task(result.value, [&problems](const task_spec& task) {
        task.program->check_environment(problems);
      });
  }
  problems.sort();
  return result;
}

} // namespace axiom::deploy
