#include "axiom/error/supervisor_options.hpp"

#include <cmath>
#include <unordered_set>

#include "axiom/error/enum_names.hpp"
#include "axiom/error/errc.hpp"
#include "axiom/error/supervisor/supervisor_state.hpp"
#include "axiom/error/supervisor_stats.hpp"
#include "axiom/task/reference.hpp"

namespace axiom {

namespace {

/// Gathers what is wrong at one place.
class problem_list {
public:
  problem_list(std::string where, std::vector<std::string>& into)
    : where_(std::move(where)), into_(into) {
    // nop
  }

  void refuse_if(bool wrong, const std::string& text) {
    if (wrong)
      into_.push_back(where_ + ": " + text);
  }

  void check_name(const std::string& name) {
    refuse_if(name.empty(), "its name is empty");
    refuse_if(name.size() > max_task_name,
              "its name has " + std::to_string(name.size())
                + " bytes; it has at most " + std::to_string(max_task_name));
  }

  template <class Enum>
  void check_enum(const char* what, Enum value, Enum last) {
    refuse_if(value > last, std::string{what} + " is "
                              + std::to_string(static_cast<int>(value))
                              + ", which is none of its values");
  }

private:
  std::string where_;
  std::vector<std::string>& into_;
};

constexpr auto none = runtime::duration::zero();

void check_backoff(const restart_backoff& x, problem_list& problems) {
  problems.refuse_if(x.initial < none, "backoff.initial is negative; 0 or more "
                                       "is expected");
  problems.refuse_if(x.max < x.initial,
                     "backoff.max is less than backoff.initial");
  // Written so that no number is wrong, too.
  problems.refuse_if(!(x.factor >= 1) || std::isinf(x.factor),
                     "backoff.factor is " + std::to_string(x.factor)
                       + "; 1 or more is expected");
  problems.refuse_if(!(x.jitter >= 0 && x.jitter <= 1),
                     "backoff.jitter is " + std::to_string(x.jitter)
                       + "; from 0 to 1 is expected");
  problems.refuse_if(
    x.healthy_after < none,
    "backoff.healthy_after is negative; 0 or more is expected");
}

} // namespace

namespace detail {

void check_child(const child_spec& spec, const std::string& where,
                 auto_shutdown mode, std::vector<std::string>& into) {
  auto& x = spec.options();
  const auto here = where + ", child " + quoted(x.name);
  problem_list problems{here, into};
  problems.check_name(x.name);
  problems.check_enum("restart", x.restart, restart_kind::temporary);
  problems.check_enum("start", x.start, child_start_mode::said);
  problems.refuse_if(!spec.body(), "it is made from an empty function");
  problems.refuse_if(x.significant && x.restart == restart_kind::permanent,
                     "it is significant and permanent; a child that is always "
                     "restarted never ends its supervisor: make it transient "
                     "or temporary");
  problems.refuse_if(x.significant && mode == auto_shutdown::never,
                     "it is significant, but the supervisor's auto_shutdown is "
                     "never");
  problems.refuse_if(x.shutdown && *x.shutdown < none,
                     "shutdown is negative; a time, shutdown_kill or "
                     "shutdown_infinity is expected");
  problems.refuse_if(x.start_timeout <= none, "start_timeout must be positive");
  const auto nested =
    spec.body() && spec.body()->what() == child_body::kind::supervisor;
  problems.refuse_if(x.start_timeout != runtime::duration::max() && !nested
                       && x.start != child_start_mode::said,
                     "start_timeout has no meaning unless start is said: the "
                     "child counts as started when it was made");
  if (spec.body())
    spec.body()->check(here, into);
}

void check_supervisor(const supervisor_options& x, const std::string& where,
                      std::vector<std::string>& into) {
  problem_list problems{where, into};
  problems.check_name(x.name);
  problems.check_enum("strategy", x.strategy,
                      supervision_strategy::simple_one_for_one);
  problems.check_enum("auto_shutdown", x.auto_shutdown,
                      auto_shutdown::all_significant);
  problems.refuse_if(x.within <= none, "within must be positive");
  problems.refuse_if(x.error_history == 0,
                     "error_history is 0; 1 or more is expected");
  check_backoff(x.backoff, problems);
  const auto simple = x.strategy == supervision_strategy::simple_one_for_one;
  problems.refuse_if(simple && x.children.size() != 1,
                     "simple_one_for_one makes all children from one "
                     "specification, but there are "
                       + std::to_string(x.children.size()));
  problems.refuse_if(!simple && x.instances != 0,
                     "instances is " + std::to_string(x.instances)
                       + "; only simple_one_for_one makes several children "
                         "from one specification");
  std::unordered_set<std::string> names;
  for (auto& spec : x.children) {
    check_child(spec, where, x.auto_shutdown, into);
    const auto& name = spec.options().name;
    problems.refuse_if(
      simple && name.size() > max_instance_name && name.size() <= max_task_name,
      "its children are called " + quoted(name)
        + " with a number, and that name has " + std::to_string(name.size())
        + " bytes; it has at most " + std::to_string(max_instance_name));
    problems.refuse_if(!names.insert(name).second,
                       "two children have the name " + quoted(name));
  }
}

} // namespace detail

std::vector<std::string> problems_of(const supervisor_options& options) {
  std::vector<std::string> result;
  detail::check_supervisor(options, "supervisor " + quoted(options.name),
                           result);
  return result;
}

std::string to_string(supervision_strategy x) {
  constexpr enum_names<supervision_strategy, 4> names{
    {"one_for_one", "one_for_all", "rest_for_one", "simple_one_for_one"}};
  return names.print(x);
}

std::string to_string(auto_shutdown x) {
  constexpr enum_names<auto_shutdown, 3> names{
    {"never", "any_significant", "all_significant"}};
  return names.print(x);
}

std::string to_string(restart_kind x) {
  constexpr enum_names<restart_kind, 3> names{
    {"permanent", "transient", "temporary"}};
  return names.print(x);
}

std::string to_string(child_start_mode x) {
  constexpr enum_names<child_start_mode, 2> names{{"made", "said"}};
  return names.print(x);
}

std::string to_string(child_state x) {
  constexpr enum_names<child_state, 6> names{
    {"waiting", "starting", "running", "stopping", "killing", "stopped"}};
  return names.print(x);
}

std::string to_string(const supervisor_stats& x) {
  return x.name + ": " + std::to_string(x.active) + " of "
       + std::to_string(x.children) + " children active, "
       + std::to_string(x.restarts) + " restarts, " + std::to_string(x.errors)
       + " errors";
}

} // namespace axiom
