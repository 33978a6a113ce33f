#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "axiom/deploy/scalar.hpp"
#include "axiom/deploy/section.hpp"

/// The types that fields have. Each reads one value and says what it expects.
namespace axiom::deploy::types {

/// A name shown to people: 1 to 64 bytes of printable UTF-8.
type<std::string> name();

/// A path: any bytes but NUL, not empty.
type<std::string> path();

/// An integer from `minimum` to `maximum`.
type<std::int64_t> integer(std::int64_t minimum, std::int64_t maximum);

/// `auto`, which reads as nothing, or a count.
type<std::optional<std::size_t>> automatic_or_count(std::size_t minimum,
                                                    std::size_t maximum);

/// A duration with its unit.
type<std::chrono::nanoseconds> duration(std::chrono::nanoseconds minimum,
                                        std::chrono::nanoseconds maximum);

/// A duration as it is written in a file, in its largest whole unit.
std::string duration_text(std::chrono::nanoseconds value);

/// A number of bytes with its unit.
type<std::uint64_t> bytes(std::uint64_t minimum, std::uint64_t maximum);

/// `auto`, which reads as nothing, or a number of bytes with its unit.
type<std::optional<std::uint64_t>> automatic_or_bytes(std::uint64_t minimum,
                                                      std::uint64_t maximum);

/// A number of processor cores, in thousandths: "2", "0.5".
type<std::uint64_t> cores(std::uint64_t minimum, std::uint64_t maximum);

/// `auto`, which reads as nothing, or a number of cores.
type<std::optional<std::uint64_t>> automatic_or_cores(std::uint64_t minimum,
                                                      std::uint64_t maximum);

/// A number with at most three digits behind the point; the bounds are in
/// thousandths.
type<double> decimal(std::uint64_t minimum, std::uint64_t maximum);

/// A part of something, above 0 and at most 1, to the thousandth: "0.8".
type<double> fraction();

/// Yes or no: `true` or `false`.
type<bool> boolean();

/// Where a server listens, as host:port.
type<endpoint_address> address();

/// A mapping whose fields are known only when another field has been read.
/// Reads nothing: who knows the other field reads it later.
type<std::monostate> open_mapping(std::string expected);

/// Any scalar; its meaning is checked later.
type<std::string> word(std::string expected);

/// The texts of a choice, for the type-erased part of it.
type<std::size_t> choice_index(std::vector<std::string> names);

/// One of several values of an enumeration, by their names.
template <class E>
type<E> choice(std::vector<E> values) {
  std::vector<std::string> names;
  names.reserve(values.size());
  for (auto value : values)
    names.push_back(to_string(value));
  auto index = choice_index(std::move(names));
  type<E> result;
  result.info = index.info;
  result.read = [values = std::move(values), read = std::move(index.read)](
                  const node& from, reader& in) -> std::optional<E> {
    if (auto i = read(from, in))
      return values[*i];
    return std::nullopt;
  };
  return result;
}

/// A nested section.
template <class T>
type<T> mapping(section<T> fields) {
  auto table = std::make_shared<const section<T>>(std::move(fields));
  type<T> result;
  result.info.type = type_info::kind::mapping;
  result.info.expected = "a mapping";
  result.info.fields = table;
  result.read = [table](const node& from, reader& in) -> std::optional<T> {
    return table->read(from, in);
  };
  return result;
}

/// A list of values of one type.
template <class V>
type<std::vector<V>> list(type<V> element) {
  type<std::vector<V>> result;
  result.info.type = type_info::kind::list;
  result.info.expected = "a list";
  result.info.element = std::make_shared<const type_info>(element.info);
  result.read = [read = std::move(element.read)](
                  const node& from,
                  reader& in) -> std::optional<std::vector<V>> {
    if (from.type != node::kind::sequence) {
      in.mismatch(from, "a list");
      return std::nullopt;
    }
    std::vector<V> values;
    for (std::size_t i = 0; i < from.items.size(); ++i) {
      reader::scope inside{in, i};
      if (auto value = read(from.items[i], in))
        values.push_back(std::move(*value));
    }
    return values;
  };
  return result;
}

/// Values of one type by name, in the order in which they are written.
template <class V>
type<std::vector<std::pair<std::string, V>>> named(type<V> element) {
  type<std::vector<std::pair<std::string, V>>> result;
  result.info.type = type_info::kind::named;
  result.info.expected = "a mapping from names to " + element.info.expected;
  result.info.element = std::make_shared<const type_info>(element.info);
  result.read = [name = name(), expected = result.info.expected,
                 read = std::move(element.read)](const node& from, reader& in)
    -> std::optional<std::vector<std::pair<std::string, V>>> {
    if (from.type != node::kind::mapping) {
      in.mismatch(from, expected);
      return std::nullopt;
    }
    std::vector<std::pair<std::string, V>> values;
    for (std::size_t i = 0; i < from.items.size(); ++i) {
      const auto& key = from.keys[i];
      reader::scope inside{in, key.name};
      auto written = default_node(key.name, key.where);
      written.type = node::kind::scalar;
      auto checked = name.read(written, in);
      auto value = read(from.items[i], in);
      if (checked && value)
        values.emplace_back(std::move(*checked), std::move(*value));
    }
    return values;
  };
  return result;
}

/// A value that remembers where it was written, for checks that come later.
template <class V>
struct located {
  V value{};
  position where;
  std::string path;
};

template <class V>
type<located<V>> locate(type<V> as) {
  return {as.info,
          [read = std::move(as.read)](const node& from,
                                      reader& in) -> std::optional<located<V>> {
            if (auto value = read(from, in))
              return located<V>{std::move(*value), from.where, in.path()};
            return std::nullopt;
          }};
}

} // namespace axiom::deploy::types
