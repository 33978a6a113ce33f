#include "axiom/error/failure.hpp"

#include <cstdlib>
#include <memory>
#include <cxxabi.h>
#include <typeinfo>

#include "axiom/error/exception.hpp"

namespace axiom {

namespace {

std::string readable_type(const std::type_info& type) {
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> name{
    abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free};
  return status == 0 ? name.get() : type.name();
}

caf::error to_error(const std::exception_ptr& caught) {
  try {
    std::rethrow_exception(caught);
  } catch (const exception& ex) {
    return ex.error();
  } catch (const std::exception& ex) {
    return make_error(errc::unhandled_exception,
                      readable_type(typeid(ex)) + ": " + ex.what());
  } catch (...) {
    return make_error(errc::unhandled_exception,
                      "an exception not derived from std::exception");
  }
}

/// A failure without an error would be a task that has failed and that links
/// take for one that has succeeded.
caf::error not_empty(caf::error err) {
  if (err)
    return err;
  return make_error(errc::invalid_argument,
                    "a failure was made of an empty caf::error, which stands "
                    "for success; give it an error, or return a value");
}

} // namespace

failure::failure(caf::error err) : failure(not_empty(std::move(err)), nullptr) {
  // nop
}

failure failure::from(std::exception_ptr caught) {
  auto err = to_error(caught);
  return {std::move(err), std::move(caught)};
}

void failure::rethrow() const {
  if (data_->thrown)
    std::rethrow_exception(data_->thrown);
  throw exception{data_->error};
}

} // namespace axiom
