#include "axiom/error/supervisor/child_body.hpp"

#include <algorithm>
#include <utility>

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include "axiom/error/supervisor/task_child.hpp"
#include "axiom/task/detail/cancel_request.hpp"

namespace axiom::detail {

namespace {

class actor_body final : public child_body {
public:
  explicit actor_body(std::function<caf::strong_actor_ptr(child_start&)> spawn)
    : spawn_(std::move(spawn)) {
    // nop
  }

  std::unique_ptr<child_run> start(child_site& site) const override {
    child_start start{site};
    auto actor = spawn_(start);
    return actor ? std::make_unique<child_run>(std::move(actor)) : nullptr;
  }

  kind what() const noexcept override {
    return kind::actor;
  }

private:
  std::function<caf::strong_actor_ptr(child_start&)> spawn_;
};

} // namespace

// -- child_run ----------------------------------------------------------------

child_run::~child_run() = default;

void child_run::ask(runtime::duration, const std::string&) {
  caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown);
}

void child_run::kill() {
  caf::anon_send_exit(actor_, caf::exit_reason::kill);
}

bool child_run::killed(const caf::error& reason) const noexcept {
  return reason == caf::exit_reason::kill;
}

child_exit child_run::explain(const caf::error& reason) {
  const auto how = class_of(reason);
  if (how == exit_class::normal)
    return {how, std::nullopt};
  return {how, failure{reason}};
}

task_reference child_run::reference(std::uint64_t prefix,
                                    std::string name) const {
  // An actor of another node has its number from there.
  const auto& home = actor_->get()->home_system().node();
  const auto remote = actor_->node() != home;
  task_reference result;
  result.id = {remote ? std::hash<caf::node_id>{}(actor_->node()) : prefix,
               actor_->id()};
  result.name = std::move(name);
  return result;
}

// -- task_run -----------------------------------------------------------------

void task_run::ask(runtime::duration budget, const std::string& who) {
  constexpr std::chrono::hours long_enough{24 * 365}; // "all the time it wants"
  cancel_options how;
  how.reason = cancel_reason::shutdown;
  how.grace = std::min<runtime::duration>(budget, long_enough);
  how.origin = who;
  how.unit = current_unit();
  cancel_tree(task(), how);
}

void task_run::kill() {
  cancel_options how;
  how.reason = cancel_reason::shutdown;
  how.grace = runtime::duration::zero();
  how.unit = current_unit();
  cancel_tree(task(), how);
}

bool task_run::killed(const caf::error&) const noexcept {
  return task().state().killed();
}

child_exit task_run::explain(const caf::error&) {
  task().mark_observed();
  switch (task().outcome()) {
    case outcome_kind::failed:
      return {exit_class::failure, task().why_failed()};
    case outcome_kind::cancelled: {
      const auto how = class_of(task().cause()->reason);
      if (how == exit_class::failure)
        return {how, failure{task().exit_error()}};
      return {how, std::nullopt};
    }
    default:
      return {exit_class::normal, std::nullopt};
  }
}

task_reference task_run::reference(std::uint64_t, std::string name) const {
  auto result = task().reference();
  result.name = std::move(name);
  return result;
}

// -- child_body ---------------------------------------------------------------

child_body::~child_body() = default;

void child_body::each_supervisor(
  const std::function<void(const std::string&)>&) const {
  // nop
}

void child_body::check(const std::string&, std::vector<std::string>&) const {
  // nop
}

std::shared_ptr<const child_body> make_actor_body(
  std::function<caf::strong_actor_ptr(child_start&)> spawn) {
  return std::make_shared<actor_body>(std::move(spawn));
}

} // namespace axiom::detail
