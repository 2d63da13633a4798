// A JSON document read from one end to the other, value by value, without a tree: an answer of many megabytes costs no
// more memory than its text. The only door to nlohmann-json, of which only the parser is used; it knows no recursion.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "exporter/result.h"

namespace upkeep::json {

// A text, number or truth of a document. What was not asked for reads as 0 or "".
struct Value {
  static constexpr std::size_t kTextBytes = 4096;  // of any text that is kept

  std::string_view text;  // of a text
  double number = 0;      // of a number; 1 for true
  bool is_text = false;

  [[nodiscard]] std::string kept() const { return std::string(text.substr(0, kTextBytes)); }
  [[nodiscard]] int integer() const { return static_cast<int>(std::clamp(number, -2147483648.0, 2147483647.0)); }
  [[nodiscard]] bool truth() const { return number != 0; }
};

// Where a value is: the keys that lead to it. "*" stands for any place of an array.
class Path {
 public:
  static constexpr std::size_t kDepth = 32;

  [[nodiscard]] std::size_t depth() const { return depth_; }
  [[nodiscard]] const std::string& first() const { return keys_[0]; }
  [[nodiscard]] const std::string& last() const { return keys_[depth_ == 0 ? 0 : depth_ - 1]; }
  [[nodiscard]] bool begins(std::initializer_list<std::string_view> keys) const {
    return keys.size() <= depth_ && std::equal(keys.begin(), keys.end(), keys_.begin());
  }
  [[nodiscard]] bool is(std::initializer_list<std::string_view> keys) const {
    return keys.size() == depth_ && begins(keys);
  }

  // False: too deep.
  bool enter(std::string_view key) {
    if (depth_ == kDepth) return false;
    keys_[depth_++] = key;
    return true;
  }
  void leave() { --depth_; }
  void set_last(std::string_view key) { keys_[depth_ - 1] = key; }

 private:
  std::array<std::string, kDepth> keys_;
  std::size_t depth_ = 0;
};

enum class Shape : std::uint8_t { kObject, kArray };
using OnValue = std::function<void(const Path&, const Value&)>;
using OnEnd = std::function<void(const Path&)>;

// Calls `on_value` for every value but null, and `on_end` where an object ends, with the path that leads to it.
// kParse: the text is not JSON or not of the shape; by then calls may have been made.
Result<> walk(std::string_view text, Shape shape, const OnValue& on_value, const OnEnd& on_end = nullptr);

}  // namespace upkeep::json
