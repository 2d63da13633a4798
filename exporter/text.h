// Taking text apart, the way kernel files need it: by lines, by words, to numbers. Nothing here allocates.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace upkeep {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }
constexpr bool is_space(char c) { return is_blank(c) || c == '\n' || c == '\r' || c == '\v' || c == '\f'; }

constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// The words of a text, between any white space. Past the end next() is empty.
class Words {
 public:
  explicit constexpr Words(std::string_view text) : rest_(text) {}
  constexpr std::string_view next() {
    std::size_t begin = 0;
    while (begin < rest_.size() && is_space(rest_[begin])) ++begin;
    std::size_t end = begin;
    while (end < rest_.size() && !is_space(rest_[end])) ++end;
    const std::string_view word = rest_.substr(begin, end - begin);
    rest_.remove_prefix(end);
    return word;
  }
  // What next() has not reached.
  [[nodiscard]] constexpr std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

// The lines of a text, without their newlines: `for (std::string_view line : Lines(text))`.
class Lines {
 public:
  explicit constexpr Lines(std::string_view text) : text_(text) {}
  class iterator {
   public:
    explicit constexpr iterator(std::string_view rest) : rest_(rest), done_(rest.empty()) { cut(); }
    constexpr iterator() = default;
    constexpr std::string_view operator*() const { return line_; }
    constexpr iterator& operator++() {
      rest_.remove_prefix(line_.size() < rest_.size() ? line_.size() + 1 : line_.size());
      done_ = rest_.empty();
      cut();
      return *this;
    }
    constexpr bool operator!=(const iterator& other) const { return done_ != other.done_; }

   private:
    constexpr void cut() { line_ = rest_.substr(0, rest_.find('\n')); }
    std::string_view rest_, line_;
    bool done_ = true;
  };
  [[nodiscard]] constexpr iterator begin() const { return iterator(text_); }
  [[nodiscard]] constexpr iterator end() const { return {}; }

 private:
  std::string_view text_;
};

// The whole of `word` as a decimal number; nothing when it is not one.
inline std::optional<std::uint64_t> to_u64(std::string_view word, int base = 10) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, base);
  if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return value;
}
inline std::optional<std::int64_t> to_i64(std::string_view word) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return value;
}
inline std::optional<double> to_number(std::string_view word) {
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return value;
}

}  // namespace upkeep
