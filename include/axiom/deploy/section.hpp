#pragma once

#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "axiom/deploy/field.hpp"

namespace axiom::deploy {

/// The table of a section without its C++ types.
class section_info {
public:
  explicit section_info(std::string doc) : doc_(std::move(doc)) {
    // nop
  }

  const std::string& doc() const noexcept {
    return doc_;
  }

  const std::vector<field_info>& fields() const noexcept {
    return fields_;
  }

  std::vector<std::string> names() const;

protected:
  /// Checks that `from` is a mapping without unknown keys, without fields
  /// missing. Returns whether there is something to read.
  bool check(const node& from, reader& in) const;

  std::string doc_;
  std::vector<field_info> fields_;
};

/// A node as if `text` had been written: `{}`, `[]` or a scalar.
node default_node(const std::string& text, position where);

/// The fields of a mapping that becomes a `T`: one table from which reading,
/// checking, defaults, suggestions and schemas all follow. To add a field is
/// to add a line to it.
template <class T>
class section : public section_info {
public:
  using section_info::section_info;

  /// A field that must be there.
  template <class V, class C>
  section& required(std::string name, V C::*member, type<V> as,
                    std::string doc) {
    return add({std::move(name), std::move(doc), as.info, true, {}},
               member, std::move(as.read));
  }

  /// A field with a default, which is written and read like a value.
  template <class V, class C>
  section& optional(std::string name, V C::*member, type<V> as,
                    std::string default_text, std::string doc) {
    return add({std::move(name), std::move(doc), as.info, false,
                std::move(default_text)},
               member, std::move(as.read));
  }

  /// A field that means something else when it is missing.
  template <class V, class C>
  section& maybe(std::string name, std::optional<V> C::*member, type<V> as,
                 std::string doc) {
    return add({std::move(name), std::move(doc), as.info, false, {}},
               member, std::move(as.read));
  }

  /// Runs after the fields, whether or not all of them were well: for values
  /// that depend on each other. Fields with a mistake hold `V{}`.
  section& then(std::function<void(T&, const node&, reader&)> check) {
    checks_.push_back(std::move(check));
    return *this;
  }

  /// Reads as much as is well, having reported the rest.
  T read(const node& from, reader& in) const {
    T result{};
    if (!check(from, in))
      return result;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      const auto& field = fields_[i];
      reader::scope inside{in, field.name};
      if (const auto* value = from.find(field.name))
        setters_[i](result, *value, in);
      else if (!field.default_text.empty())
        setters_[i](result, default_node(field.default_text, from.where), in);
    }
    for (const auto& check : checks_)
      check(result, from, in);
    return result;
  }

private:
  using setter = std::function<void(T&, const node&, reader&)>;

  template <class M, class C, class R>
  section& add(field_info info, M C::*member, R read) {
    static_assert(std::is_base_of_v<C, T>);
    fields_.push_back(std::move(info));
    setters_.push_back(
      [member, read = std::move(read)](T& into, const node& value,
                                       reader& in) {
        if (auto result = read(value, in))
          into.*member = std::move(*result);
      });
    return *this;
  }

  std::vector<setter> setters_;
  std::vector<std::function<void(T&, const node&, reader&)>> checks_;
};

} // namespace axiom::deploy
