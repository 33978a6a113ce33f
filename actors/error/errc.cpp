#include "axiom/error/errc.hpp"

#include <caf/deep_to_string.hpp>
#include <caf/exit_reason.hpp>
#include <caf/make_message.hpp>
#include <caf/sec.hpp>

namespace axiom {

namespace {

struct entry {
  std::string_view name;
  std::string_view sentence;
};

/// A switch rather than a table: the compiler says which code is missing.
constexpr entry entry_of(errc code) noexcept {
  switch (code) {
    case errc::cancelled:
      return {"cancelled",
              "The task was cancelled; the cause says why and by whom."};
    case errc::deadline_exceeded:
      return {"deadline_exceeded",
              "A deadline or a timeout passed before the operation ended."};
    case errc::child_failed:
      return {"child_failed", "A child failed and nobody looked at its error "
                              "before its parent ended."};
    case errc::concurrent_errors:
      return {"concurrent_errors", "Several errors at once."};
    case errc::unhandled_exception:
      return {"unhandled_exception", "An exception left the body of a task."};
    case errc::scope_closed:
      return {"scope_closed", "The scope has ended, or takes no more tasks "
                              "because it is shutting down."};
    case errc::not_in_scope:
      return {
        "not_in_scope",
        "A task was added to a group from outside the subtree of its owner."};
    case errc::blocking_on_worker:
      return {
        "blocking_on_worker",
        "A blocking wait on a worker thread, where it could stop the system."};
    case errc::self_join:
      return {
        "self_join",
        "Waiting for this task would close a circle: it waits for the waiter."};
    case errc::name_too_long:
      return {"name_too_long", "A name is longer than 64 bytes."};
    case errc::invalid_argument:
      return {"invalid_argument", "An argument is outside its range."};
    case errc::no_such_task:
      return {"no_such_task", "No task with this identity is alive here."};
    case errc::not_a_service:
      return {"not_a_service",
              "The actor does not answer requests: it is a task."};
    case errc::not_installed:
      return {"not_installed",
              "Axiom's runtime is not part of this actor system."};
    case errc::empty_handle:
      return {"empty_handle", "A handle without a task was used."};
    case errc::exceeds_capacity:
      return {"exceeds_capacity", "More is asked for than there is at all."};
    case errc::resource_deadlock:
      return {"resource_deadlock",
              "To wait for this would be to wait for oneself."};
    case errc::never_started:
      return {"never_started", "A task that somebody started ended without "
                               "saying that it is started."};
    case errc::node_down:
      return {
        "node_down",
        "The node on which the work ran was lost, and its outcome with it."};
    case errc::retries_exhausted:
      return {"retries_exhausted", "An operation was tried again as often as "
                                   "its policy and its budget allow."};
    case errc::circuit_open:
      return {"circuit_open",
              "A circuit breaker refuses calls for the time being."};
    case errc::queue_full:
      return {
        "queue_full",
        "More wait already than are allowed to: the request was turned away."};
    case errc::restarts_exhausted:
      return {"restarts_exhausted", "Children failed more often than their "
                                    "supervisor may restart them."};
    case errc::no_such_child:
      return {"no_such_child", "The supervisor has no child of this name."};
    case errc::child_not_stopped:
      return {"child_not_stopped", "The child is running, or about to."};
    case errc::name_taken:
      return {"name_taken",
              "The name is taken by another child of the supervisor."};
  }
  return {};
}

} // namespace

std::string to_string(errc code) {
  if (auto name = entry_of(code).name; !name.empty())
    return std::string{name};
  return std::string{"errc("}
    .append(std::to_string(static_cast<int>(code)))
    .append(")");
}

std::string_view sentence_of(errc code) noexcept {
  return entry_of(code).sentence;
}

std::optional<errc> parse_errc(std::string_view name) noexcept {
  for (std::uint8_t i = 1; !entry_of(static_cast<errc>(i)).name.empty(); ++i)
    if (entry_of(static_cast<errc>(i)).name == name)
      return static_cast<errc>(i);
  return std::nullopt;
}

namespace {

/// The text of an error, or "" if it carries none. An error with one string
/// prints as that string, without the parentheses of a message.
std::string text_of(const caf::message& context) {
  if (context.empty())
    return "";
  if (context.match_elements<std::string>())
    return context.get_as<std::string>(0);
  return caf::deep_to_string(context);
}

std::string with_text(std::string name, const caf::message& context) {
  if (auto text = text_of(context); !text.empty())
    name.append(": ").append(text);
  return name;
}

} // namespace

std::string render_errc(std::uint8_t code, caf::atom_value,
                        const caf::message& context) {
  return with_text(to_string(static_cast<errc>(code)), context);
}

caf::error make_error(errc code) {
  return {static_cast<std::uint8_t>(code), errc_category};
}

caf::error make_error(errc code, std::string text) {
  return {static_cast<std::uint8_t>(code), errc_category,
          caf::make_message(std::move(text))};
}

bool is(const caf::error& err, errc code) noexcept {
  return err && err.category() == errc_category
      && err.code() == static_cast<std::uint8_t>(code);
}

std::optional<errc> code_of(const caf::error& err) noexcept {
  if (!err || err.category() != errc_category)
    return std::nullopt;
  return static_cast<errc>(err.code());
}

std::string quoted(std::string_view name) {
  std::string result;
  result.reserve(name.size() + 2);
  result.append(1, '\'').append(name).append(1, '\'');
  return result;
}

std::string describe(const caf::error& err) {
  if (!err)
    return "none";
  if (err.category() == errc_category)
    return render_errc(err.code(), err.category(), err.context());
  if (err.category() == caf::atom("system"))
    return with_text(to_string(static_cast<caf::sec>(err.code())),
                     err.context());
  if (err.category() == caf::atom("exit"))
    return with_text(to_string(static_cast<caf::exit_reason>(err.code())),
                     err.context());
  return with_text(to_string(err.category()) + '(' + std::to_string(err.code())
                     + ')',
                   err.context());
}

} // namespace axiom
