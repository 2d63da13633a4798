#include "exporter/text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "exporter/utf8.h"

namespace upkeep {
namespace {

TEST(Lines, EveryLineOnce) {
  const auto f = [](std::string_view text) {
    std::vector<std::string> lines;
    for (std::string_view line : Lines(text)) lines.emplace_back(line);
    return lines;
  };
  using V = std::vector<std::string>;
  EXPECT_EQ(f(""), V{});
  EXPECT_EQ(f("a"), V{"a"});
  EXPECT_EQ(f("a\n"), V{"a"});
  EXPECT_EQ(f("a\n\nb\n"), (V{"a", "", "b"}));
  EXPECT_EQ(f("\n"), V{""});
}

TEST(Words, BetweenAnyWhiteSpace) {
  Words words("  a\tbb \n c ");
  EXPECT_EQ(words.next(), "a");
  EXPECT_EQ(words.next(), "bb");
  EXPECT_EQ(words.next(), "c");
  EXPECT_EQ(words.next(), "");
  EXPECT_EQ(words.next(), "");
}

TEST(Words, TakesNumbers) {
  Words words(" 42\t18446744073709551615 00000000000000000000007 ");
  EXPECT_EQ(words.next_u64(), 42U);
  EXPECT_EQ(words.next_u64(), 18446744073709551615U);
  EXPECT_EQ(words.next_u64(), 7U);
  EXPECT_EQ(words.next_u64(), std::nullopt);
  EXPECT_EQ(words.next(), "");
  for (const char* bad : {"-1", "4x", "18446744073709551616", "x"}) {
    Words others(bad);
    EXPECT_EQ(others.next_u64(), std::nullopt) << bad;
    EXPECT_EQ(others.next(), bad);
  }
}

TEST(Numbers, WholeWordOrNothing) {
  EXPECT_EQ(to_u64("42"), 42U);
  EXPECT_EQ(to_u64("ff", 16), 255U);
  EXPECT_EQ(to_u64("18446744073709551615"), 18446744073709551615U);
  for (const char* bad : {"", "-1", "4x", "18446744073709551616", " 4"}) EXPECT_FALSE(to_u64(bad)) << bad;
  EXPECT_EQ(to_i64("-5"), -5);
  EXPECT_EQ(to_number("0.25"), 0.25);
  for (const char* bad : {"", "x", "1.5kB"}) EXPECT_FALSE(to_number(bad)) << bad;
}

TEST(Utf8, CutsOnlyBetweenSequences) {
  EXPECT_EQ(utf8_boundary("a\xc3\xbc", 2), 1U);
  EXPECT_EQ(utf8_boundary("a\xc3\xbc", 3), 3U);
  EXPECT_TRUE(is_utf8("\xf0\x9f\x94\xa7"));
  EXPECT_FALSE(is_utf8("\xc0\xaf"));
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));
  EXPECT_FALSE(is_utf8("\xc3"));
}

}  // namespace
}  // namespace upkeep
