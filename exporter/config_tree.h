// The tree that a YAML text holds, with the place of everything in it. The only door to yaml-cpp, which accepts more
// than is good for people: repeated keys, aliases, several documents, quotes that never close.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace upkeep {

// Both count from 0, the column in bytes.
struct ConfigPlace {
  std::size_t line = 0, column = 0;
  auto operator<=>(const ConfigPlace&) const = default;
};

struct ConfigMistake {
  ConfigPlace place;
  std::string message;
};

// A value of the document, or one that was asked for and is not there. Stays where it is: children point at it.
struct ConfigNode {
  enum class Kind : std::uint8_t {
    kAbsent,
    kNull,  // a key without value
    kText,
    kList,
    kMap,
    kUnusable,  // already a mistake; reads as absent
  };

  ConfigNode() = default;
  ~ConfigNode() = default;
  ConfigNode(ConfigNode* in, std::string its_key) : parent(in), key(std::move(its_key)) {}
  ConfigNode(const ConfigNode&) = delete;
  ConfigNode& operator=(const ConfigNode&) = delete;

  // "collectors.postgres[0].host"; empty for the root.
  [[nodiscard]] std::string path() const;
  // Where its key is; when it is absent, the key of the map that should have it.
  [[nodiscard]] ConfigPlace place() const;
  // Where its value is, when that is on the line of its key.
  [[nodiscard]] ConfigPlace place_of_value() const;
  // Whether it is the word itself, without quotes.
  [[nodiscard]] bool is_word(std::string_view word) const { return kind == Kind::kText && !quoted && text == word; }

  ConfigNode* parent = nullptr;
  std::string key;       // in a map; "[0]" in a list
  ConfigPlace key_at;    // of the key; in a list, of the value, or of the list when it is null
  ConfigPlace value_at;  // unless absent

  Kind kind = Kind::kAbsent;
  std::string text;                                                         // of kText
  bool quoted = false;                                                      // of kText: not plain
  std::map<std::string, std::unique_ptr<ConfigNode>, std::less<>> entries;  // of kMap, and what was looked for in it
  std::vector<std::unique_ptr<ConfigNode>> items;                           // of kList

  // What reading leaves behind.
  bool read = false;          // asked for: a key somebody knows
  bool read_as_map = false;   // so that what nobody asked for in it is a mistake
  bool switched_off = false;  // the word `false` was understood
};

// Makes `root` the tree of `text` and returns what is wrong with the text itself, in no order. `usable` becomes
// false when `root` holds a part of it at best. Work and memory are bounded by the limits of limits.h.
std::vector<ConfigMistake> parse_config_tree(std::string_view text, ConfigNode& root, bool& usable);

// The line, without its end.
std::string_view line_of(std::string_view text, std::size_t line);

}  // namespace upkeep
