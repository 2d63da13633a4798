#include "exporter/spelling.h"

#include <algorithm>
#include <vector>

namespace upkeep {
namespace {

constexpr std::size_t kLongestWord = 64;  // longer ones are not compared: the effort is their lengths' product

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

// Optimal string alignment, three rows at a time.
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> before(to.size() + 1);  // the row of i - 2
  std::vector<std::size_t> last(to.size() + 1);    // of i - 1
  std::vector<std::size_t> row(to.size() + 1);     // of i
  for (std::size_t j = 0; j <= to.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::swap(before, last);
    std::swap(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const char a = lower(from[i - 1]);
      const char b = lower(to[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a == b ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && a == lower(to[j - 2]) && b == lower(from[i - 2]) && a != b;
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[to.size()];
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.empty() || word.size() > kLongestWord) return {};
  std::string_view best;
  std::size_t least = std::clamp<std::size_t>(word.size() / 3, 1, 3) + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kLongestWord) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  if (best.empty()) return {};
  return ", did you mean '" + std::string(best) + "'?";
}

}  // namespace upkeep
