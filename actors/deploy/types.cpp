#include "axiom/deploy/types.hpp"

#include <algorithm>
#include <array>

#include "axiom/observe/printable.hpp"

namespace axiom::deploy::types {

namespace {

/// A type made of a description and a parser of its text.
template <class V, class Parse>
type<V> scalar(type_info info, Parse parse) {
  auto read = [info, parse](const node& from, reader& in) -> std::optional<V> {
    auto text = in.scalar(from, info.expected);
    if (!text)
      return std::nullopt;
    std::optional<V> value = parse(*text);
    if (!value)
      in.mismatch(from.where, *text, info.expected, info.choices);
    return value;
  };
  return {std::move(info), std::move(read)};
}

std::string alternatives(const std::vector<std::string>& names) {
  std::string result;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0)
      result += i + 1 == names.size() ? " or " : ", ";
    result += observe::in_quotes(names[i]);
  }
  return result;
}

std::string bytes_text(std::uint64_t value) {
  static constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (unit + 1 < units.size() && value != 0 && value % 1024 == 0) {
    value /= 1024;
    ++unit;
  }
  return std::to_string(value) + units[unit];
}

std::string thousandths_text(std::uint64_t value) {
  auto rest = std::to_string(1000 + value % 1000).substr(1);
  rest.erase(rest.find_last_not_of('0') + 1);
  return std::to_string(value / 1000) + (rest.empty() ? "" : '.' + rest);
}

type_info bytes_info(std::uint64_t minimum, std::uint64_t maximum) {
  type_info info;
  info.type = type_info::kind::bytes;
  info.expected = "a number of bytes with its unit from " + bytes_text(minimum)
                + " to " + bytes_text(maximum);
  return info;
}

type_info cores_info(std::uint64_t minimum, std::uint64_t maximum) {
  type_info info;
  info.type = type_info::kind::number;
  info.expected = "a number of cores from " + thousandths_text(minimum) + " to "
                + thousandths_text(maximum);
  return info;
}

/// `parse`, for values from `minimum` to `maximum`.
template <class Parse>
auto within(Parse parse, std::uint64_t minimum, std::uint64_t maximum) {
  return [=](const std::string& text) -> std::optional<std::uint64_t> {
    auto value = parse(text);
    if (value && (*value < minimum || *value > maximum))
      return std::nullopt;
    return value;
  };
}

/// What `parse` reads, or `auto`.
template <class Parse>
type<std::optional<std::uint64_t>> automatic_or(type_info info, Parse parse) {
  using result = std::optional<std::uint64_t>;
  info.choices = {"auto"};
  info.expected = "\"auto\" or " + info.expected;
  return scalar<result>(
    std::move(info), [parse](const std::string& text) -> std::optional<result> {
      if (text == "auto")
        return result{};
      if (auto value = parse(text))
        return result{value};
      return std::nullopt;
    });
}

} // namespace

std::string duration_text(std::chrono::nanoseconds value) {
  struct step {
    const char* name;
    std::int64_t factor;
  };
  static constexpr std::array steps{
    step{"ns", 1},   step{"us", 1000}, step{"ms", 1000},
    step{"s", 1000}, step{"m", 60},    step{"h", 60},
  };
  auto count = value.count();
  const char* name = "ns";
  for (const auto& next : steps) {
    if (count == 0 || count % next.factor != 0)
      break;
    count /= next.factor;
    name = next.name;
  }
  return std::to_string(count) + (value.count() == 0 ? "s" : name);
}

type<std::string> name() {
  type_info info;
  info.expected = "a name of 1 to 64 printable bytes";
  return scalar<std::string>(
    std::move(info), [](const std::string& text) -> std::optional<std::string> {
      if (text.empty() || text.size() > 64 || observe::printable(text) != text)
        return std::nullopt;
      return text;
    });
}

type<std::string> path() {
  type_info info;
  info.expected = "a path";
  return scalar<std::string>(
    std::move(info), [](const std::string& text) -> std::optional<std::string> {
      if (text.empty() || text.find('\0') != std::string::npos)
        return std::nullopt;
      return text;
    });
}

type<std::int64_t> integer(std::int64_t minimum, std::int64_t maximum) {
  type_info info;
  info.type = type_info::kind::integer;
  info.minimum = minimum;
  info.maximum = maximum;
  info.expected = minimum == maximum
                  ? std::to_string(minimum)
                  : "an integer from " + std::to_string(minimum) + " to "
                      + std::to_string(maximum);
  return scalar<std::int64_t>(
    std::move(info),
    [=](const std::string& text) -> std::optional<std::int64_t> {
      auto value = parse_integer(text);
      if (value && (*value < minimum || *value > maximum))
        return std::nullopt;
      return value;
    });
}

type<std::optional<std::size_t>> automatic_or_count(std::size_t minimum,
                                                    std::size_t maximum) {
  type_info info;
  info.type = type_info::kind::integer;
  info.choices = {"auto"};
  info.minimum = static_cast<std::int64_t>(minimum);
  info.maximum = static_cast<std::int64_t>(maximum);
  info.expected = "\"auto\" or an integer from " + std::to_string(minimum)
                + " to " + std::to_string(maximum);
  using result = std::optional<std::size_t>;
  return scalar<result>(
    std::move(info), [=](const std::string& text) -> std::optional<result> {
      if (text == "auto")
        return result{};
      const auto value = parse_integer(text);
      if (!value || *value < 0 || static_cast<std::size_t>(*value) < minimum
          || static_cast<std::size_t>(*value) > maximum)
        return std::nullopt;
      return result{static_cast<std::size_t>(*value)};
    });
}

type<std::chrono::nanoseconds> duration(std::chrono::nanoseconds minimum,
                                        std::chrono::nanoseconds maximum) {
  type_info info;
  info.type = type_info::kind::duration;
  info.expected = "a duration with its unit from " + duration_text(minimum)
                + " to " + duration_text(maximum);
  return scalar<std::chrono::nanoseconds>(
    std::move(info),
    [=](const std::string& text) -> std::optional<std::chrono::nanoseconds> {
      auto value = parse_duration(text);
      if (value && (*value < minimum || *value > maximum))
        return std::nullopt;
      return value;
    });
}

type<std::uint64_t> bytes(std::uint64_t minimum, std::uint64_t maximum) {
  return scalar<std::uint64_t>(bytes_info(minimum, maximum),
                               within(parse_bytes, minimum, maximum));
}

type<std::optional<std::uint64_t>> automatic_or_bytes(std::uint64_t minimum,
                                                      std::uint64_t maximum) {
  return automatic_or(bytes_info(minimum, maximum),
                      within(parse_bytes, minimum, maximum));
}

type<std::uint64_t> cores(std::uint64_t minimum, std::uint64_t maximum) {
  return scalar<std::uint64_t>(cores_info(minimum, maximum),
                               within(parse_thousandths, minimum, maximum));
}

type<std::optional<std::uint64_t>> automatic_or_cores(std::uint64_t minimum,
                                                      std::uint64_t maximum) {
  return automatic_or(cores_info(minimum, maximum),
                      within(parse_thousandths, minimum, maximum));
}

type<double> decimal(std::uint64_t minimum, std::uint64_t maximum) {
  type_info info;
  info.type = type_info::kind::number;
  info.expected = "a number from " + thousandths_text(minimum) + " to "
                + thousandths_text(maximum);
  return scalar<double>(
    std::move(info), [=](const std::string& text) -> std::optional<double> {
      const auto value = parse_thousandths(text);
      if (!value || *value < minimum || *value > maximum)
        return std::nullopt;
      return static_cast<double>(*value) / 1000;
    });
}

type<double> fraction() {
  return decimal(1, 1000);
}

type<bool> boolean() {
  type_info info;
  info.type = type_info::kind::choice;
  info.choices = {"true", "false"};
  info.expected = alternatives(info.choices);
  return scalar<bool>(std::move(info),
                      [](const std::string& text) -> std::optional<bool> {
                        if (text == "true" || text == "false")
                          return text == "true";
                        return std::nullopt;
                      });
}

type<endpoint_address> address() {
  type_info info;
  info.type = type_info::kind::address;
  info.expected = "an IP address and a port such as 127.0.0.1:9464";
  return scalar<endpoint_address>(std::move(info), [](const std::string& text) {
    return parse_address(text);
  });
}

type<std::monostate> open_mapping(std::string expected) {
  type_info info;
  info.type = type_info::kind::open_mapping;
  info.expected = std::move(expected);
  return {std::move(info),
          [](const node&, reader&) -> std::optional<std::monostate> {
            return std::monostate{};
          }};
}

type<std::string> word(std::string expected) {
  type_info info;
  info.expected = std::move(expected);
  return scalar<std::string>(
    std::move(info), [](const std::string& text) -> std::optional<std::string> {
      if (text.empty())
        return std::nullopt;
      return text;
    });
}

type<std::size_t> choice_index(std::vector<std::string> names) {
  type_info info;
  info.type = type_info::kind::choice;
  info.expected = alternatives(names);
  info.choices = std::move(names);
  auto choices = info.choices;
  return scalar<std::size_t>(
    std::move(info),
    [choices](const std::string& text) -> std::optional<std::size_t> {
      auto found = std::find(choices.begin(), choices.end(), text);
      if (found == choices.end())
        return std::nullopt;
      return static_cast<std::size_t>(found - choices.begin());
    });
}

} // namespace axiom::deploy::types
