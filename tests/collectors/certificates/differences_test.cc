#include "collectors/certificates/differences.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace upkeep::certificates {
namespace {

const auto kAll = [](const std::string&) { return true; };

TEST(Differences, AreWrittenAndRead) {
  const Differences some = {{"shop", 1'700'000'000}, {"a b", 5}};
  EXPECT_EQ(parse_differences(to_text(some)), some);
  EXPECT_EQ(parse_differences(to_text({})), Differences{});
  for (const char* bad :
       {"", "upkeep certificates 1\n", "upkeep certificates 2\nend\n", "upkeep certificates 1\nx\nend\n",
        "upkeep certificates 1\n-4 shop\nend\n", "upkeep certificates 1\n17 sh"})
    EXPECT_FALSE(parse_differences(bad)) << bad;
}

TEST(Differences, SurviveARestart) {
  const testing::TemporaryDirectory directory;
  {
    DifferenceRecord record(directory.path());
    record.note("shop", true, 100);
    record.note("api", true, 100);
    EXPECT_TRUE(record.keep(kAll));
  }
  DifferenceRecord record(directory.path());
  EXPECT_TRUE(record.loaded());
  record.note("shop", true, 200);
  EXPECT_EQ(record.since("shop"), 100);
  record.note("api", false, 200);
  EXPECT_EQ(record.since("api"), std::nullopt);
  EXPECT_TRUE(record.keep(kAll));
  EXPECT_EQ(DifferenceRecord(directory.path()).since("api"), std::nullopt);
  EXPECT_TRUE(record.keep([](const std::string& name) { return name != "shop"; }));
  EXPECT_EQ(DifferenceRecord(directory.path()).since("shop"), std::nullopt);
}

TEST(Differences, ThatCannotBeKeptAreToldSo) {
  DifferenceRecord record("/proc/no/such");
  record.note("shop", true, 100);
  EXPECT_FALSE(record.keep(kAll));
  EXPECT_EQ(record.since("shop"), 100);
  DifferenceRecord nowhere("");
  nowhere.note("shop", true, 100);
  EXPECT_TRUE(nowhere.keep(kAll));
}

TEST(Differences, ThatAreDamagedAreForgotten) {
  const testing::TemporaryDirectory directory;
  directory.write("certificates/differences", "upkeep certificates 1\n17 sh");
  const DifferenceRecord record(directory.path());
  ASSERT_FALSE(record.loaded());
  EXPECT_EQ(record.loaded().error().code, ErrorCode::kParse);
  EXPECT_EQ(record.since("shop"), std::nullopt);
}

}  // namespace
}  // namespace upkeep::certificates
