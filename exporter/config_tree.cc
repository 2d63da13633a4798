#include "exporter/config_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>

#include "exporter/limits.h"
#include "exporter/text.h"
#include "exporter/utf8.h"

namespace upkeep {
namespace {

ConfigPlace place_of(const YAML::Mark& mark) {
  if (mark.line < 0 || mark.column < 0) return {};
  return {static_cast<std::size_t>(mark.line), static_cast<std::size_t>(mark.column)};
}

// Whether the quoted text that `text` begins with ends: yaml-cpp takes the end of the file for a closing quote.
bool quote_closes(std::string_view text) {
  if (text.empty()) return true;
  const char quote = text.front();
  if (quote != '"' && quote != '\'') return true;  // a block of text
  std::string_view rest = text.substr(1);
  while (!rest.empty()) {
    const bool pair = (quote == '"' && rest[0] == '\\') || (quote == '\'' && rest.starts_with("''"));
    if (!pair && rest[0] == quote) return true;
    rest.remove_prefix(std::min<std::size_t>(pair ? 2 : 1, rest.size()));
  }
  return false;
}

// Where the next line begins; npos after the last one.
std::size_t next_line(std::string_view text, std::size_t begin) {
  const std::size_t end = text.find('\n', begin);
  return end == std::string_view::npos ? end : end + 1;
}

// Builds the tree from the parser's events, without recursion. Once a limit is reached, or a quote has swallowed the
// rest, what comes is ignored.
class Builder final : public YAML::EventHandler {
 public:
  Builder(std::string_view text, ConfigNode& root, std::vector<ConfigMistake>& mistakes)
      : text_(text), root_(root), mistakes_(mistakes) {
    for (std::size_t begin = 0; begin != std::string_view::npos; begin = next_line(text, begin))
      lines_.push_back(begin);
  }

  [[nodiscard]] bool gave_up() const { return gave_up_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 2) add(mark, "a second document begins here; one was expected");
  }
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    if (listening()) add(mark, "anchors (&) are not supported; write the value where it is used");
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    if (!listening()) return;
    add(mark, "aliases (*) are not supported; write the value out");
    if (expects_key()) return take_key(mark, "", false);
    if (ConfigNode* node = place_value(mark)) node->kind = ConfigNode::Kind::kUnusable;
  }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    if (!listening()) return;
    if (expects_key()) {
      add(mark, "a key expected");
      return take_key(mark, "", false);
    }
    ConfigNode* node = place_value(mark);
    if (node == nullptr) return;
    node->kind = ConfigNode::Kind::kNull;
    const bool in_list = node->parent != nullptr && node->parent->kind == ConfigNode::Kind::kList;
    if (in_list) node->key_at = node->parent->value_at;  // `mark` is that of whatever comes next
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& value) override {
    if (!listening()) return;
    const bool quoted = tag == "!";
    check_tag(mark, tag);
    if (value.find('\0') != std::string::npos) add(mark, "a text cannot hold a NUL character");
    if (quoted && !quote_closes(text_from(place_of(mark)))) return stop(mark, "the quote that opens here never closes");
    if (expects_key()) {
      const bool merge = value == "<<" && !quoted;
      if (merge) add(mark, "merge keys (<<) are not supported; write the keys out");
      return take_key(mark, value, !merge);
    }
    ConfigNode* node = place_value(mark);
    if (node == nullptr) return;
    node->kind = ConfigNode::Kind::kText;
    node->text = value;
    node->quoted = quoted;
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, ConfigNode::Kind::kList);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open(mark, tag, ConfigNode::Kind::kMap);
  }
  void OnMapEnd() override { close(); }

 private:
  // A list or map that has begun and not ended.
  struct Frame {
    ConfigNode* node;
    std::string key;     // of the value that comes next
    ConfigPlace key_at;  // of that key
    bool has_key = false;
    bool key_usable = false;
  };

  [[nodiscard]] bool listening() const { return documents_ == 1 && !gave_up_; }
  [[nodiscard]] bool expects_key() const {
    return !open_.empty() && open_.back().node->kind == ConfigNode::Kind::kMap && !open_.back().has_key;
  }

  void add(const YAML::Mark& mark, std::string message) { mistakes_.push_back({place_of(mark), std::move(message)}); }

  void stop(const YAML::Mark& mark, std::string message) {
    add(mark, std::move(message));
    gave_up_ = true;
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    const bool none = tag.empty() || tag == "?" || tag == "!";
    if (!none) add(mark, "tags (!) are not supported");
  }

  [[nodiscard]] std::string_view text_from(ConfigPlace place) const {
    if (place.line >= lines_.size()) return {};
    return text_.substr(std::min(lines_[place.line] + place.column, text_.size()));
  }

  // The value of a key that is not usable is read and forgotten.
  void take_key(const YAML::Mark& mark, const std::string& key, bool usable) {
    Frame& frame = open_.back();
    frame.key = key;
    frame.key_at = place_of(mark);
    frame.has_key = true;
    frame.key_usable = usable;
  }

  // The node for the value that begins at `mark`, in its place in the tree. Null: one too many.
  ConfigNode* place_value(const YAML::Mark& mark) {
    if (++nodes_ > limits::kConfigNodes) {
      stop(mark, fmt::format("more than {} values", limits::kConfigNodes));
      return nullptr;
    }
    ConfigNode* node = open_.empty() ? &root_ : in_parent(open_.back(), place_of(mark));
    node->value_at = place_of(mark);
    return node;
  }

  ConfigNode* in_parent(Frame& frame, ConfigPlace at) {
    ConfigNode& parent = *frame.node;
    if (parent.kind == ConfigNode::Kind::kList) {
      parent.items.push_back(std::make_unique<ConfigNode>(&parent, fmt::format("[{}]", parent.items.size())));
      parent.items.back()->key_at = at;
      return parent.items.back().get();
    }
    frame.has_key = false;
    auto node = std::make_unique<ConfigNode>(&parent, frame.key);
    node->key_at = frame.key_at;
    if (!frame.key_usable) return forget(std::move(node));
    const auto [entry, first] = parent.entries.try_emplace(frame.key, nullptr);
    if (!first) {
      const std::size_t line = entry->second->key_at.line + 1;
      mistakes_.push_back({frame.key_at, fmt::format("{}: repeated key, first on line {}", node->path(), line)});
      return forget(std::move(node));
    }
    entry->second = std::move(node);
    return entry->second.get();
  }

  ConfigNode* forget(std::unique_ptr<ConfigNode> node) {
    forgotten_.push_back(std::move(node));
    return forgotten_.back().get();
  }

  void open(const YAML::Mark& mark, const std::string& tag, ConfigNode::Kind kind) {
    if (!listening()) return;
    check_tag(mark, tag);
    if (expects_key()) {
      // The parser reads on inside the key, and so does this, into a node that nobody sees.
      add(mark, "a key must be a text");
      take_key(mark, "", false);
      ConfigNode* node = forget(std::make_unique<ConfigNode>(open_.back().node, ""));
      node->kind = kind;
      open_.push_back({.node = node, .key = {}, .key_at = {}});
    } else if (ConfigNode* node = place_value(mark)) {
      node->kind = kind;
      open_.push_back({.node = node, .key = {}, .key_at = {}});
    }
    if (open_.size() > limits::kConfigDepth)
      stop(mark, fmt::format("more than {} levels of lists and maps", limits::kConfigDepth));
  }
  void close() {
    if (listening()) open_.pop_back();
  }

  const std::string_view text_;
  std::vector<std::size_t> lines_;  // where each begins
  ConfigNode& root_;
  std::vector<ConfigMistake>& mistakes_;
  std::vector<Frame> open_;
  std::vector<std::unique_ptr<ConfigNode>> forgotten_;
  std::size_t documents_ = 0;
  std::size_t nodes_ = 0;
  bool gave_up_ = false;
};

// What no YAML may hold, and what yaml-cpp would take for something else.
std::vector<ConfigMistake> check_bytes(std::string_view text) {
  std::size_t number = 0;
  for (std::string_view line : Lines(text)) {
    if (!is_utf8(line)) return {{{number, 0}, "this line is not UTF-8 text"}};
    if (line.ends_with('\r')) line.remove_suffix(1);
    for (std::size_t column = 0; column < line.size(); ++column) {
      const auto c = static_cast<unsigned char>(line[column]);
      if ((c < 0x20 && c != '\t') || c == 0x7F)
        return {{{number, column}, fmt::format("a control character (0x{:02x}) in the file", c)}};
    }
    ++number;
  }
  return {};
}

bool indented_by_tab(std::string_view line) {
  const std::string_view indent = line.substr(0, line.find_first_not_of(" \t"));
  return indent.find('\t') != std::string_view::npos;
}

ConfigMistake syntax_mistake(std::string_view text, const YAML::Exception& error) {
  const ConfigPlace place = place_of(error.mark);
  for (const std::size_t line : {place.line, place.line - (place.line > 0 ? 1 : 0)}) {
    if (indented_by_tab(line_of(text, line))) return {{line, 0}, "a tab in the indentation; YAML knows spaces only"};
  }
  return {place, "not YAML: " + error.msg};
}

}  // namespace

std::string ConfigNode::path() const {
  if (parent == nullptr) return {};
  std::string path = parent->path();
  if (!path.empty() && parent->kind != Kind::kList) path += '.';
  return path + key;
}

ConfigPlace ConfigNode::place() const {
  const ConfigNode* node = this;
  while (node->kind == Kind::kAbsent && node->parent != nullptr) node = node->parent;
  return node->key_at;
}

ConfigPlace ConfigNode::place_of_value() const {
  const bool beside_key = kind != Kind::kAbsent && kind != Kind::kNull && value_at.line == key_at.line;
  return beside_key ? value_at : place();
}

std::string_view line_of(std::string_view text, std::size_t line) {
  for (; line > 0; --line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return text.substr(text.size());
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

std::vector<ConfigMistake> parse_config_tree(std::string_view text, ConfigNode& root, bool& usable) {
  std::vector<ConfigMistake> mistakes = check_bytes(text);
  usable = mistakes.empty();
  if (!usable) return mistakes;
  root.kind = ConfigNode::Kind::kNull;
  Builder builder(text, root, mistakes);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    if (parser.HandleNextDocument(builder)) parser.HandleNextDocument(builder);  // never a third: enough is known
    usable = !builder.gave_up();
  } catch (const YAML::Exception& error) {
    if (!builder.gave_up()) mistakes.push_back(syntax_mistake(text, error));
    usable = false;
  } catch (const std::exception& error) {
    mistakes.push_back({{}, fmt::format("not YAML: {}", error.what())});
    usable = false;
  }
  return mistakes;
}

}  // namespace upkeep
