// Regular expressions in linear time, as in Go and Prometheus. The only door to RE2.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "exporter/result.h"

namespace re2 {
class RE2;
}

namespace upkeep {

// Copyable, cheap to copy, thread-safe.
class Pattern {
 public:
  // The error says what is wrong with the expression, and where in it.
  static Result<Pattern> compile(std::string_view expression);
  // Whether it matches anywhere in `text`; anchor it with ^ and $.
  [[nodiscard]] bool matches(std::string_view text) const;

 private:
  std::shared_ptr<const re2::RE2> regex_;
};

// Which names to keep: those that `include` matches (all, without one) and `exclude` does not. Verdicts are remembered,
// at most kRemembered of them and none of a name longer than kRememberedBytes. One thread at a time.
class NameFilter {
 public:
  NameFilter() = default;
  NameFilter(std::optional<Pattern> include, std::optional<Pattern> exclude)
      : include_(std::move(include)), exclude_(std::move(exclude)) {}
  bool keeps(std::string_view name);

 private:
  static constexpr std::size_t kRemembered = 4096;
  static constexpr std::size_t kRememberedBytes = 256;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::optional<Pattern> include_, exclude_;
  std::unordered_map<std::string, bool, Hash, std::equal_to<>> verdicts_;
};

}  // namespace upkeep
