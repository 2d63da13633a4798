// Regular expressions and the filters made of them.
#include "exporter/pattern.h"

#include <gtest/gtest.h>

namespace upkeep {
namespace {

std::optional<Pattern> compiled(std::string_view expression) {
  auto pattern = Pattern::compile(expression);
  if (!pattern) return std::nullopt;
  return *pattern;
}

TEST(Pattern, MatchesAnywhereUnlessAnchored) {
  const auto f = [](std::string_view expression, std::string_view text) {
    const auto pattern = Pattern::compile(expression);
    EXPECT_TRUE(pattern.has_value()) << expression;
    return pattern.has_value() && pattern->matches(text);
  };
  EXPECT_TRUE(f("op", "loop0"));
  EXPECT_TRUE(f("^(loop|ram)\\d+$", "loop12"));
  EXPECT_FALSE(f("^(loop|ram)\\d+$", "loop12p1"));
  EXPECT_FALSE(f("^a$", "a\nb")) << "$ is the end of the text, not of a line";
  EXPECT_TRUE(f("(?i)ERROR", "an error"));
  EXPECT_TRUE(f("^dm-", "dm-\xff")) << "bytes that are no UTF-8 do not hide what comes before them";
  EXPECT_TRUE(f("", "anything"));
}

TEST(Pattern, SaysWhatIsWrong) {
  const auto f = [](std::string_view expression) {
    const auto pattern = Pattern::compile(expression);
    return pattern ? std::string("good") : pattern.error().message;
  };
  EXPECT_EQ(f("(ab"), "missing ): (ab");
  EXPECT_EQ(f("a**"), "bad repetition operator: **");
  EXPECT_EQ(f("(?=a)"), "invalid perl operator: (?=");
  EXPECT_EQ(f("[b-a]"), "invalid character class range: b-a");
  EXPECT_EQ(f("(a)\\1"), "invalid escape sequence: \\1");
  EXPECT_EQ(f("\xff"), "invalid UTF-8");
  EXPECT_EQ(Pattern::compile("(").error().code, ErrorCode::kParse);
}

TEST(NameFilter, KeepsWhatIsIncludedAndNotExcluded) {
  const auto f = [](std::string_view include, std::string_view exclude, std::string_view name) {
    NameFilter filter(include.empty() ? std::nullopt : compiled(include),
                      exclude.empty() ? std::nullopt : compiled(exclude));
    const bool first = filter.keeps(name);
    EXPECT_EQ(filter.keeps(name), first) << "remembered otherwise";
    return first;
  };
  EXPECT_TRUE(f("", "", "eth0"));
  EXPECT_TRUE(f("^eth", "", "eth0"));
  EXPECT_FALSE(f("^eth", "", "lo"));
  EXPECT_FALSE(f("", "^eth", "eth0"));
  EXPECT_TRUE(f("", "^eth", "lo"));
  EXPECT_FALSE(f("^eth", "0$", "eth0"));
  EXPECT_TRUE(f("^eth", "0$", "eth1"));
  EXPECT_FALSE(f("", "^$", ""));
}

TEST(NameFilter, StaysRightBeyondWhatItRemembers) {
  NameFilter filter(std::nullopt, compiled("7$"));
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 10'000; ++i) {
      const std::string name = "device" + std::to_string(i);
      ASSERT_EQ(filter.keeps(name), i % 10 != 7) << name;
    }
  }
  const std::string long_name = std::string(70'000, 'x') + "7";
  EXPECT_FALSE(filter.keeps(long_name));
  EXPECT_FALSE(filter.keeps(long_name));
}

}  // namespace
}  // namespace upkeep
