#include "exporter/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "exporter/config_file.h"
#include "exporter/config_message.h"
#include "exporter/config_tree.h"
#include "exporter/config_values.h"
#include "exporter/limits.h"
#include "exporter/spelling.h"

namespace upkeep {

struct ConfigDocument::State {
  std::string name, text;
  std::unique_ptr<ConfigNode> root = std::make_unique<ConfigNode>();
  std::vector<ConfigMistake> mistakes;
  bool usable = true;  // false: nothing was understood, so nothing that reading misses is worth a word
};

namespace {

using Kind = ConfigNode::Kind;

std::string_view describe(const ConfigNode& node) {
  switch (node.kind) {
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a map";
    default:
      return "nothing";
  }
}

// Keys nobody asked for, in all maps that somebody read.
void add_unknown_keys(const ConfigNode& node, std::vector<ConfigMistake>& mistakes) {
  for (const auto& item : node.items) add_unknown_keys(*item, mistakes);
  if (!node.read_as_map) return;
  std::vector<std::string_view> known;
  for (const auto& [key, child] : node.entries) {
    if (child->read) known.push_back(key);
  }
  for (const auto& [key, child] : node.entries) {
    if (child->read) {
      add_unknown_keys(*child, mistakes);
    } else {
      mistakes.push_back({child->key_at, child->path() + ": unknown key" + did_you_mean(key, known)});
    }
  }
}

void add_absent_keys(const ConfigNode& node, std::vector<std::string>& paths) {
  if (node.kind == Kind::kAbsent && node.entries.empty() && node.read) paths.push_back(node.path());
  for (const auto& item : node.items) add_absent_keys(*item, paths);
  for (const auto& [key, child] : node.entries) add_absent_keys(*child, paths);
}

}  // namespace

ConfigDocument::ConfigDocument(std::string name, std::string text) : state_(std::make_unique<State>()) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  State& state = *state_;
  state.name = std::move(name);
  state.text = std::move(text);
  state.mistakes = parse_config_tree(state.text, *state.root, state.usable);
  const Kind kind = state.root->kind;
  if (state.usable && kind != Kind::kMap && kind != Kind::kNull) {
    if (kind != Kind::kUnusable) state.mistakes.push_back({state.root->value_at, "a map expected, \"key: value\""});
    state.usable = false;
  }
  if (!state.usable) state.root = std::make_unique<ConfigNode>();
}

ConfigDocument::~ConfigDocument() = default;

ConfigReader ConfigDocument::root() {
  state_->root->read_as_map = true;
  return {this, state_->root.get()};
}

std::vector<std::string> ConfigDocument::mistakes() const {
  std::vector<ConfigMistake> mistakes = state_->mistakes;
  add_unknown_keys(*state_->root, mistakes);
  return render_mistakes(state_->name, state_->text, std::move(mistakes));
}

std::vector<std::string> ConfigDocument::absent_keys() const {
  std::vector<std::string> paths;
  add_absent_keys(*state_->root, paths);
  return paths;
}

bool ConfigReader::has(std::string_view key) const {
  const auto entry = node_->entries.find(key);
  return entry != node_->entries.end() && entry->second->kind != Kind::kAbsent;
}

std::string ConfigReader::path() const { return node_->path(); }

void ConfigReader::add(const ConfigNode& node, std::string_view message) {
  ConfigDocument::State& state = *document_->state_;
  if (!state.usable) return;
  const std::string path = node.path();
  state.mistakes.push_back({node.place_of_value(), fmt::format("{}{}{}", path, path.empty() ? "" : ": ", message)});
}

void ConfigReader::add_value(const ConfigNode& node, std::string_view expected) {
  add(node, fmt::format("{}, not '{}'", expected, shortened(node.text)));
}

void ConfigReader::mistake(std::string_view key, std::string_view message) {
  add(key.empty() ? *node_ : find(key), message);
}

std::size_t ConfigReader::mistakes_so_far() const { return document_->state_->mistakes.size(); }

// The node of `key`, made when there is none: so that its place and path are known, and that it was asked for.
ConfigNode& ConfigReader::find(std::string_view key) {
  auto entry = node_->entries.find(key);
  if (entry == node_->entries.end()) {
    entry = node_->entries.emplace(key, std::make_unique<ConfigNode>(node_, std::string(key))).first;
  }
  entry->second->read = true;
  return *entry->second;
}

bool ConfigReader::holds_text(const ConfigNode& node, std::string_view expected) {
  if (node.kind == Kind::kText) return true;
  if (node.kind != Kind::kAbsent && node.kind != Kind::kUnusable)
    add(node, fmt::format("{} expected, not {}", expected, describe(node)));
  return false;
}

// The node of `key` when it holds a text of whatever meaning; null when it is absent or a mistake.
ConfigNode* ConfigReader::value(std::string_view key, std::string_view expected) {
  ConfigNode& node = find(key);
  return holds_text(node, expected) ? &node : nullptr;
}

// The words that YAML's readers disagree about are not texts, lest `name: false` mean something else than it says.
bool ConfigReader::is_text(const ConfigNode& node) {
  const bool word = node.is_word("true") || node.is_word("false");
  if (word) add(node, fmt::format("a text expected; write '{}'", node.text));
  return !word && holds_text(node, "a text");
}

std::string ConfigReader::text(std::string_view key, std::string_view fallback) {
  const ConfigNode& node = find(key);
  return is_text(node) ? node.text : std::string(fallback);
}

std::string ConfigReader::required_text(std::string_view key) {
  const ConfigNode& node = find(key);
  const bool in_map = node_->kind != Kind::kText && node_->kind != Kind::kList;
  if (node.kind == Kind::kAbsent && in_map) add(node, "required, but missing");
  if (!is_text(node)) return {};
  if (node.text.empty()) add(node, "must not be empty");
  return node.text;
}

std::string ConfigReader::choice(std::string_view key, std::string_view fallback,
                                 std::initializer_list<std::string_view> choices) {
  const std::string expected = fmt::format("one of {} expected", fmt::join(choices, ", "));
  const ConfigNode* node = value(key, fmt::format("one of {}", fmt::join(choices, ", ")));
  if (node == nullptr) return std::string(fallback);
  if (std::find(choices.begin(), choices.end(), node->text) != choices.end()) return node->text;
  add(*node, fmt::format("{}, not '{}'{}", expected, shortened(node->text),
                         did_you_mean(node->text, {choices.begin(), choices.end()})));
  return std::string(fallback);
}

bool ConfigReader::boolean(std::string_view key, bool fallback) {
  const ConfigNode* node = value(key, "true or false");
  if (node == nullptr) return fallback;
  if (node->is_word("true")) return true;
  if (node->is_word("false")) return false;
  add_value(*node, "true or false expected");
  return fallback;
}

std::int64_t ConfigReader::integer(std::string_view key, std::int64_t fallback, std::int64_t min, std::int64_t max) {
  const ConfigNode* node = value(key, "a whole number");
  if (node == nullptr) return fallback;
  const auto number =
      node->quoted ? fail(ErrorCode::kParse, "a number without quotes expected") : parse_integer(node->text);
  if (number && *number >= min && *number <= max) return *number;
  add_value(*node, number ? fmt::format("a number from {} to {} expected", min, max) : number.error().message);
  return fallback;
}

std::chrono::milliseconds ConfigReader::duration(std::string_view key, std::chrono::milliseconds fallback,
                                                 std::chrono::milliseconds min) {
  const ConfigNode* node = value(key, "a duration");
  if (node == nullptr) return fallback;
  const auto duration = parse_duration(node->text);
  if (duration && *duration >= min) return *duration;
  add_value(*node, duration ? fmt::format("at least {} expected", format_duration(min)) : duration.error().message);
  return fallback;
}

std::uint64_t ConfigReader::size(std::string_view key, std::uint64_t fallback) {
  const ConfigNode* node = value(key, "a size");
  if (node == nullptr) return fallback;
  const auto size = parse_size(node->text);
  if (size) return *size;
  add_value(*node, size.error().message);
  return fallback;
}

std::optional<Pattern> ConfigReader::pattern(std::string_view key, std::string_view fallback) {
  const ConfigNode* node = value(key, "a regular expression");
  const std::string expression = node == nullptr ? std::string(fallback) : node->text;
  if (expression.empty()) return std::nullopt;
  auto compiled = Pattern::compile(expression);
  if (compiled) return *std::move(compiled);
  add(find(key), "not a regular expression: " + shortened(compiled.error().message));
  return std::nullopt;
}

NameFilter ConfigReader::filter(std::string_view key, std::string_view include, std::string_view exclude) {
  ConfigReader map = section(key);
  auto included = map.pattern("include", include);
  return {std::move(included), map.pattern("exclude", exclude)};
}

std::vector<std::string> ConfigReader::texts(std::string_view key, std::vector<std::string> fallback) {
  const ConfigNode& node = find(key);
  if (node.kind == Kind::kText) return is_text(node) ? std::vector{node.text} : std::move(fallback);
  if (node.kind != Kind::kList) {
    holds_text(node, "a text or a list of texts");
    return fallback;
  }
  std::vector<std::string> texts;
  for (const auto& item : node.items) {
    if (is_text(*item)) texts.push_back(item->text);
  }
  return texts;
}

std::vector<std::string> ConfigReader::choices(std::string_view key, std::span<const std::string_view> choices) {
  std::vector<std::string> chosen = texts(key);
  const ConfigNode& node = find(key);
  std::erase_if(chosen, [&](const std::string& word) { return std::ranges::find(choices, word) == choices.end(); });
  const auto check = [&](const ConfigNode& word) {
    if (word.kind != Kind::kText || std::ranges::find(choices, word.text) != choices.end()) return;
    add(word, fmt::format("unknown name '{}'{}", shortened(word.text), did_you_mean(word.text, choices)));
  };
  check(node);
  for (const auto& item : node.items) check(*item);
  return chosen;
}

std::optional<Secret> ConfigReader::secret_file(std::string_view key) {
  const ConfigNode* node = value(key, "the path of a file");
  if (node == nullptr) return std::nullopt;
  if (!node->text.starts_with('/')) {
    add(*node, "the absolute path of a file expected");  // what stands there may be the secret itself
    return std::nullopt;
  }
  auto secret = read_secret_file(node->text);
  if (secret) return *std::move(secret);
  add(*node, secret.error().message);
  return std::nullopt;
}

ConfigReader ConfigReader::section(std::string_view key) {
  ConfigNode& node = find(key);
  node.read_as_map = true;
  const bool wrong = (node.kind == Kind::kText || node.kind == Kind::kList) && !node.switched_off;
  if (wrong && node.kind == Kind::kText) add_value(node, "a map expected");
  if (wrong && node.kind == Kind::kList) add(node, "a map expected, not a list");
  return {document_, &node};
}

std::vector<std::string> ConfigReader::keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, child] : node_->entries) {
    if (child->kind != Kind::kAbsent) keys.push_back(key);
  }
  return keys;
}

std::vector<ConfigReader> ConfigReader::sections(std::string_view key) {
  ConfigNode& node = find(key);
  if (node.kind == Kind::kMap) add(node, "a list of maps expected, not a map");
  if (node.kind == Kind::kText && !node.switched_off) add_value(node, "a list of maps expected");
  std::vector<ConfigReader> maps;
  for (const auto& item : node.items) {
    item->read_as_map = true;
    if (item->kind == Kind::kMap) {
      maps.push_back({document_, item.get()});
    } else if (item->kind == Kind::kText) {
      add_value(*item, "a map expected");
    } else if (item->kind != Kind::kUnusable) {
      add(*item, fmt::format("a map expected, not {}", describe(*item)));
    }
  }
  return maps;
}

bool ConfigReader::switched_off(std::string_view key) {
  ConfigNode& node = find(key);
  if (node.is_word("true")) node.kind = Kind::kNull;
  if (node.is_word("false")) node.switched_off = true;
  return node.switched_off;
}

}  // namespace upkeep
