#include "exporter/table.h"

#include <gtest/gtest.h>

#include <string>

namespace upkeep {
namespace {

// Takes every line but those that say "bad".
Result<> take(std::string_view text, std::string& taken) {
  return each_line("proc/thing", text, [&](std::string_view line) -> Result<> {
    if (line.starts_with("bad")) return fail(ErrorCode::kLimit, "nothing bad expected");
    taken.append(line).append(";");
    return {};
  });
}

TEST(EachLine, TakesEveryLine) {
  const auto f = [](std::string_view text, std::string_view want) {
    std::string taken;
    EXPECT_TRUE(take(text, taken));
    EXPECT_EQ(taken, want);
  };
  f("", "");
  f("a", "a;");
  f("a\nb\n", "a;b;");
  f("a\n\nb", "a;;b;");
}

TEST(EachLine, NamesTheFirstBadLineAndTakesTheOthers) {
  std::string taken;
  const Result<> result = take("a\nbad 1\nb\nbad 2\nc\n", taken);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, R"(proc/thing:2: nothing bad expected: "bad 1")");
  EXPECT_EQ(result.error().code, ErrorCode::kLimit);
  EXPECT_EQ(taken, "a;b;c;");
}

TEST(BadLine, CutsLongLines) {
  const Error error = bad_line("proc/thing", 7, std::string(101, 'x'), {ErrorCode::kParse, "short expected"});
  EXPECT_EQ(error.message, "proc/thing:7: short expected: \"" + std::string(100, 'x') + "...\"");
  const Error whole = bad_line("proc/thing", 7, std::string(100, 'x'), {ErrorCode::kParse, "short expected"});
  EXPECT_EQ(whole.message, "proc/thing:7: short expected: \"" + std::string(100, 'x') + "\"");
}

}  // namespace
}  // namespace upkeep
