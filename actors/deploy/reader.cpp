#include "axiom/deploy/reader.hpp"

#include <utility>

#include "axiom/deploy/scalar.hpp"
#include "axiom/observe/printable.hpp"

namespace axiom::deploy {

using observe::in_quotes;

namespace {

/// Values longer than this are not repeated in a message.
constexpr std::size_t max_repeated = 80;

std::string abbreviated(std::string_view text) {
  if (text.size() <= max_repeated)
    return in_quotes(text);
  return in_quotes(std::string{observe::truncate_utf8(text, max_repeated)}
                + "...");
}

} // namespace

reader::scope::scope(reader& parent, std::string_view key)
  : parent_(parent), length_(parent.path_.size()) {
  if (!parent_.path_.empty())
    parent_.path_ += '.';
  parent_.path_ += key;
}

reader::scope::scope(reader& parent, std::size_t index)
  : parent_(parent), length_(parent.path_.size()) {
  parent_.path_ += '[' + std::to_string(index) + ']';
}

reader::scope::~scope() {
  parent_.path_.resize(length_);
}

std::string reader::place() const {
  return path_.empty() ? std::string{"the file"} : path_;
}

void reader::report(position where, std::string what) {
  problems_.add(where, path_, std::move(what));
}

void reader::report_field(const node& mapping, std::string_view field,
                          std::string what) {
  const scope inside{*this, field};
  const auto* value = mapping.find(field);
  report(value != nullptr ? value->where : mapping.where, std::move(what));
}

void reader::mismatch(const node& found, std::string_view expected) {
  if (found.type == node::kind::invalid)
    return; // reported when it was parsed
  report(found.where, std::string{describe(found.type)} + " (expected "
                        + std::string{expected} + ')');
}

void reader::mismatch(position where, std::string_view text,
                      std::string_view expected,
                      const std::vector<std::string>& candidates) {
  auto what = text.empty() ? std::string{"an empty value"}
                           : "invalid value " + abbreviated(text);
  what += " (expected " + std::string{expected};
  if (auto guess = closest(text, candidates))
    what += "; did you mean " + in_quotes(*guess) + '?';
  report(where, what + ')');
}

std::optional<std::string> reader::scalar(const node& from,
                                          std::string_view expected) {
  if (from.type != node::kind::scalar) {
    mismatch(from, expected);
    return std::nullopt;
  }
  auto result = variables_.substitute(from.text);
  for (auto& mistake : result.mistakes)
    report(from.where, std::move(mistake));
  if (!result.mistakes.empty())
    return std::nullopt;
  return std::move(result.text);
}

} // namespace axiom::deploy
