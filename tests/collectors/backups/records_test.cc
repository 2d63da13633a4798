#include "collectors/backups/records.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "exporter/limits.h"

namespace upkeep::backups {
namespace {

BackupFile file(std::uint64_t inode, std::int64_t modified_s) {
  return {.path = "b/" + std::to_string(inode),
          .device = 7,
          .inode = inode,
          .size_bytes = 100,
          .modified_ns = modified_s * 1'000'000'000};
}

Record record(const BackupFile& of, Reason reason = Reason::kNone) {
  return {.file = of,
          .reason = reason,
          .format = "gzip sql",
          .when = 5000.25,
          .seconds = 1.5,
          .coverage = 0.75,
          .read_bytes = 99};
}

TEST(Records, KnowAFileByWhatItIs) {
  Records records;
  records.add(record(file(1, 10)));
  EXPECT_NE(records.find(file(1, 10)), nullptr);
  BackupFile renamed = file(1, 10);
  renamed.path = "elsewhere";
  EXPECT_NE(records.find(renamed), nullptr);
  const auto differs = [&](auto change) {
    BackupFile other = file(1, 10);
    change(other);
    EXPECT_EQ(records.find(other), nullptr);
  };
  differs([](BackupFile& other) { other.inode = 2; });
  differs([](BackupFile& other) { other.device = 8; });
  differs([](BackupFile& other) { other.size_bytes = 101; });
  differs([](BackupFile& other) { other.modified_ns += 1; });
}

TEST(Records, SurviveARestart) {
  Records before;
  BackupFile odd = file(1, 10);
  odd.path = "with space/100%/new\nline/\xC3\xA4";
  odd.is_directory = true;
  before.add(record(odd, Reason::kTruncated));
  before.add(record(file(2, 20)));
  before.see_newest(file(2, 20));
  const std::string text = before.to_text();
  Records after = Records::parse(text);
  EXPECT_EQ(after.to_text(), text);
  EXPECT_FALSE(after.take_change());
  const Record* known = after.find(odd);
  ASSERT_NE(known, nullptr);
  EXPECT_EQ(known->file, odd);
  EXPECT_EQ(known->reason, Reason::kTruncated);
  EXPECT_EQ(known->format, "gzip sql");
  EXPECT_EQ(known->when, 5000.25);
  EXPECT_EQ(known->seconds, 1.5);
  EXPECT_EQ(known->coverage, 0.75);
  EXPECT_EQ(known->read_bytes, 99u);
  EXPECT_EQ(after.history(), (std::vector<Newest>{{20'000'000'000, 100}}));
}

TEST(Records, LeaveOutLinesThatAreNone) {
  Records good;
  good.add(record(file(1, 10)));
  const std::string line = good.to_text();
  EXPECT_EQ(Records::parse("garbage\n\n" + line + "verified 1 2\n").to_text(), line);
  for (const char* bad : {"verified 7 1 100 10 0 1 1 2 99 good - b/1", "verified 7 1 100 10 0 1 1 nan 99 good - b/1",
                          "verified 7 1 100 10 0 -1 1 1 99 good - b/1", "verified 7 1 100 10 0 1 1 1 99 fine - b/1",
                          "verified 7 1 100 10 0 1 1 1 99 good - b/1 more", "verified 7 1 100 10 0 1 1 1 99 good -",
                          "verified -7 1 100 10 0 1 1 1 99 good - b/1", "newest 1", "newest x 1"}) {
    EXPECT_EQ(Records::parse(bad).to_text(), "") << bad;
  }
  EXPECT_NE(Records::parse("verified 7 1 100 10 0 1 1 1 99 good - b/1").to_text(), "");
  EXPECT_NE(Records::parse("verified 7 1 100 10 0 1 1 1 99 corrupt - b/%").to_text(), "");
}

TEST(Records, HoldABoundedNumber) {
  std::string text;
  for (std::size_t i = 0; i < limits::kBackupFiles + 10; ++i)
    text += "verified 7 " + std::to_string(i) + " 100 10 0 1 1 1 99 good - b/1\nnewest 1 1\n";
  Records records = Records::parse(text);
  EXPECT_EQ(records.history().size(), Records::kHistory);
  const std::string kept = records.to_text();
  EXPECT_EQ(std::ranges::count(kept, '\n'), static_cast<std::ptrdiff_t>(limits::kBackupFiles + Records::kHistory));
}

TEST(Records, ForgetWhatIsGone) {
  Records records;
  for (std::uint64_t i = 1; i <= 4; ++i)
    records.add(record(file(i, static_cast<std::int64_t>(i)), i == 4 ? Reason::kCorrupt : Reason::kNone));
  const std::vector<BackupFile> all{file(4, 4), file(3, 3), file(2, 2), file(1, 1)};
  EXPECT_EQ(records.newest(all)->file, file(4, 4));
  EXPECT_EQ(records.newest_good(all)->file, file(3, 3));
  // The bad one is removed: the next counts.
  const std::vector<BackupFile> rest{file(3, 3), file(2, 2)};
  records.keep_only(rest);
  EXPECT_EQ(records.find(file(1, 1)), nullptr);
  EXPECT_EQ(records.newest(rest)->file, file(3, 3));
  // All are removed: what was said last still stands.
  records.keep_only({});
  EXPECT_EQ(records.find(file(2, 2)), nullptr);
  EXPECT_EQ(records.newest({})->file, file(3, 3));
  EXPECT_EQ(records.newest_good({})->file, file(3, 3));
  Records restarted = Records::parse(records.to_text());
  EXPECT_EQ(restarted.newest({})->file, file(3, 3));
  EXPECT_EQ(restarted.newest_good({})->file, file(3, 3));
}

TEST(Records, RememberWhatWasTheNewest) {
  Records records;
  const auto sizes = [&] {
    std::string all;
    for (const Newest& newest : records.history()) all += std::to_string(newest.modified_ns / 1'000'000'000) + " ";
    return all;
  };
  for (const std::int64_t when : {10, 10, 20, 30, 40}) records.see_newest(file(1, when));
  EXPECT_EQ(sizes(), "40 30 20 ");
  records.take_change();
  records.see_newest(file(1, 40));
  EXPECT_FALSE(records.take_change());
  records.see_newest(file(1, 30));
  EXPECT_EQ(sizes(), "30 20 ") << "the newest was removed";
  records.see_newest(file(1, 25));
  EXPECT_EQ(sizes(), "25 20 ");
}

}  // namespace
}  // namespace upkeep::backups
