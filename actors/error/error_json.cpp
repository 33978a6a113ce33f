#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "axiom/error/error_walk.hpp"
#include "axiom/error/printable.hpp"

namespace axiom {

namespace {

void append_text(std::string& out, std::string_view bytes) {
  out += '"';
  for (std::size_t i = 0; i < bytes.size();) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    const auto length = utf8_length(bytes, i);
    if (length == 0) {
      out += "\\ufffd";
      ++i;
      continue;
    }
    if (c == '"' || c == '\\') {
      out += '\\';
      out += bytes[i];
    } else if (c < 0x20 || c == 0x7f) {
      std::array<char, 8> code{};
      std::snprintf(code.data(), code.size(), "\\u%04x", c);
      out += code.data();
    } else {
      out.append(bytes.substr(i, length));
    }
    i += length;
  }
  out += '"';
}

void append_field(std::string& out, std::string_view name,
                  std::string_view value) {
  out.append(",\"").append(name).append("\":");
  append_text(out, value);
}

void append_id(std::string& out, std::string_view name, const task_id& id) {
  if (id)
    append_field(out, name, to_string(id));
}

std::string iso_8601(timestamp at) {
  using namespace std::chrono;
  const auto whole = floor<seconds>(at);
  const auto time = timestamp::clock::to_time_t(whole);
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 64> buf{};
  const auto n =
    std::strftime(buf.data(), buf.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(
    buf.data() + n, buf.size() - n, ".%03dZ",
    static_cast<int>(duration_cast<milliseconds>(at - whole).count()));
  return buf.data();
}

/// Everything of an error but what is in its arrays; the object stays open.
void append_error(std::string& out, const task_error& x) {
  out += "{\"task\":";
  append_text(out, x.task.name);
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
