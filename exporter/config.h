// upkeep.yml, read strictly: unknown, repeated, missing and ill-typed keys are all reported at once, each with
// file:line:column, the line, a caret and a suggestion.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/pattern.h"
#include "exporter/result.h"

namespace upkeep {

// A value that must show up nowhere: no operator<<, no formatter, no conversion. reveal() is the one way in.
class Secret {
 public:
  explicit Secret(std::string value) : value_(std::move(value)) {}
  [[nodiscard]] const std::string& reveal() const { return value_; }

 private:
  std::string value_;
};

class ConfigDocument;
struct ConfigNode;

// A map of the document, or nothing where the key is absent (then every default holds). Reading a key marks it as
// known. A mistake is remembered in the document and the default returned, so that reading goes on and finds the next
// one. Cheap to copy; must not outlive its document.
class ConfigReader {
 public:
  [[nodiscard]] bool has(std::string_view key) const;
  // "collectors.host": where this map is.
  [[nodiscard]] std::string path() const;

  // The words true, false and null are no texts unless they are quoted.
  std::string text(std::string_view key, std::string_view fallback);
  // Neither absent nor empty.
  std::string required_text(std::string_view key);
  // One of `choices`.
  std::string choice(std::string_view key, std::string_view fallback, std::initializer_list<std::string_view> choices);
  bool boolean(std::string_view key, bool fallback);
  std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t min, std::int64_t max);
  // "500ms", "15s", "5m", "26h", "30d", "1w", "1h30m"; a number without unit is a mistake. `min` <= value.
  std::chrono::milliseconds duration(std::string_view key, std::chrono::milliseconds fallback,
                                     std::chrono::milliseconds min = std::chrono::milliseconds(0));
  // "512", "64KiB", "1MiB", "2GiB", "1kB", "1MB": bytes.
  std::uint64_t size(std::string_view key, std::uint64_t fallback);
  // A regular expression. `fallback` must compile; empty means none.
  std::optional<Pattern> pattern(std::string_view key, std::string_view fallback);
  // {include: REGEX, exclude: REGEX} below `key`, each with its default; empty means none.
  NameFilter filter(std::string_view key, std::string_view include, std::string_view exclude);
  // A list of texts; a single text counts as a list of one.
  std::vector<std::string> texts(std::string_view key, std::vector<std::string> fallback = {});
  // The same, each one of `choices`.
  std::vector<std::string> choices(std::string_view key, std::span<const std::string_view> choices);
  // The content of the file named by `key` (an absolute path), without one trailing newline; nothing when the key is
  // absent. No message quotes any of it.
  std::optional<Secret> secret_file(std::string_view key);
  // The map below `key`; an empty one when absent or switched off.
  ConfigReader section(std::string_view key);
  // The keys that are there: of a map whose keys are names.
  [[nodiscard]] std::vector<std::string> keys() const;
  // The list of maps below `key`.
  std::vector<ConfigReader> sections(std::string_view key);
  // Whether the value below `key` is the word `false` (a whole section switched off), which then counts as read. The
  // word `true` may stand there too, and is as good as an empty section.
  bool switched_off(std::string_view key);

  // Remembers a mistake at `key` that only the caller could see; at this map, when the key is absent or empty.
  void mistake(std::string_view key, std::string_view message);
  // How many mistakes the whole document has so far.
  [[nodiscard]] std::size_t mistakes_so_far() const;

 private:
  friend class ConfigDocument;
  ConfigReader(ConfigDocument* document, ConfigNode* node) : document_(document), node_(node) {}
  ConfigNode& find(std::string_view key);
  ConfigNode* value(std::string_view key, std::string_view expected);
  bool holds_text(const ConfigNode& node, std::string_view expected);
  bool is_text(const ConfigNode& node);
  void add(const ConfigNode& node, std::string_view message);
  void add_value(const ConfigNode& node, std::string_view expected);

  ConfigDocument* document_;
  ConfigNode* node_;
};

// Not movable: readers point at it.
class ConfigDocument {
 public:
  // From text; `name` is what messages call the file. Syntax errors are mistakes too: root() is then empty.
  ConfigDocument(std::string name, std::string text);
  ~ConfigDocument();
  ConfigDocument(const ConfigDocument&) = delete;
  ConfigDocument& operator=(const ConfigDocument&) = delete;

  ConfigReader root();
  // Call when every key was read: adds the unknown keys, and returns all mistakes in the order of the file, none twice,
  // each a full message of several lines; at most limits::kConfigMistakes of them. A line that may hold a secret is not
  // shown. Empty: the document is good.
  [[nodiscard]] std::vector<std::string> mistakes() const;
  // The paths of the keys that were asked for and are not there.
  [[nodiscard]] std::vector<std::string> absent_keys() const;

 private:
  friend class ConfigReader;
  struct State;
  std::unique_ptr<State> state_;
};

// The text of a configuration file; errors name the path. Anything but a regular file is kSystem, larger than
// limits::kConfigBytes is kLimit.
Result<std::string> read_config_file(const std::string& path);

}  // namespace upkeep
