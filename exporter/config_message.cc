#include "exporter/config_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "exporter/limits.h"
#include "exporter/text.h"
#include "exporter/utf8.h"

namespace upkeep {
namespace {

constexpr std::size_t kShownLineBytes = 120;
constexpr std::size_t kShownMessageBytes = 500;  // keys and paths can be as long as the file

constexpr bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool sounds_secret(std::string_view word) {
  constexpr std::array<std::string_view, 7> kWords = {"passw", "secret", "token", "credential",
                                                      "auth",  "apikey", "_key"};
  return std::ranges::any_of(kWords, [&](std::string_view part) { return word.find(part) != std::string_view::npos; });
}

// `password_file: /path`; anything but a path may be the secret itself, typed where its file was asked for.
bool names_file(std::string_view key, std::string_view value) {
  const std::size_t begin = value.find_first_not_of(" \t\"'");
  return key.ends_with("_file") && begin != std::string_view::npos && value[begin] == '/';
}

// `password: x`, `password=x`, `postgresql://user:x@host`. Of a line in lower case.
bool may_hold_secret(std::string_view line) {
  for (std::size_t begin = 0; begin < line.size();) {
    std::size_t end = begin;
    while (end < line.size() && is_word_character(line[end])) ++end;
    const std::string_view word = line.substr(begin, end - begin);
    const std::size_t sign = line.find_first_not_of(" \t\"'", end);
    const bool has_value = sign != std::string_view::npos && (line[sign] == ':' || line[sign] == '=');
    if (has_value && sounds_secret(word) && !names_file(word, line.substr(sign + 1))) return true;
    begin = end + 1;
  }
  const std::size_t scheme = line.find("://");
  return scheme != std::string_view::npos && line.find('@', scheme) != std::string_view::npos;
}

std::size_t indent_of(std::string_view line) {
  const std::size_t indent = line.find_first_not_of(" \t");
  return indent == std::string_view::npos ? line.size() : indent;
}

// The text by lines.
class Lined {
 public:
  explicit Lined(std::string_view text) {
    while (true) {
      const std::size_t end = text.find('\n');
      std::string_view line = text.substr(0, end);
      if (line.ends_with('\r')) line.remove_suffix(1);
      lines_.push_back(line);
      if (end == std::string_view::npos) break;
      text.remove_prefix(end + 1);
    }
    while (lines_.size() > 1 && trim(lines_.back()).empty()) lines_.pop_back();
  }

  // Where the text is over is the end of its last line.
  [[nodiscard]] ConfigPlace inside(ConfigPlace place) const {
    if (place.line >= lines_.size()) place = {lines_.size() - 1, lines_.back().size()};
    place.column = std::min(place.column, lines_[place.line].size());
    return place;
  }

  [[nodiscard]] std::string_view line(std::size_t number) const { return lines_[number]; }

  // Whether the line, or one that it is indented below, has a key that sounds like a secret's.
  [[nodiscard]] bool secret(std::size_t number) const {
    std::size_t indent = std::string_view::npos;
    for (std::size_t i = number + 1; i-- > 0 && indent > 0;) {
      const std::string_view line = lines_[i];
      if (trim(line).empty() || indent_of(line) >= indent) continue;
      indent = indent_of(line);
      std::string lower(line);
      std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return c < 0x80 ? std::tolower(c) : c; });
      if (may_hold_secret(lower)) return true;
    }
    return false;
  }

 private:
  std::vector<std::string_view> lines_;
};

// Characters, not bytes: those that do not continue another.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](unsigned char c) { return (c & 0xC0U) != 0x80U; }));
}

// As it may be printed: valid, one cell a character as far as can be known, so that the caret stands where it should.
std::string printable(std::string_view text) {
  std::string valid;
  append_utf8(valid, text);
  for (char& c : valid) {
    if ((c >= 0 && c < ' ') || c == '\x7F') c = ' ';
  }
  return valid;
}

std::string excerpt(std::string_view line, std::size_t column) {
  if (column >= kShownLineBytes) return {};  // too far out to point at
  const std::string shown = shortened(line, kShownLineBytes);
  if (trim(shown).empty()) return {};
  return fmt::format("\n{}\n{:>{}}", shown, '^', characters(line.substr(0, column)) + 1);
}

}  // namespace

std::string shortened(std::string_view value, std::size_t limit) {
  std::string shown = printable(value);
  if (shown.size() <= limit) return shown;
  shown.resize(utf8_boundary(shown, limit));
  return shown + "...";
}

std::vector<std::string> render_mistakes(std::string_view name, std::string_view text,
                                         std::vector<ConfigMistake> mistakes) {
  const Lined lined(text);
  for (ConfigMistake& mistake : mistakes) mistake.place = lined.inside(mistake.place);
  std::ranges::stable_sort(mistakes, {}, &ConfigMistake::place);
  std::vector<std::string> messages;
  std::size_t left_out = 0;
  for (std::size_t i = 0; i < mistakes.size(); ++i) {
    const auto& [place, message] = mistakes[i];
    const auto same = [&](const ConfigMistake& other) { return other.place == place && other.message == message; };
    const auto here = std::find_if(mistakes.begin(), mistakes.begin() + static_cast<std::ptrdiff_t>(i), same);
    if (here != mistakes.begin() + static_cast<std::ptrdiff_t>(i)) continue;
    if (messages.size() == limits::kConfigMistakes) {
      ++left_out;
      continue;
    }
    const std::string_view line = lined.line(place.line);
    const std::string shown = lined.secret(place.line) ? std::string() : excerpt(line, place.column);
    messages.push_back(fmt::format("{}:{}:{}: {}{}", name, place.line + 1, characters(line.substr(0, place.column)) + 1,
                                   shortened(message, kShownMessageBytes), shown));
  }
  if (left_out > 0) messages.push_back(fmt::format("{}: {} more mistakes", name, left_out));
  return messages;
}

}  // namespace upkeep
