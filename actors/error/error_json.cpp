#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "axiom/error/error_walk.hpp"
#include "axiom/error/json_text.hpp"

namespace axiom {

namespace {

void append_field(std::string& out, std::string_view name,
                  std::string_view value) {
  out.append(",\"").append(name).append("\":");
  append_json(out, value);
}

void append_id(std::string& out, std::string_view name, const task_id& id) {
  if (id)
    append_field(out, name, to_string(id));
}

/// Everything of an error but what is in its arrays; the object stays open.
void append_error(std::string& out, const task_error& x) {
  out += "{\"task\":";
  append_json(out, x.task.name);
  append_id(out, "id", x.task.id);
  append_id(out, "parent", x.task.parent);
  append_field(out, "at", iso_8601(x.at));
  const auto& err = x.error.error();
  append_field(out, "category", to_string(err.category()));
  if (auto code = code_of(err))
    append_field(out, "code", to_string(*code));
  else
    out += ",\"code\":" + std::to_string(err.code());
  append_field(out, "text", x.error.what());
}

/// Arrays of objects that nest, opened as errors come and closed when none
/// comes any more.
class nesting {
public:
  explicit nesting(std::string& out) : out_(out) {
    // nop
  }

  void begin(std::size_t depth, bool suppressed) {
    close_from(depth);
    const auto wanted = suppressed ? array::suppressed : array::errors;
    if (depth == 0) {
      if (std::exchange(started_, true))
        out_ += ',';
    } else if (auto& above = open_[depth - 1]; above == wanted) {
      out_ += ',';
    } else {
      if (above != array::none)
        out_ += ']';
      out_ += suppressed ? ",\"suppressed\":[" : ",\"errors\":[";
      above = wanted;
    }
    open_.push_back(array::none);
  }

  /// Closes the objects at this depth and below.
  void close_from(std::size_t depth) {
    for (; open_.size() > depth; open_.pop_back())
      out_ += open_.back() == array::none ? "}" : "]}";
  }

private:
  enum class array { none, errors, suppressed };

  std::string& out_;
  std::vector<array> open_; ///< of each object, the array that is not closed
  bool started_ = false;
};

} // namespace

std::string to_json(const concurrent_errors& errors, std::size_t limit) {
  std::string result = "{\"errors\":[";
  nesting objects{result};
  std::size_t seen = 0;
  for (error_walk at{errors.errors()}; at.next();) {
    if (seen++ >= limit)
      continue; // only count
    objects.begin(at.depth(), at.suppressed());
    append_error(result, at.error());
  }
  objects.close_from(0);
  result += "],\"total\":" + std::to_string(errors.total());
  result += ",\"omitted\":" + std::to_string(seen > limit ? seen - limit : 0);
  result += '}';
  return result;
}

} // namespace axiom
