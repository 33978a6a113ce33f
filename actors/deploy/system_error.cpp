#include "axiom/deploy/system_error.hpp"

#include <cstring>
#include <utility>

#include <caf/make_message.hpp>

namespace axiom::deploy {

caf::error make_errno_error(int code, std::string text) {
  return {static_cast<std::uint8_t>(code), errno_category,
          caf::make_message(std::move(text))};
}

std::string render_errno(std::uint8_t code, caf::atom_value,
                         const caf::message& context) {
  if (context.match_elements<std::string>())
    return context.get_as<std::string>(0);
  return std::strerror(code);
}

std::string describe_error(const caf::error& err) {
  if (err && err.category() == errno_category)
    return render_errno(err.code(), err.category(), err.context());
  return describe(err);
}

system_error::system_error(int code, std::string text)
  : exception(make_errno_error(code, text)),
    code_(code),
    text_(std::move(text)) {
  // nop
}

} // namespace axiom::deploy
