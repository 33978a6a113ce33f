#pragma once

#include <type_traits>

#include "axiom/error/failure.hpp"

namespace axiom {

/// Whether an error may pass by itself, so that it makes sense to try again.
///
/// Not so are cancellations; what says that the program or its caller is wrong
/// (`errc::invalid_argument`, `self_join`, `empty_handle` and their kin,
/// `std::logic_error`, `caf::sec::unexpected_message`); what will stay as it is
/// (`errc::scope_closed`, `exceeds_capacity`, `not_installed`); and
/// `errc::retries_exhausted` and `restarts_exhausted`, since somebody nearer to
/// the trouble has tried already. Of several errors each has to be transient,
/// those that others suppress left aside.
bool is_transient(const failure& why);

/// A condition on errors, by reference: a function, a closure without captures,
/// or a named object that outlives the use. Without one, or with an empty one
/// (a null pointer, an empty `std::function`), it is `is_transient`.
///
/// It owns nothing, and is trivially copyable, for the options it is part of
/// are written inside `co_await` expressions, where g++ 12 destroys a member
/// that owns something twice (GCC bug 101367).
class error_filter {
public:
  using function = bool (*)(const failure&);

  constexpr error_filter() noexcept = default;

  template <class F>
    requires std::is_convertible_v<F, function>
  constexpr error_filter(F f) noexcept {
    if (const function given = f; given != nullptr)
      function_ = given;
  }

  template <class F>
    requires(
      !std::is_convertible_v<
        F, function> && !std::is_same_v<std::remove_const_t<F>, error_filter>)
  constexpr error_filter(F& f) noexcept
    : object_(&f), call_([](const void* object, const failure& why) -> bool {
        const auto& condition = *static_cast<const F*>(object);
        if constexpr (requires { bool(condition == nullptr); })
          if (condition == nullptr)
            return is_transient(why);
        return condition(why);
      }) {
    // nop
  }

  bool operator()(const failure& why) const {
    return call_ != nullptr ? call_(object_, why) : function_(why);
  }

private:
  function function_ = &is_transient;
  const void* object_ = nullptr;
  bool (*call_)(const void*, const failure&) = nullptr;
};

} // namespace axiom
