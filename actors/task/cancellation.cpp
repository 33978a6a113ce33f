#include "axiom/task/cancellation.hpp"

#include <array>
#include <cstdio>

#include "axiom/error/enum_names.hpp"

namespace axiom {

namespace {

constexpr enum_names<cancel_reason, 8> reason_names{
  {"user", "parent_cancelled", "sibling_failed", "linked_exit", "deadline",
   "limit_shed", "node_down", "shutdown"}};

std::string milliseconds(std::chrono::nanoseconds value) {
  std::array<char, 32> buf{};
  std::snprintf(buf.data(), buf.size(), "%.3f ms",
                std::chrono::duration<double, std::milli>(value).count());
  return buf.data();
}

/// The error behind a cancellation may be a cancellation that came over a link,
/// with the text of the one before it, and so on: the text must not grow with
/// every link it travels.
std::string shortened(std::string text) {
  constexpr std::size_t limit = 256;
  if (text.size() <= limit)
    return text;
  auto end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end; // not inside a character of several bytes
  return text.substr(0, end) + "...";
}

} // namespace

std::string to_string(cancel_reason reason) {
  return reason_names.print(reason);
}

std::string to_string(const cancel_cause& cause) {
  std::string result;
  for (auto* i = &cause; i != nullptr; i = i->before.get()) {
    if (i != &cause)
      result += ", after ";
    result += to_string(i->reason);
    result += " of " + quoted(i->target_name);
    if (!i->origin.empty())
      result += " by " + i->origin;
    if (i->error)
      result += " (" + shortened(describe(i->error)) + ")";
  }
  return result;
}

cancelled_error::cancelled_error(cancel_cause_ptr cause)
  : exception(make_cancelled_error(*cause)), cause_(std::move(cause)) {
  // nop
}

caf::error make_cancelled_error(const cancel_cause& cause) {
  return make_error(errc::cancelled, to_string(cause));
}

std::string to_string(const cancellation_report& report) {
  auto result = "cancelled '" + report.target.name + "': "
                + std::to_string(report.requested) + " tasks signalled in "
                + milliseconds(report.signalled) + ", "
                + std::to_string(report.acknowledged) + " ended after "
                + milliseconds(report.elapsed);
  if (report.overdue_count > 0) {
    result += ", " + std::to_string(report.overdue_count) + " overdue:";
    for (auto& x : report.overdue)
      result += "\n  " + x.path;
    if (report.overdue.size() < report.overdue_count)
      result += "\n  and "
                + std::to_string(report.overdue_count - report.overdue.size())
                + " more";
  }
  return result;
}

} // namespace axiom
