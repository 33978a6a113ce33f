#include "axiom/error/concurrent_errors.hpp"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <utility>

#include "axiom/error/error_walk.hpp"
#include "axiom/error/printable.hpp"

namespace axiom {

namespace {

std::vector<task_error> by_time(std::vector<task_error> errors) {
  std::stable_sort(errors.begin(), errors.end(),
                   [](auto& a, auto& b) { return a.at < b.at; });
  return errors;
}

} // namespace

// -- task_error ---------------------------------------------------------------

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

// -- content ------------------------------------------------------------------

/// What the copies share: the errors, and what is said of them in one line,
/// which is made from that of the errors below, so that a tree costs nothing
/// more for being deep.
struct concurrent_errors::content {
  explicit content(std::vector<task_error> all) : errors(std::move(all)) {
    for (auto& x : errors) {
      auto* below = x.nested();
      total += below != nullptr ? below->total() : 1;
      if (&x == &errors.front())
        describe_first(x, below);
    }
  }

  std::string summary() const {
    // One line whatever the texts consist of; the tree is made so elsewhere.
    auto result = quoted(printable(first_path)) + ": " + printable(first_text);
    if (total > 1)
      result.append(" (and ")
        .append(std::to_string(total - 1))
        .append(" more)");
    return result;
  }

  /// Whether `summary` leaves something out.
  bool has_more() const noexcept {
    return total > 1 || !errors.front().suppressed.empty()
        || errors.front().nested() != nullptr;
  }

  /// The deleter. Errors below may end with it, and those below them: each is
  /// put into a list that the outermost call works off, so that none is
  /// destroyed inside the destructor of another.
  static void destroy(const content* x) noexcept {
    static thread_local const content* waiting = nullptr;
    static thread_local bool busy = false;
    x->next = std::exchange(waiting, x);
    if (std::exchange(busy, true))
      return;
    while (waiting != nullptr) {
      auto* y = waiting;
      waiting = y->next;
      delete y;
    }
    busy = false;
  }

  std::vector<task_error> errors;
  std::size_t total = 0;
  std::string first_path; ///< to the first error that has none below
  std::string first_text;
  std::string first_name; ///< the last of the path
  std::size_t first_depth = 0;

  mutable std::once_flag printed;
  mutable std::string text; ///< written once, by `printed`
  mutable const content* next = nullptr;

private:
  void describe_first(const task_error& x, const concurrent_errors* below) {
    constexpr std::size_t most = 6; // names in a path
    if (below == nullptr) {
      first_path = first_name = x.task.name;
      first_text = x.error.what();
      return;
    }
    auto& from = *below->content_;
    first_depth = from.first_depth + 1;
    first_name = from.first_name;
    first_text = from.first_text;
    first_path = x.task.name
               + (first_depth < most ? "/" + from.first_path
                                     : "/.../" + from.first_name);
  }
};

// -- concurrent_errors --------------------------------------------------------

namespace {

template <class Content>
std::shared_ptr<const Content> make_content(std::vector<task_error> errors) {
  if (errors.empty())
    throw exception{errc::invalid_argument,
                    "concurrent_errors without an error: who has none has "
                    "nothing to throw"};
  return {new Content(by_time(std::move(errors))), &Content::destroy};
}

} // namespace

concurrent_errors::concurrent_errors(std::vector<task_error> errors)
  : concurrent_errors(make_content<content>(std::move(errors))) {
  // nop
}

concurrent_errors::concurrent_errors(std::shared_ptr<const content> x)
  : exception(errc::concurrent_errors, x->summary()), content_(std::move(x)) {
  // nop
}

const char* concurrent_errors::what() const noexcept {
  auto* line = exception::what();
  if (!content_->has_more())
    return line;
  try {
    std::call_once(content_->printed, [&] {
      auto text = std::string{line} + '\n' + to_string(*this);
      text.pop_back(); // the last line break
      content_->text = std::move(text);
    });
    return content_->text.c_str();
  } catch (...) { // no memory
    return line;
  }
}

std::span<const task_error> concurrent_errors::errors() const noexcept {
  return content_->errors;
}

std::size_t concurrent_errors::total() const noexcept {
  return content_->total;
}

bool concurrent_errors::matches(errc code) const noexcept {
  for (error_walk at{errors()}; at.next();)
    if (at.error().error.is(code))
      return true;
  return false;
}

bool concurrent_errors::any_of(
  const std::function<bool(const task_error&)>& holds) const {
  for (error_walk at{errors()}; at.next();)
    if (holds(at.error()))
      return true;
  return false;
}

// -- other views --------------------------------------------------------------

std::vector<flat_error> concurrent_errors::flat() const {
  std::vector<flat_error> result;
  for (error_walk at{errors()}; at.next();)
    if (at.below() == nullptr)
      result.push_back(
        {at.path(), &at.error(), at.depth(), at.within_suppressed()});
  return result;
}

std::vector<flat_error> concurrent_errors::root_causes() const {
  auto result = flat();
  std::erase_if(result, [](auto& x) { return x.suppressed; });
  auto cancelled = [](auto& x) { return x.error->error.is(errc::cancelled); };
  if (!std::all_of(result.begin(), result.end(), cancelled))
    std::erase_if(result, cancelled);
  return result;
}

split_errors concurrent_errors::split(
  const std::function<bool(const task_error&)>& matches) const {
  // One level a scope that is being looked into: what is left of it, and what
  // became of the rest.
  struct level {
    std::span<const task_error> left;
    const task_error* owner; // null for the outermost
    std::vector<task_error> matching{};
    std::vector<task_error> rest{};
  };
  std::vector<level> levels;
  levels.push_back({errors(), nullptr});
  for (;;) {
    auto& here = levels.back();
    if (!here.left.empty()) {
      const auto& error = here.left.front();
      here.left = here.left.subspan(1);
      if (matches(error))
        here.matching.push_back(error);
      else if (auto* below = error.nested())
        levels.push_back({below->errors(), &error});
      else
        here.rest.push_back(error);
      continue;
    }
    auto done = std::move(here);
    levels.pop_back();
    auto part = [&](std::vector<task_error>& errors, bool whole) {
      std::optional<concurrent_errors> result;
      if (errors.empty())
        return result;
      if (whole)
        result = *this;
      else
        result.emplace(std::move(errors));
      return result;
    };
    const auto all_match = done.rest.empty();
    const auto none_match = done.matching.empty();
    if (done.owner == nullptr)
      return {part(done.matching, all_match), part(done.rest, none_match)};
    auto& above = levels.back();
    auto pass_up = [&](std::vector<task_error>& errors, bool whole,
                       std::vector<task_error>& to) {
      if (errors.empty())
        return;
      to.push_back(*done.owner);
      if (!whole)
        to.back().error = to_failure(concurrent_errors{std::move(errors)});
    };
    pass_up(done.matching, all_match, above.matching);
    pass_up(done.rest, none_match, above.rest);
  }
}

// -- failures -----------------------------------------------------------------

failure to_failure(concurrent_errors errors) {
  auto err = errors.error();
  return failure{std::move(err), std::make_exception_ptr(std::move(errors))};
}

failure with_suppressed(const failure& primary, const task_reference& who,
                        std::vector<task_error> suppressed, timestamp at) {
  std::vector<task_error> all;
  all.push_back({who, primary, at, std::move(suppressed)});
  return to_failure(concurrent_errors{std::move(all)});
}

failure with_lost(const failure& primary, const task_reference& who,
                  std::vector<task_error> lost, timestamp at) {
  const task_error top{who, primary, at, {}};
  const auto* several = top.nested();
  if (several == nullptr)
    return with_suppressed(primary, who, std::move(lost), at);
  std::vector<task_error> all{several->errors().begin(),
                              several->errors().end()};
  std::move(lost.begin(), lost.end(),
            std::back_inserter(all.front().suppressed));
  return to_failure(concurrent_errors{std::move(all)});
}

} // namespace axiom
