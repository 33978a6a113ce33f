#include "axiom/resource/pressure/kernel_values.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "axiom/error/errc.hpp"

namespace axiom::detail {

namespace {

tl::unexpected<std::string> wrong(std::string what) {
  return tl::unexpected<std::string>{std::move(what)};
}

/// As much of it as belongs into a message.
std::string shown(std::string_view text) {
  constexpr std::size_t most = 32;
  std::string result;
  for (auto c : text.substr(0, most))
    result += c >= ' ' && c <= '~' ? c : '?';
  return quoted(result + (text.size() > most ? "..." : ""));
}

parsed<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t result = 0;
  const auto* end = text.data() + text.size();
  const auto [ptr, code] = std::from_chars(text.data(), end, result);
  if (code == std::errc::result_out_of_range)
    return wrong("the number " + shown(text) + " is too large");
  if (code != std::errc{} || ptr != end)
    return wrong(shown(text) + " is no number");
  return result;
}

/// A percentage as the kernel writes it: `0.00` to `100.00`; as a part of 1.
parsed<double> parse_percentage(std::string_view text) {
  const auto dot = text.find('.');
  if (dot == std::string_view::npos || text.size() - dot != 3)
    return wrong(shown(text) + " is no percentage with two decimals");
  const auto whole = parse_number(text.substr(0, dot));
  const auto hundredths = parse_number(text.substr(dot + 1));
  if (!whole || !hundredths)
    return wrong(shown(text) + " is no percentage with two decimals");
  if (*whole > 100 || (*whole == 100 && *hundredths > 0))
    return wrong(shown(text) + " is more than 100 percent");
  return static_cast<double>(*whole * 100 + *hundredths) / 10'000;
}

/// The lines of a text that is there as a whole.
class lines {
public:
  explicit lines(std::string_view text) : rest_(text) {
    // nop
  }

  /// What is wrong with the text as a whole; empty if nothing is.
  std::string problem() const {
    if (rest_.empty())
      return "is empty";
    if (rest_.back() != '\n')
      return "is cut short: its last line has no end";
    return {};
  }

  std::optional<std::string_view> next() {
    if (rest_.empty())
      return std::nullopt;
    const auto end = std::min(rest_.find('\n'), rest_.size());
    const auto result = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return result;
  }

private:
  std::string_view rest_;
};

/// Takes the next word, of those parted by blanks, off the front of `text`;
/// empty if there is none.
std::string_view next_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const auto end = std::min(text.find(' '), text.size());
  const auto result = text.substr(0, end);
  text.remove_prefix(end);
  return result;
}

/// A file with one word.
parsed<std::string_view> parse_only_line(std::string_view text) {
  lines all{text};
  if (auto problem = all.problem(); !problem.empty())
    return wrong(std::move(problem));
  const auto result = *all.next();
  if (all.next())
    return wrong("has more than one line");
  return result;
}

/// A field that is wanted of a file of lines that begin with a name.
struct wanted {
  std::string_view name;
  std::string_view unit{}; ///< that follows the number; empty if none does
  std::uint64_t value = 0;
  bool found = false;
};

/// Reads lines of name, number and unit. Returns what is wrong, if anything.
template <std::size_t N>
std::string parse_fields(std::string_view text, wanted (&fields)[N]) {
  lines all{text};
  if (auto problem = all.problem(); !problem.empty())
    return problem;
  while (auto line = all.next()) {
    auto rest = *line;
    const auto name = next_word(rest);
    for (auto& field : fields) {
      if (name != field.name)
        continue;
      if (field.found)
        return "has " + quoted(name) + " twice";
      const auto number = parse_number(next_word(rest));
      if (!number)
        return quoted(name) + ": " + number.error();
      if (next_word(rest) != field.unit || !next_word(rest).empty())
        return quoted(name) + ": " + shown(*line) + " is not one number"
             + (field.unit.empty() ? "" : " of " + std::string{field.unit});
      field.value = *number;
      field.found = true;
    }
  }
  for (auto& field : fields)
    if (!field.found)
      return "has no " + quoted(field.name);
  return {};
}

/// One line of `memory.pressure`, such as
/// `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`, without its first word.
/// Returns what is wrong, if anything.
std::string parse_stall_line(std::string_view rest,
                             std::optional<double>& average,
                             std::optional<std::uint64_t>& total) {
  for (auto word = next_word(rest); !word.empty(); word = next_word(rest)) {
    const auto sign = std::min(word.find('='), word.size());
    const auto name = word.substr(0, sign);
    const auto value = word.substr(std::min(sign + 1, word.size()));
    if ((name == "avg10" && average) || (name == "total" && total))
      return "has " + quoted(name) + " twice in a line";
    if (name == "avg10") {
      const auto x = parse_percentage(value);
      if (!x)
        return "'avg10': " + x.error();
      average = *x;
    } else if (name == "total") {
      const auto x = parse_number(value);
      if (!x)
        return "'total': " + x.error();
      total = *x;
    }
  }
  if (!average)
    return "has a line without 'avg10'";
  if (!total)
    return "has a line without 'total'";
  return {};
}

} // namespace

parsed<std::uint64_t> parse_bytes(std::string_view text) {
  return parse_only_line(text).and_then(parse_number);
}

parsed<std::optional<std::uint64_t>> parse_byte_limit(std::string_view text) {
  using limit = std::optional<std::uint64_t>;
  const auto line = parse_only_line(text);
  if (!line)
    return wrong(line.error());
  if (*line == "max")
    return limit{};
  const auto number = parse_number(*line);
  if (!number)
    return wrong(number.error());
  return limit{*number};
}

parsed<memory_events> parse_memory_events(std::string_view text) {
  wanted fields[] = {{"high"}, {"max"}, {"oom"}, {"oom_kill"}};
  if (auto problem = parse_fields(text, fields); !problem.empty())
    return wrong(std::move(problem));
  return memory_events{fields[0].value, fields[1].value, fields[2].value,
                       fields[3].value};
}

parsed<std::uint64_t> parse_inactive_file(std::string_view text) {
  wanted fields[] = {{"inactive_file"}};
  if (auto problem = parse_fields(text, fields); !problem.empty())
    return wrong(std::move(problem));
  return fields[0].value;
}

parsed<stall_times> parse_stall_times(std::string_view text) {
  lines all{text};
  if (auto problem = all.problem(); !problem.empty())
    return wrong(std::move(problem));
  std::optional<double> some, full;
  std::optional<std::uint64_t> some_total, full_total;
  while (auto line = all.next()) {
    auto rest = *line;
    const auto name = next_word(rest);
    if (name != "some" && name != "full")
      continue;
    auto& average = name == "some" ? some : full;
    auto& total = name == "some" ? some_total : full_total;
    if (average)
      return wrong("has two lines " + quoted(name));
    if (auto problem = parse_stall_line(rest, average, total); !problem.empty())
      return wrong(std::move(problem));
  }
  if (!some)
    return wrong("has no line 'some'");
  if (!full)
    return wrong("has no line 'full'");
  return stall_times{*some, *full, *some_total, *full_total};
}

parsed<host_memory> parse_meminfo(std::string_view text) {
  wanted fields[] = {{"MemTotal:", "kB"}, {"MemAvailable:", "kB"}};
  if (auto problem = parse_fields(text, fields); !problem.empty())
    return wrong(std::move(problem));
  const auto total = fields[0].value;
  const auto available = fields[1].value;
  constexpr std::uint64_t unit = 1024;
  if (total > std::numeric_limits<std::uint64_t>::max() / unit)
    return wrong("'MemTotal:': so many kB are too many bytes");
  if (total == 0)
    return wrong("'MemTotal:' is 0");
  if (available > total)
    return wrong("'MemAvailable:' is more than 'MemTotal:'");
  return host_memory{total * unit, available * unit};
}

} // namespace axiom::detail
