#include "axiom/error/errc.hpp"

#include <caf/deep_to_string.hpp>
#include <caf/exit_reason.hpp>
#include <caf/make_message.hpp>
#include <caf/sec.hpp>

namespace axiom {

std::string to_string(errc code) {
  switch (code) {
    case errc::cancelled:
      return "cancelled";
    case errc::deadline_exceeded:
      return "deadline_exceeded";
    case errc::child_failed:
      return "child_failed";
    case errc::concurrent_errors:
      return "concurrent_errors";
    case errc::unhandled_exception:
      return "unhandled_exception";
    case errc::scope_closed:
      return "scope_closed";
    case errc::not_in_scope:
      return "not_in_scope";
    case errc::blocking_on_worker:
      return "blocking_on_worker";
    case errc::self_join:
      return "self_join";
    case errc::name_too_long:
      return "name_too_long";
    case errc::invalid_argument:
      return "invalid_argument";
    case errc::no_such_task:
      return "no_such_task";
    case errc::not_a_service:
      return "not_a_service";
    case errc::not_installed:
      return "not_installed";
    case errc::empty_handle:
      return "empty_handle";
    case errc::exceeds_capacity:
      return "exceeds_capacity";
    case errc::resource_deadlock:
      return "resource_deadlock";
    case errc::never_started:
      return "never_started";
    case errc::restarts_exhausted:
      return "restarts_exhausted";
    case errc::no_such_child:
      return "no_such_child";
    case errc::child_not_stopped:
      return "child_not_stopped";
    case errc::name_taken:
      return "name_taken";
  }
  return std::string{"errc("}
    .append(std::to_string(static_cast<int>(code)))
    .append(")");
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
  return to_string(err);
}

} // namespace axiom
