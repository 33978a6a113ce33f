#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <boost/container/small_vector.hpp>
#include <caf/meta/type_name.hpp>

namespace axiom {

/// What kind of thing is asked for.
enum class resource_kind : std::uint8_t {
  memory, ///< in bytes
  cpu, ///< in thousandths of a core
  custom ///< in pieces of whatever its name says: licences, GPUs
};

/// So much of one resource: what a request asks for, or what a monitor has.
/// Made by `memory`, `cpu` and `custom`. A value.
class resource_requirement {
public:
  /// Nothing of nothing, for whoever fills it in later.
  resource_requirement() = default;

  resource_requirement(resource_kind kind, std::string name,
                       std::uint64_t amount)
    : kind_(kind), amount_(amount), name_(std::move(name)) {
    // nop
  }

  resource_kind kind() const noexcept {
    return kind_;
  }

  /// "memory", "cpu", or the name of a custom one.
  std::string_view name() const noexcept;

  /// In the unit of the kind.
  std::uint64_t amount() const noexcept {
    return amount_;
  }

  /// Whether `other` is about the same resource.
  bool same_resource(const resource_requirement& other) const noexcept {
    return kind_ == other.kind_ && name() == other.name();
  }

  friend bool operator==(const resource_requirement&,
                         const resource_requirement&) = default;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f,
                                                 resource_requirement& x) {
    return f(caf::meta::type_name("axiom::resource_requirement"), x.kind_,
             x.name_, x.amount_);
  }

private:
  resource_kind kind_ = resource_kind::custom;
  std::uint64_t amount_ = 0;
  std::string name_; ///< of a custom one
};

/// So many bytes.
inline resource_requirement memory(std::uint64_t bytes) {
  return {resource_kind::memory, {}, bytes};
}

/// So many cores, rounded up to a thousandth. Throws `errc::invalid_argument`
/// unless that is a number from 0 to four thousand millions.
resource_requirement cpu(double cores);

/// So many pieces of what `name` stands for.
inline resource_requirement custom(std::string name, std::uint64_t amount) {
  return {resource_kind::custom, std::move(name), amount};
}

/// For people: "64 MiB of memory", "1.5 cpu", "2 of 'licence'".
std::string to_string(const resource_requirement& x);

/// Several of them, asked for at once. A value; allocates nothing for up to
/// four. Not in any order; what is said twice of one resource is added up.
class resource_requirements {
public:
  using storage = boost::container::small_vector<resource_requirement, 4>;
  using const_iterator = storage::const_iterator;

  resource_requirements() = default;

  /// Of one or several; in braces where one of these is expected. (Not from an
  /// initializer_list: g++ 12 cannot compile those inside a co_await
  /// expression.)
  template <std::same_as<resource_requirement>... Ts>
    requires(sizeof...(Ts) > 0)
  resource_requirements(Ts... xs) {
    (list_.push_back(std::move(xs)), ...);
  }

  explicit resource_requirements(std::span<const resource_requirement> list)
    : list_(list.begin(), list.end()) {
    // nop
  }

  void add(resource_requirement x) {
    list_.push_back(std::move(x));
  }

  const_iterator begin() const noexcept {
    return list_.begin();
  }

  const_iterator end() const noexcept {
    return list_.end();
  }

  bool empty() const noexcept {
    return list_.empty();
  }

  std::size_t size() const noexcept {
    return list_.size();
  }

private:
  storage list_;
};

/// "64 MiB of memory and 1 cpu"; "nothing" if there is none.
std::string to_string(const resource_requirements& x);

inline namespace literals {

/// Bytes.
constexpr std::uint64_t operator""_KiB(unsigned long long x) noexcept {
  return x << 10;
}

/// Bytes.
constexpr std::uint64_t operator""_MiB(unsigned long long x) noexcept {
  return x << 20;
}

/// Bytes.
constexpr std::uint64_t operator""_GiB(unsigned long long x) noexcept {
  return x << 30;
}

} // namespace literals

} // namespace axiom
