#include "exporter/exposition_text.h"

#include <gtest/gtest.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>

#include "exporter/limits.h"

namespace upkeep {
namespace {

std::string written(double value) {
  std::array<char, kValueBytes> text{};
  return {text.data(), write_value(text.data(), value)};
}

TEST(WriteValue, IsShortestAndReadsBackTheSame) {
  const auto f = [](double value, std::string_view want) { EXPECT_EQ(written(value), want); };
  f(0, "0");
  f(-3, "-3");
  f(1500000000, "1500000000");
  f(0.1, "0.1");
  f(1e22, "1e+22");
  f(9007199254740991, "9007199254740991");
  f(std::numeric_limits<double>::infinity(), "+Inf");
  f(-std::numeric_limits<double>::infinity(), "-Inf");
  f(std::nan(""), "NaN");
}

TEST(WriteValue, WritesDecimalsAsTheStandardLibraryDoes) {
  std::mt19937_64 random(1);  // NOLINT: the same numbers each time
  std::uniform_int_distribution<std::int64_t> digits(1, 999'999'999'999'999);
  for (int i = 0; i < 100'000; ++i) {
    const double value = static_cast<double>(digits(random) >> (i % 50)) / std::pow(10, i % 9);
    for (double one : {value, std::nextafter(value, 0), std::nextafter(value, 1e300), -value}) {
      if (one == std::floor(one)) continue;
      std::array<char, 32> want{};
      const char* const end = std::to_chars(want.data(), want.data() + want.size(), one).ptr;
      ASSERT_EQ(written(one), std::string_view(want.data(), end));
    }
  }
}

TEST(AppendLabelValue, EscapesAndRepairs) {
  const auto f = [](std::string_view value, std::string_view want) {
    std::string text;
    append_label_value(text, value);
    EXPECT_EQ(text, want);
  };
  f("eth0", "eth0");
  f("a\"b\\c\nd", "a\\\"b\\\\c\\nd");
  f("\xff/mnt", "\xEF\xBF\xBD/mnt");
  f("\xed\xa0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a surrogate
  f("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
}

TEST(AppendLabelValue, CutsLongValuesAndKeepsThemApart) {
  std::string one, other;
  append_label_value(one, std::string(65536, 'x') + "1");
  append_label_value(other, std::string(65536, 'x') + "2");
  EXPECT_EQ(one.size(), limits::kLabelValueBytes);
  EXPECT_NE(one, other);
}

}  // namespace
}  // namespace upkeep
