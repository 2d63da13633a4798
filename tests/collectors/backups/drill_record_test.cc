#include "collectors/backups/drill_record.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/temporary_directory.h"

namespace upkeep::backups {
namespace {

DrillResult some_result() {
  return {.reason = DrillReason::kRows,
          .message = "10 rows are there",
          .backup_path = "srv/backups/a b%\n.sql",
          .backup_timestamp = 1700000000.25,
          .started = 1700000100,
          .finished = 1700000160.5,
          .seconds = 60.5,
          .tables = 3,
          .rows = 18446744073709551615ULL,
          .checks = 2,
          .failed_checks = 1,
          .last_success = 1699999999.125};
}

TEST(DrillRecord, ComesBackAsItWas) {
  const auto read = parse_drill_result(to_text(some_result()));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, some_result());
  EXPECT_EQ(*parse_drill_result(to_text({})), DrillResult{});
}

TEST(DrillRecord, AMessageStaysOnItsLine) {
  DrillResult result = some_result();
  result.message = "one\ntables 99\n\x7fnext";
  EXPECT_EQ(parse_drill_result(to_text(result))->message, "one tables 99  next");
  EXPECT_EQ(parse_drill_result(to_text(result))->tables, 3u);
  result.message = std::string(100'000, 'x');
  EXPECT_EQ(parse_drill_result(to_text(result))->message.size(), 4096u);
}

TEST(DrillRecord, SaysWhatIsWrongWithIt) {
  const auto f = [](std::string_view text) {
    const auto read = parse_drill_result(text);
    return read ? "good" : read.error().message;
  };
  const std::string good = to_text(some_result());
  EXPECT_EQ(f(good), "good");
  EXPECT_EQ(f("upkeep drill 1\nreason none\nof_a_newer_version 7 8\n\nend\n"), "good");
  EXPECT_EQ(f(""), "'upkeep drill 1' ... 'end' expected");
  EXPECT_EQ(f("upkeep drill 2\nreason none\nend\n"), "'upkeep drill 1' ... 'end' expected");
  EXPECT_EQ(f(good.substr(0, good.size() - 1)), "'upkeep drill 1' ... 'end' expected");
  EXPECT_EQ(f("upkeep drill 1\ntables 1\nend\n"), "no reason");
  EXPECT_EQ(f("upkeep drill 1\nreason none\ntables -1\nend\n"), "tables: a number expected");
  EXPECT_EQ(f("upkeep drill 1\nreason none\nfinished nan\nend\n"), "finished: a number expected");
  EXPECT_EQ(f("upkeep drill 1\nreason none\nfinished -1\nend\n"), "finished: a number expected");
  EXPECT_EQ(f("upkeep drill 1\nreason none\nseconds\nend\n"), "seconds: a number expected");
}

TEST(DrillRecord, AReasonOfANewerVersionIsAnother) {
  EXPECT_EQ(parse_drill_result("upkeep drill 1\nreason moon_phase\nend\n")->reason, DrillReason::kOther);
}

TEST(DrillRecord, IsKeptInAFile) {
  const testing::TemporaryDirectory state;
  const std::string path = state.path();
  ASSERT_TRUE(read_drill_result(path, "shop"));
  EXPECT_FALSE(read_drill_result(path, "shop")->has_value());
  ASSERT_TRUE(write_drill_result(path, "shop", some_result()));
  EXPECT_EQ(*read_drill_result(path, "shop"), some_result());
  EXPECT_FALSE(read_drill_result(path, "other")->has_value());
  state.write("backups/shop.drill", "upkeep drill 1\n");
  EXPECT_EQ(read_drill_result(path, "shop").error().message,
            path + "/backups/shop.drill: 'upkeep drill 1' ... 'end' expected");
}

}  // namespace
}  // namespace upkeep::backups
