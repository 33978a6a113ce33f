#include "deploy/supervisors.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "axiom/deploy/task_types.hpp"
#include "axiom/observe/printable.hpp"
#include "axiom/task/defaults.hpp"
#include "deploy/shutdown_budget.hpp"

namespace axiom::deploy {

using observe::in_quotes;

namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr std::int64_t most_restarts = 1'000'000;
constexpr std::int64_t most_errors = 1'000'000;
constexpr std::int64_t most_instances = 100'000;
constexpr auto longest_wait = 24h;
constexpr std::uint64_t most_factor = 1'000'000; // in thousandths

/// A child that was read, and where.
struct placed_child {
  supervised_spec spec;
  const node* where = nullptr;
};

/// A supervisor while it is read.
struct supervisor_entry {
  std::string name;
  supervision_strategy strategy = supervision_strategy::one_for_one;
  std::int64_t max_restarts = 0;
  nanoseconds within{};
  std::int64_t error_history = 0;
  std::optional<restart_backoff> backoff;
  axiom::auto_shutdown auto_shutdown = axiom::auto_shutdown::never;
  std::optional<std::int64_t> instances;
  std::vector<placed_child> children;
};

/// One that is the child of another.
struct nested_entry : supervisor_entry, child_entry {};

/// The tables of all that may stand below `supervisors:`. Children are read by
/// them again, so they refer to themselves.
struct tables {
  section<worker_entry> worker;
  section<supervisor_entry> top;
  section<nested_entry> nested;
  std::vector<std::string> actors;

  bool is_actor(const std::string& type) const {
    return std::find(actors.begin(), actors.end(), type) != actors.end();
  }
};

// -- the fields of children ---------------------------------------------------

/// A time, or how a child is stopped without one.
type<nanoseconds> shutdown_type() {
  auto time = types::duration(1ns, 24h);
  const auto expected = "\"infinity\", \"kill\" or " + time.info.expected;
  type<nanoseconds> result;
  result.info = time.info;
  result.info.expected = expected;
  result.info.choices = {"infinity", "kill"};
  result.read = [expected](const node& from,
                           reader& in) -> std::optional<nanoseconds> {
    auto text = in.scalar(from, expected);
    if (!text)
      return std::nullopt;
    if (*text == "infinity")
      return shutdown_infinity;
    if (*text == "kill")
      return shutdown_kill;
    auto value = parse_duration(*text);
    if (value && *value >= 1ns && *value <= 24h)
      return value;
    in.mismatch(from.where, *text, expected, {"infinity", "kill"});
    return std::nullopt;
  };
  return result;
}

/// `text` of a budget.
std::string budget_text(nanoseconds x) {
  if (x == shutdown_infinity)
    return "infinity";
  return x == shutdown_kill ? "kill" : types::duration_text(x);
}

template <class Entry>
void add_child_fields(section<Entry>& into, nanoseconds shutdown) {
  into
    .maybe("restart", &Entry::restart,
           types::choice<restart_kind>({restart_kind::permanent,
                                        restart_kind::transient,
                                        restart_kind::temporary}),
           "When it is started again after it has ended: always, after a "
           "failure, or never; always otherwise.")
    .optional("significant", &Entry::significant, types::boolean(), "false",
              "Whether its end may be that of its supervisor: see "
              "auto_shutdown.")
    .maybe("shutdown", &Entry::shutdown, shutdown_type(),
           "How long it has to end when it is asked to, before it is killed; "
             + budget_text(shutdown)
             + " otherwise. infinity: all the time it wants; kill: it is not "
               "asked.")
    .maybe("start_timeout", &Entry::start_timeout,
           types::duration(1ns, longest_wait),
           "How long its start may take; then it has failed to start.")
    .then([](Entry& entry, const node& from, reader& in) {
      const auto permanent = entry.restart
                             ? *entry.restart == restart_kind::permanent
                             : from.find("restart") == nullptr;
      if (entry.significant && permanent)
        in.report_field(from, "significant",
                        "a permanent child is always started again, so its "
                        "end ends nothing (expected restart: transient or "
                        "temporary)");
    });
}

child_options options_of(const child_entry& entry, std::string name) {
  child_options result;
  result.name = std::move(name);
  result.restart = entry.restart.value_or(result.restart);
  result.significant = entry.significant;
  result.shutdown = entry.shutdown;
  result.start = entry.start.value_or(result.start);
  if (entry.start_timeout)
    result.start_timeout = *entry.start_timeout;
  return result;
}

// -- workers ------------------------------------------------------------------

/// What of a task has no meaning for an actor of the application's.
constexpr const char* of_tasks_only[] = {"priority", "limiter",   "pool",
                                         "resources", "sheddable", "timeout"};

section<actor_spec> actor_section() {
  section<actor_spec> result{"What an actor is made with."};
  result.optional("arguments", &actor_spec::arguments,
                  types::list(types::word("a text")), "[]",
                  "The arguments of its constructor: each a std::string.");
  return result;
}

void read_actor(worker_entry& entry, const node& from, reader& in) {
  entry.actor.type = entry.type;
  for (const auto* field : of_tasks_only)
    if (from.find(field) != nullptr)
      in.report_field(from, field,
                      "is for tasks, and " + in_quotes(entry.type)
                        + " is a type of actors (expected no "
                        + std::string{field} + ')');
  if (const auto* with = from.find("with")) {
    reader::scope inside{in, "with"};
    entry.actor.arguments = actor_section().read(*with, in).arguments;
  }
}

/// That who is to say that it is started can.
void check_start(const worker_entry& entry, const node& from, reader& in) {
  if (entry.start != child_start_mode::said)
    return;
  const auto refuse = [&](const std::string& why) {
    in.report_field(from, "start",
                    in_quotes(entry.type) + ' ' + why + " (expected \"made\")");
  };
  if (!entry.actor.type.empty())
    refuse("is a type of actors, which are made with texts and do not know "
           "their supervisor, so they cannot say that they are started");
  else if (entry.program && !entry.program->says_started())
    refuse("never says that it is started");
}

void complete_worker(section<worker_entry>& into, const tables& all) {
  add_child_fields(into, defaults::child_shutdown);
  into
    .maybe("start", &worker_entry::start,
           types::choice<child_start_mode>(
             {child_start_mode::made, child_start_mode::said}),
           "When it counts as started: when it was made, or when it says so, "
           "which tasks of some types do; when it was made otherwise.")
    .then([&all](worker_entry& entry, const node& from, reader& in) {
      const auto made = entry.start ? *entry.start == child_start_mode::made
                                    : from.find("start") == nullptr;
      if (entry.start_timeout && made)
        in.report_field(from, "start_timeout",
                        "has no meaning for a child that counts as started "
                        "when it was made (expected start: said)");
      // A task of this name is meant if there are both.
      if (!entry.program && all.is_actor(entry.type))
        read_actor(entry, from, in);
      check_start(entry, from, in);
    });
}

supervised_spec worker_of(worker_entry entry) {
  supervised_spec result;
  result.how = options_of(entry, entry.name);
  if (entry.actor.type.empty())
    result.what = static_cast<task_spec&&>(std::move(entry));
  else
    result.what = std::move(entry.actor);
  return result;
}

// -- supervisors --------------------------------------------------------------

/// That there is a first wait if more is said about waits: by default it is
/// none, and nothing comes of the rest.
void check_initial(const node& from, reader& in) {
  if (from.find("initial") != nullptr)
    return;
  for (const auto* field : {"max", "factor", "jitter", "healthy_after"})
    if (from.find(field) != nullptr) {
      in.report(from.where,
                "missing key \"initial\": without a first wait there is none, "
                "and "
                  + in_quotes(field)
                  + " means nothing (expected how long it is, such as 100ms)");
      return;
    }
}

type<restart_backoff> backoff_type() {
  section<restart_backoff> fields{
    "How long a child waits until it is started again after a failure."};
  fields
    .optional("initial", &restart_backoff::initial,
              types::duration(0s, longest_wait), "0s",
              "After its first failure. To be given if any other is.")
    .optional("max", &restart_backoff::max, types::duration(0s, longest_wait),
              types::duration_text(restart_backoff{}.max),
              "At most, however often it has failed.")
    .optional("factor", &restart_backoff::factor,
              types::decimal(1000, most_factor), "2",
              "How many times as long after each following failure.")
    .optional("jitter", &restart_backoff::jitter, types::decimal(0, 1000), "0",
              "Up to which part of it each wait is longer or shorter at "
              "random, so that those who failed together do not come back "
              "together.")
    .optional("healthy_after", &restart_backoff::healthy_after,
              types::duration(0s, longest_wait),
              types::duration_text(defaults::child_healthy_after),
              "A child that ran for so long begins anew with the initial "
              "wait.")
    .then([](restart_backoff& x, const node& from, reader& in) {
      check_initial(from, in);
      if (x.max < x.initial && from.find("initial") != nullptr)
        in.report_field(from, from.find("max") != nullptr ? "max" : "initial",
                        "the longest wait, " + types::duration_text(x.max)
                          + ", is below the initial one (expected at least "
                          + types::duration_text(x.initial) + ')');
    });
  return types::mapping(std::move(fields));
}

void check_instances(const supervisor_entry& entry, const node& from,
                     reader& in) {
  constexpr auto simple = supervision_strategy::simple_one_for_one;
  if (entry.strategy != simple) {
    if (entry.instances)
      in.report_field(from, "instances",
                      "only \"simple_one_for_one\" makes several children of "
                      "one kind (expected no instances with "
                        + in_quotes(to_string(entry.strategy)) + ')');
    return;
  }
  if (entry.children.size() > 1)
    in.report_field(from, "strategy",
                    "\"simple_one_for_one\" makes all its children of one "
                    "kind, but there are "
                      + std::to_string(entry.children.size())
                      + " (expected one, and how many instances of it)");
  for (std::size_t i = 0; i < entry.children.size(); ++i) {
    const auto length = entry.children[i].spec.how.name.size();
    if (length <= max_instance_name)
      continue;
    reader::scope list{in, "children"};
    reader::scope child{in, i};
    in.report_field(*entry.children[i].where, "name",
                    "has " + std::to_string(length)
                      + " bytes, but children of this kind are called NAME-1, "
                        "NAME-2 and so on, and a name has at most "
                      + std::to_string(max_task_name)
                      + " bytes (expected at most "
                      + std::to_string(max_instance_name) + ')');
  }
  if (from.find("instances") == nullptr)
    in.report_field(from, "strategy",
                    "\"simple_one_for_one\" starts nothing by itself "
                    "(expected instances: how many children of this kind "
                    "there are)");
  if (entry.auto_shutdown == axiom::auto_shutdown::all_significant)
    in.report_field(from, "auto_shutdown",
                    "the instances of \"simple_one_for_one\" come and go "
                    "(expected \"never\" or \"any_significant\")");
}

void check_significant(const supervisor_entry& entry, const node& from,
                       reader& in) {
  const auto& all = entry.children;
  if (entry.auto_shutdown == axiom::auto_shutdown::never) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!all[i].spec.how.significant)
        continue;
      reader::scope list{in, "children"};
      reader::scope child{in, i};
      in.report_field(*all[i].where, "significant",
                      "the supervisor does not end with its children (expected "
                      "auto_shutdown: any_significant or all_significant "
                      "there)");
    }
  } else if (!all.empty()
             && std::none_of(all.begin(), all.end(), [](const auto& x) {
                  return x.spec.how.significant;
                })) {
    in.report_field(from, "auto_shutdown",
                    "no child is significant, so it never happens (expected a "
                    "child with significant: true, or \"never\")");
  }
}

void check_child_names(const supervisor_entry& entry, reader& in) {
  std::map<std::string_view, std::size_t> first;
  for (std::size_t i = 0; i < entry.children.size(); ++i) {
    const auto& x = entry.children[i];
    const std::string_view name = x.spec.how.name;
    if (name.empty())
      continue; // missing or a mistake, reported
    const auto [other, added] = first.try_emplace(name, i);
    if (added)
      continue;
    reader::scope list{in, "children"};
    reader::scope child{in, i};
    in.report_field(*x.where, "name",
                    "duplicate name " + in_quotes(name) + " (children["
                      + std::to_string(other->second)
                      + "] has it; expected unique names)");
  }
}

/// A supervisor with a time of its own needs as much as its children may take.
void check_budget(const supervised_spec& child, const node& where, reader& in) {
  const auto* nested =
    std::get_if<std::shared_ptr<const supervisor_spec>>(&child.what);
  if (nested == nullptr || !child.how.shutdown)
    return;
  const auto mine = *child.how.shutdown;
  const auto theirs = time_to_stop(**nested);
  if (mine >= theirs)
    return;
  const auto simple = (*nested)->options.strategy
                   == supervision_strategy::simple_one_for_one;
  auto what = mine == shutdown_kill
                ? std::string{"it is killed at once, but its children"}
                : types::duration_text(mine)
                    + " is less than its children";
  what += theirs == shutdown_infinity
            ? std::string{" may take all the time they want (expected infinity"}
            : " may take, " + budget_text(theirs)
                + (simple ? " at once" : " one after the other")
                + " (expected infinity, or at least that";
  in.report_field(where, "shutdown", what + ')');
}

template <class Entry>
void add_supervisor_fields(section<Entry>& into,
                           type<std::vector<placed_child>> children) {
  const restart_backoff none;
  into
    .required("name", &Entry::name, types::name(),
              "What the supervisor is called, at /metrics too; unique in the "
              "file.")
    .optional("strategy", &Entry::strategy,
              types::choice<supervision_strategy>(
                {supervision_strategy::one_for_one,
                 supervision_strategy::one_for_all,
                 supervision_strategy::rest_for_one,
                 supervision_strategy::simple_one_for_one}),
              "one_for_one",
              "What is started again when a child has failed: that one, all, "
              "or that one and those after it. With simple_one_for_one there "
              "are several children of one kind, see instances.")
    .optional("max_restarts", &Entry::max_restarts,
              types::integer(0, most_restarts),
              std::to_string(defaults::supervisor_max_restarts),
              "With more restarts than this within the time the supervisor "
              "gives up.")
    .optional("within", &Entry::within, types::duration(1ns, longest_wait),
              types::duration_text(defaults::supervisor_within),
              "The time in which max_restarts are too many.")
    .optional("error_history", &Entry::error_history,
              types::integer(1, most_errors),
              std::to_string(defaults::supervisor_error_history),
              "How many errors of its children it keeps at most, the last "
              "ones within that time, to tell them when it gives up; all are "
              "counted.")
    .maybe("backoff", &Entry::backoff, backoff_type(),
           "How long a child waits until it is started again; without it, not "
           "at all.")
    .optional("auto_shutdown", &Entry::auto_shutdown,
              types::choice<axiom::auto_shutdown>(
                {axiom::auto_shutdown::never,
                 axiom::auto_shutdown::any_significant,
                 axiom::auto_shutdown::all_significant}),
              "never",
              "Whether the supervisor ends, well, when the first or the last "
              "of its significant children has.")
    .maybe("instances", &Entry::instances, types::integer(1, most_instances),
           "With simple_one_for_one: how many children there are of the one "
           "kind, as NAME-1, NAME-2 and so on; NAME has at most "
             + std::to_string(max_instance_name) + " bytes.")
    .required("children", &Entry::children, std::move(children),
              "What it starts, in this order, and stops in the reverse one.")
    .then([](Entry& entry, const node& from, reader& in) {
      check_instances(entry, from, in);
      check_significant(entry, from, in);
      check_child_names(entry, in);
      for (std::size_t i = 0; i < entry.children.size(); ++i) {
        reader::scope list{in, "children"};
        reader::scope child{in, i};
        check_budget(entry.children[i].spec, *entry.children[i].where, in);
      }
    });
}

supervisor_spec spec_of(supervisor_entry entry) {
  supervisor_spec result;
  auto& options = result.options;
  options.name = std::move(entry.name);
  options.strategy = entry.strategy;
  options.max_restarts = static_cast<std::size_t>(entry.max_restarts);
  options.within = entry.within;
  options.error_history = static_cast<std::size_t>(entry.error_history);
  options.backoff = entry.backoff.value_or(restart_backoff{});
  options.auto_shutdown = entry.auto_shutdown;
  options.instances = static_cast<std::size_t>(entry.instances.value_or(0));
  for (auto& child : entry.children)
    result.children.push_back(std::move(child.spec));
  return result;
}

// -- the tree -----------------------------------------------------------------

/// What a bare word stands for: `{ name: WORD, type: WORD }`.
node in_full(const node& word) {
  node result;
  result.type = node::kind::mapping;
  result.where = word.where;
  for (const auto* field : {"name", "type"}) {
    result.keys.push_back({field, word.where});
    result.items.push_back(word);
  }
  return result;
}

/// Whether a child is meant to be a supervisor: it has children, or what only
/// those have who do, and the mistake is that there are none.
bool is_nested(const node& child) {
  if (child.find("children") != nullptr)
    return true;
  if (child.find("type") != nullptr)
    return false;
  for (const auto* field :
       {"strategy", "max_restarts", "within", "error_history", "backoff",
        "auto_shutdown", "instances"})
    if (child.find(field) != nullptr)
      return true;
  return false;
}

/// Children of any kind; one that is not well is there all the same, so that
/// numbers stay what they are in the file.
type<std::vector<placed_child>> children_type(const tables& all) {
  const std::string expected =
    "a list of children: each a mapping, or the name of a type";
  type<std::vector<placed_child>> result;
  result.info.type = type_info::kind::list;
  result.info.expected = expected;
  result.read = [&all, expected](const node& from, reader& in)
    -> std::optional<std::vector<placed_child>> {
    if (from.type != node::kind::sequence) {
      in.mismatch(from, expected);
      return std::nullopt;
    }
    if (from.items.empty())
      in.report(from.where, "no children (expected at least one)");
    std::vector<placed_child> children;
    for (std::size_t i = 0; i < from.items.size(); ++i) {
      reader::scope inside{in, i};
      const auto& item = from.items[i];
      auto& child = children.emplace_back();
      child.where = &item;
      if (item.type == node::kind::scalar) {
        child.spec = worker_of(all.worker.read(in_full(item), in));
      } else if (!is_nested(item)) {
        child.spec = worker_of(all.worker.read(item, in));
      } else {
        auto entry = all.nested.read(item, in);
        child.spec.how = options_of(entry, entry.name);
        child.spec.what = std::make_shared<const supervisor_spec>(
          spec_of(static_cast<supervisor_entry&&>(std::move(entry))));
      }
    }
    return children;
  };
  return result;
}

/// Where the name of a child is written.
position place_of_name(const node& child) {
  const auto* name = child.find("name");
  return name != nullptr ? name->where : child.where;
}

/// Walks one tree below `path`.
class tree_check {
public:
  tree_check(const task_check& check, problem_list& problems)
    : check_(check), problems_(problems) {
    // nop
  }

  void supervisor(const supervisor_spec& x, const node& where,
                  const std::string& path) {
    const auto& name = x.options.name;
    const auto [other, added] = first_.try_emplace(name, path);
    if (!added)
      problems_.add(place_of_name(where), path + ".name",
                    "duplicate name " + in_quotes(name) + " ("
                      + other->second
                      + " has it; expected unique names of supervisors)");
    const auto& list = *where.find("children");
    for (std::size_t i = 0; i < x.children.size(); ++i) {
      const auto below = path + ".children[" + std::to_string(i) + ']';
      const auto& what = x.children[i].what;
      if (const auto* nested =
            std::get_if<std::shared_ptr<const supervisor_spec>>(&what))
        supervisor(**nested, list.items[i], below);
      else if (const auto* task = std::get_if<task_spec>(&what))
        check_(*task, list.items[i], below);
    }
  }

private:
  const task_check& check_;
  problem_list& problems_;
  std::map<std::string, std::string> first_;
};

} // namespace

type<std::vector<supervisor_spec>>
supervisors_type(section<worker_entry> worker,
                 std::vector<std::string> actors) {
  auto all = std::make_shared<tables>(
    tables{std::move(worker),
           section<supervisor_entry>{"A supervisor: it starts its children, "
                                     "and starts them again when they fail."},
           section<nested_entry>{"A supervisor below another one."},
           std::move(actors)});
  complete_worker(all->worker, *all);
  add_supervisor_fields(all->top, children_type(*all));
  add_supervisor_fields(all->nested, children_type(*all));
  add_child_fields(all->nested, shutdown_infinity);
  type<std::vector<supervisor_spec>> result;
  auto& info = result.info;
  info.type = type_info::kind::list;
  info.expected = "a list";
  info.element = std::make_shared<const type_info>(
    type_info{type_info::kind::mapping, "a mapping", {}, {}, {}, {},
              std::shared_ptr<const section_info>(all, &all->top)});
  result.read = [all](const node& from, reader& in)
    -> std::optional<std::vector<supervisor_spec>> {
    if (from.type != node::kind::sequence) {
      in.mismatch(from, "a list");
      return std::nullopt;
    }
    std::vector<supervisor_spec> list;
    for (std::size_t i = 0; i < from.items.size(); ++i) {
      reader::scope inside{in, i};
      list.push_back(spec_of(all->top.read(from.items[i], in)));
    }
    return list;
  };
  return result;
}

void check_supervisors(const std::vector<supervisor_spec>& all,
                       const node& list, const task_check& check,
                       problem_list& problems) {
  tree_check tree{check, problems};
  for (std::size_t i = 0; i < all.size(); ++i)
    tree.supervisor(all[i], list.items[i],
                    "supervisors[" + std::to_string(i) + ']');
}

} // namespace axiom::deploy
