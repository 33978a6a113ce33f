#include "axiom/deploy/node.hpp"

#include <sstream>
#include <unordered_map>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "axiom/observe/printable.hpp"

namespace axiom::deploy {

using observe::in_quotes;

namespace {

/// Ends parsing after a problem that makes going on pointless.
struct stop_parsing {
  bool complete; // whether the document had ended before
};

position to_position(const YAML::Mark& mark) {
  if (mark.is_null())
    return {};
  return {static_cast<std::uint32_t>(mark.line) + 1,
          static_cast<std::uint32_t>(mark.column) + 1};
}

/// Builds the tree from yaml-cpp's events. Its own `YAML::Node` is not used:
/// it drops duplicate keys, resolves aliases and forgets that there were any.
class builder : public YAML::EventHandler {
public:
  builder(const source_text& source, problem_list& problems,
          const document_limits& limits)
    : source_(source), problems_(problems), limits_(limits) {
    // nop
  }

  node take() {
    return std::move(root_);
  }

  // -- overridden: YAML::EventHandler ----------------------------------------

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(started_, true)) {
      report(mark, "a second document (expected one document in the file)");
      throw stop_parsing{true};
    }
  }

  void OnDocumentEnd() override {
    // nop
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    node value;
    value.where = to_position(mark);
    if (expects_key())
      bad_key(value.where, "a key without a name");
    else
      place(std::move(value));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    report(mark, "aliases are not allowed (write the value out)");
    invalid(to_position(mark));
  }

  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    report(mark, "anchors are not allowed (write the value where it is "
                 "needed)");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag,
                YAML::anchor_t, const std::string& value) override {
    const auto where = to_position(mark);
    check_tag(mark, tag);
    check_quotes(where);
    if (expects_key()) {
      // "?" is a plain scalar: a quoted "<<" is an ordinary key.
      if (value == "<<" && tag == "?")
        bad_key(where, "merge keys are not allowed (write the fields out)");
      else
        add_key(value, where);
      return;
    }
    node scalar;
    scalar.type = node::kind::scalar;
    scalar.where = where;
    scalar.text = value;
    place(std::move(scalar));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                       YAML::anchor_t, YAML::EmitterStyle::value) override {
    open(mark, tag, node::kind::sequence);
  }

  void OnSequenceEnd() override {
    close();
  }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag,
                  YAML::anchor_t, YAML::EmitterStyle::value) override {
    open(mark, tag, node::kind::mapping);
  }

  void OnMapEnd() override {
    close();
  }

private:
  struct frame {
    node value;
    std::unordered_map<std::string, position> seen; // keys of a mapping
    node::key pending;
    bool has_key = false;
    bool dropped = false; // the value belongs to a key that was refused
    bool is_key = false;  // this collection stands where a key should
  };

  void report(const YAML::Mark& mark, std::string what) {
    report(to_position(mark), std::move(what));
  }

  void report(position where, std::string what) {
    problems_.add(where, path(), std::move(what));
  }

  /// Where we are, such as tasks[2].with.
  std::string path() const {
    std::string result;
    for (const auto& item : stack_) {
      if (item.value.type == node::kind::sequence) {
        result += '[' + std::to_string(item.value.items.size()) + ']';
      } else if (item.has_key) {
        if (!result.empty())
          result += '.';
        result += item.pending.name;
      }
    }
    return result;
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    // yaml-cpp says "?" for plain and "!" for quoted scalars without a tag.
    if (tag.empty() || tag == "?" || tag == "!")
      return;
    report(mark, "tag " + in_quotes(tag)
                   + " is not allowed (the field decides the type)");
  }

  /// yaml-cpp takes the end of the file for the end of a quoted value.
  void check_quotes(position where) {
    const auto text = source_.text_at(where);
    if (text.empty() || (text.front() != '"' && text.front() != '\''))
      return;
    const char quote = text.front();
    for (std::size_t i = 1; i < text.size(); ++i) {
      if (quote == '"' && text[i] == '\\') {
        ++i;
      } else if (text[i] == quote) {
        if (quote == '"' || i + 1 == text.size() || text[i + 1] != quote)
          return;
        ++i; // two single quotes are one
      }
    }
    report(where, "a quoted value that does not end (expected a closing "
                    + std::string{quote} + ')');
  }

  bool expects_key() const {
    return !stack_.empty()
           && stack_.back().value.type == node::kind::mapping
           && !stack_.back().has_key;
  }

  void add_key(const std::string& name, position where) {
    auto& top = stack_.back();
    auto [first, added] = top.seen.try_emplace(name, where);
    if (!added) {
      top.pending = {name, where};
      top.has_key = true;
      top.dropped = true;
      problems_.add(where, path(),
                    "duplicate key " + in_quotes(name) + " (first on line "
                      + std::to_string(first->second.line) + ')');
      return;
    }
    top.pending = {name, where};
    top.has_key = true;
    top.dropped = false;
  }

  void bad_key(position where, std::string what) {
    report(where, std::move(what));
    auto& top = stack_.back();
    top.pending = {{}, where};
    top.has_key = true;
    top.dropped = true;
  }

  void invalid(position where) {
    if (expects_key()) {
      auto& top = stack_.back();
      top.pending = {{}, where};
      top.has_key = true;
      top.dropped = true;
      return;
    }
    node value;
    value.type = node::kind::invalid;
    value.where = where;
    place(std::move(value));
  }

  void open(const YAML::Mark& mark, const std::string& tag,
            node::kind type) {
    check_tag(mark, tag);
    if (stack_.size() >= limits_.depth) {
      report(mark, "nested too deeply (expected at most "
                     + std::to_string(limits_.depth) + " levels)");
      throw stop_parsing{false};
    }
    frame next;
    next.is_key = expects_key();
    if (next.is_key)
      report(mark, "a key that is " + std::string{describe(type)}
                     + " (expected a name)");
    next.value.type = type;
    next.value.where = to_position(mark);
    stack_.push_back(std::move(next));
  }

  void close() {
    auto done = std::move(stack_.back());
    stack_.pop_back();
    if (done.is_key)
      invalid(done.value.where);
    else
      place(std::move(done.value));
  }

  void place(node value) {
    if (stack_.empty()) {
      root_ = std::move(value);
      return;
    }
    auto& top = stack_.back();
    if (top.value.type == node::kind::mapping) {
      top.has_key = false;
      if (std::exchange(top.dropped, false))
        return;
      // What stands behind a key but is not there is best shown at the key.
      if (value.type == node::kind::null)
        value.where = top.pending.where;
      top.value.keys.push_back(std::move(top.pending));
    }
    top.value.items.push_back(std::move(value));
  }

  const source_text& source_;
  problem_list& problems_;
  const document_limits& limits_;
  std::vector<frame> stack_;
  node root_;
  bool started_ = false;
};

/// Refuses what yaml-cpp would mistake or pass on: bytes that are not UTF-8,
/// and control characters (0x04 is its end of file). Returns whether the text
/// can be parsed.
bool check_characters(const source_text& source, problem_list& problems) {
  const std::string_view text{source.text()};
  for (std::size_t i = 0; i < text.size();) {
    const auto length = observe::utf8_length(text, i);
    const auto c = static_cast<unsigned char>(text[i]);
    if (length == 0) {
      problems.add(source.locate(i), {},
                   "not UTF-8 (byte " + in_quotes(text.substr(i, 1)) + ")");
      return false;
    }
    if ((c < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7F) {
      problems.add(source.locate(i), {},
                   "control character " + in_quotes(text.substr(i, 1))
                     + " (write it as an escape in double quotes)");
      return false;
    }
    i += length;
  }
  return true;
}

} // namespace

const node* node::find(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (keys[i].name == name)
      return &items[i];
  return nullptr;
}

std::string_view describe(node::kind type) noexcept {
  switch (type) {
    case node::kind::null:
      return "nothing";
    case node::kind::scalar:
      return "a value";
    case node::kind::sequence:
      return "a list";
    case node::kind::mapping:
      return "a mapping";
    case node::kind::invalid:
      break;
  }
  return "something invalid";
}

std::optional<node> parse_document(const source_text& source,
                                   problem_list& problems,
                                   const document_limits& limits) {
  if (source.text().size() > limits.bytes) {
    problems.add({}, {},
                 "too large: " + std::to_string(source.text().size())
                   + " bytes (expected at most "
                   + std::to_string(limits.bytes) + ")");
    return std::nullopt;
  }
  if (!check_characters(source, problems))
    return std::nullopt;
  builder handler{source, problems, limits};
  try {
    std::istringstream in{source.text()};
    YAML::Parser parser{in};
    if (!parser.HandleNextDocument(handler)) {
      problems.add({}, {}, "the file is empty (expected a deployment)");
      return std::nullopt;
    }
    // Once more, only to refuse a second document: never in a loop, because
    // some broken inputs make yaml-cpp report documents for ever.
    parser.HandleNextDocument(handler);
  } catch (const stop_parsing& stop) {
    if (!stop.complete)
      return std::nullopt; // reported where it was thrown
  } catch (const YAML::Exception& err) {
    problems.add(to_position(err.mark), {}, "not YAML: " + err.msg);
    return std::nullopt;
  }
  return handler.take();
}

} // namespace axiom::deploy
