// What an input of the collectors' fuzzer is made of: the collector's name, names that every directory has besides its
// own, and what the first, second, ... file or netlink dump that it opens holds:
//   loadavg
//   extra_name another_name
//   0.20 0.18 0.12 1/80 11206
//   --8<--
//   the second file
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace upkeep::fuzz {

inline constexpr std::string_view kCut = "\n--8<--\n";

struct CollectorInput {
  std::string_view collector, names;
  std::vector<std::string_view> contents;  // never empty
};

inline CollectorInput parse_input(std::string_view text) {
  const auto line = [&] {
    const std::string_view first = text.substr(0, text.find('\n'));
    text.remove_prefix(first.size() < text.size() ? first.size() + 1 : text.size());
    return first;
  };
  CollectorInput input;
  input.collector = line();
  input.names = line();
  for (std::size_t cut = text.find(kCut); cut != std::string_view::npos; cut = text.find(kCut)) {
    input.contents.push_back(text.substr(0, cut));
    text.remove_prefix(cut + kCut.size());
  }
  input.contents.push_back(text);
  return input;
}

inline std::string write_input(const CollectorInput& input) {
  std::string text(input.collector);
  text.append("\n").append(input.names).append("\n");
  for (std::size_t i = 0; i < input.contents.size(); ++i) {
    if (i > 0) text += kCut;
    text += input.contents[i];
  }
  return text;
}

}  // namespace upkeep::fuzz
