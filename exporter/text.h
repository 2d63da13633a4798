// Taking text apart, the way kernel files need it: by lines, by words, to numbers. Nothing here allocates.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace upkeep {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }
constexpr bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// The part of `rest` before `separator`, which is taken off it with that.
constexpr std::string_view cut(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return part;
}
constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

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

// The words of a text, between any white space. Past the end next() is empty.
class Words {
 public:
  explicit constexpr Words(std::string_view text) : rest_(text) {}
  constexpr std::string_view next() {
    const char* at = rest_.data();
    const char* const end = at + rest_.size();
    while (at != end && is_space(*at)) ++at;
    const char* const begin = at;
    while (at != end && !is_space(*at)) ++at;
    rest_.remove_prefix(static_cast<std::size_t>(at - rest_.data()));
    return {begin, static_cast<std::size_t>(at - begin)};
  }
  // The next word as to_u64() reads it; nothing, and the word stays, when it is no number. Goes over the text once.
  std::optional<std::uint64_t> next_u64() {
    const char* at = rest_.data();
    const char* const end = at + rest_.size();
    while (at != end && is_space(*at)) ++at;
    const char* const begin = at;
    std::uint64_t value = 0;
    for (; at != end && *at >= '0' && *at <= '9'; ++at) value = value * 10 + static_cast<std::uint64_t>(*at - '0');
    const auto digits = static_cast<std::size_t>(at - begin);
    if (digits == 0 || digits > kNeverTooLarge || (at != end && !is_space(*at))) return rare_u64();
    rest_.remove_prefix(static_cast<std::size_t>(at - rest_.data()));
    return value;
  }
  // What next() has not reached.
  [[nodiscard]] constexpr std::string_view rest() const { return rest_; }

 private:
  std::optional<std::uint64_t> rare_u64() {
    Words ahead = *this;
    const auto value = to_u64(ahead.next());
    if (value) *this = ahead;
    return value;
  }

  static constexpr std::size_t kNeverTooLarge = 19;  // digits of a number of 64 bits
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

}  // namespace upkeep
