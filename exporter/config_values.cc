#include "exporter/config_values.h"

#include <array>
#include <limits>

#include "exporter/text.h"

namespace upkeep {
namespace {

struct DurationUnit {
  std::string_view name;
  std::int64_t milliseconds;
};
constexpr std::array<DurationUnit, 6> kDurationUnits = {
    {{"w", 604'800'000}, {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
// Far inside what nanoseconds in 64 bits can hold, so that nothing that counts with it overflows.
constexpr std::int64_t kLongestDuration = std::int64_t{36'500} * 86'400'000;

struct SizeUnit {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr std::array<SizeUnit, 10> kSizeUnits = {{{"", 1},
                                                  {"B", 1},
                                                  {"kB", 1'000},
                                                  {"MB", 1'000'000},
                                                  {"GB", 1'000'000'000},
                                                  {"TB", 1'000'000'000'000},
                                                  {"KiB", std::uint64_t{1} << 10},
                                                  {"MiB", std::uint64_t{1} << 20},
                                                  {"GiB", std::uint64_t{1} << 30},
                                                  {"TiB", std::uint64_t{1} << 40}}};

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes the decimal digits that `text` begins with, if any.
std::string_view take_digits(std::string_view& text) {
  std::size_t end = 0;
  while (end < text.size() && is_digit(text[end])) ++end;
  const std::string_view digits = text.substr(0, end);
  text.remove_prefix(end);
  return digits;
}
std::string_view take_letters(std::string_view& text) {
  std::size_t end = 0;
  while (end < text.size() && !is_digit(text[end])) ++end;
  const std::string_view letters = text.substr(0, end);
  text.remove_prefix(end);
  return letters;
}

}  // namespace

Result<std::int64_t> parse_integer(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  // Other readers of YAML take 010 for eight.
  if (digits.size() > 1 && digits.front() == '0' && digits.find_first_not_of("0123456789") == std::string_view::npos)
    return fail(ErrorCode::kParse, "a number without leading zeros expected");
  const auto value = to_i64(text);
  if (!value) return fail(ErrorCode::kParse, "a whole number expected");
  return *value;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  constexpr std::string_view kExpected = "a duration such as 500ms, 15s, 5m, 26h, 30d, 1w or 1h30m expected";
  std::int64_t total = 0;
  std::size_t next_unit = 0;  // largest first, none twice
  if (text.empty()) return fail(ErrorCode::kParse, std::string(kExpected));
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view digits = take_digits(rest);
    const std::string_view letters = take_letters(rest);
    if (!digits.empty() && digits.size() == text.size())
      return fail(ErrorCode::kParse, "a unit expected after the number: ms, s, m, h, d or w");
    std::size_t unit = next_unit;
    while (unit < kDurationUnits.size() && kDurationUnits[unit].name != letters) ++unit;
    if (digits.empty() || unit == kDurationUnits.size()) return fail(ErrorCode::kParse, std::string(kExpected));
    const auto number = to_i64(digits);
    const std::int64_t size = kDurationUnits[unit].milliseconds;
    if (!number || *number > (kLongestDuration - total) / size)
      return fail(ErrorCode::kParse, "a duration of at most a hundred years expected");
    total += *number * size;
    next_unit = unit + 1;
  }
  return std::chrono::milliseconds(total);
}

std::string format_duration(std::chrono::milliseconds duration) {
  if (duration.count() == 0) return "0s";
  std::string text;
  std::int64_t rest = duration.count();
  for (const DurationUnit& unit : kDurationUnits) {
    if (rest < unit.milliseconds) continue;
    text += std::to_string(rest / unit.milliseconds);
    text += unit.name;
    rest %= unit.milliseconds;
  }
  return text;
}

Result<std::uint64_t> parse_size(std::string_view text) {
  std::string_view name = text;
  const std::string_view digits = take_digits(name);
  for (const SizeUnit& unit : kSizeUnits) {
    if (digits.empty() || unit.name != name) continue;
    const auto number = to_u64(digits);
    if (!number || *number > std::numeric_limits<std::uint64_t>::max() / unit.bytes)
      return fail(ErrorCode::kParse, "a size below 16 EiB expected");
    return *number * unit.bytes;
  }
  return fail(ErrorCode::kParse, "a size such as 512, 64KiB, 1MiB, 2GiB, 1kB or 1MB expected");
}

}  // namespace upkeep
