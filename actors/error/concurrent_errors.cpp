#include "axiom/error/concurrent_errors.hpp"

#include <algorithm>

namespace axiom {

namespace {

std::string summary(const std::vector<task_error>& errors) {
  auto& first = errors.front();
  auto result = quoted(first.task.name);
  result.append(": ").append(first.error.what());
  if (errors.size() > 1)
    result.append(" (and ")
      .append(std::to_string(errors.size() - 1))
      .append(" more)");
  return result;
}

bool any_matches(std::span<const task_error> errors, errc code) noexcept {
  return std::any_of(errors.begin(), errors.end(), [code](const auto& x) {
    if (x.error.is(code) || any_matches(x.suppressed, code))
      return true;
    auto* below = x.nested();
    return below != nullptr && any_matches(below->errors(), code);
  });
}

/// Prints a tree of errors line by line, counting what is beyond the limit.
class tree_printer {
public:
  explicit tree_printer(std::size_t limit) : limit_(limit) {
    // nop
  }

  void print(std::span<const task_error> errors, std::size_t depth,
             const char* label) {
    for (auto& x : errors) {
      auto* below = x.nested();
      if (lines_++ < limit_) {
        text_.append(2 * depth, ' ').append(label).append(x.task.name);
        text_.append(": ");
        if (below != nullptr)
          text_.append(std::to_string(below->size())).append(" failed below it");
        else
          text_.append(x.error.what());
        text_ += '\n';
      }
      if (below != nullptr)
        print(below->errors(), depth + 1, "");
      print(x.suppressed, depth + 1, "suppressed: ");
    }
  }

  std::string finish() && {
    if (lines_ > limit_)
      text_.append("... and ")
        .append(std::to_string(lines_ - limit_))
        .append(" more\n");
    return std::move(text_);
  }

private:
  std::size_t limit_;
  std::size_t lines_ = 0;
  std::string text_;
};

std::vector<task_error> by_time(std::vector<task_error> errors) {
  std::stable_sort(errors.begin(), errors.end(),
                   [](auto& a, auto& b) { return a.at < b.at; });
  return errors;
}

} // namespace

const concurrent_errors* task_error::nested() const noexcept {
  if (!error.cause() || !error.is(errc::concurrent_errors))
    return nullptr;
  try {
    std::rethrow_exception(error.cause());
  } catch (const concurrent_errors& ex) {
    return &ex; // kept alive by the shared exception object
  } catch (...) {
    return nullptr;
  }
}

concurrent_errors::concurrent_errors(std::vector<task_error> errors)
  : concurrent_errors(std::make_shared<const std::vector<task_error>>(
    by_time(std::move(errors)))) {
  // nop
}

concurrent_errors::concurrent_errors(
  std::shared_ptr<const std::vector<task_error>> errors)
  : exception(errc::concurrent_errors, summary(*errors)),
    errors_(std::move(errors)) {
  // nop
}

bool concurrent_errors::matches(errc code) const noexcept {
  return any_matches(errors(), code);
}

std::string to_string(const concurrent_errors& errors, std::size_t limit) {
  tree_printer printer{limit};
  printer.print(errors.errors(), 0, "");
  return std::move(printer).finish();
}

failure to_failure(concurrent_errors errors) {
  auto err = errors.error();
  return failure{std::move(err), std::make_exception_ptr(std::move(errors))};
}

failure with_suppressed(const failure& primary, const task_reference& who,
                        std::vector<task_error> suppressed) {
  std::vector<task_error> all;
  all.push_back(
    {who, primary, timestamp::clock::now(), std::move(suppressed)});
  return to_failure(concurrent_errors{std::move(all)});
}

} // namespace axiom
