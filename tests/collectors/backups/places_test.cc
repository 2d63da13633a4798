#include "collectors/backups/places.h"

#include <gtest/gtest.h>

#include "tests/support/fakes.h"

namespace upkeep::backups {
namespace {

class Places : public ::testing::Test {
 protected:
  // What is found, a line each: "backups/a.dump 5", with what kind it is.
  std::string find(std::vector<std::string> patterns) {
    const Findings findings = find_backups(fs_, patterns);
    error_ = findings.result ? "" : findings.result.error().message;
    std::string lines;
    for (const Item& item : findings.items) {
      lines += item.file.path + " " + std::to_string(item.file.size_bytes);
      if (item.file.is_directory) lines += " directory";
      if (item.kind == ItemKind::kTemporary) lines += " temporary";
      if (item.kind == ItemKind::kUnfinished) lines += " unfinished";
      lines += "\n";
    }
    return lines;
  }

  testing::FakeFileSystem fs_;
  std::string error_;
};

TEST_F(Places, AreFoundByPatterns) {
  fs_.put("backups/db_1.dump", "1");
  fs_.put("backups/db_2.dump", "22");
  fs_.put("backups/other.txt", "333");
  fs_.put("backups/.db_3.dump", "hidden");
  fs_.put("backups/deep/db_4.dump", "4444");
  fs_.put("hosts/a/db.dump", "a");
  fs_.put("hosts/b/db.dump", "bb");
  fs_.put("hosts/file", "no directory");
  EXPECT_EQ(find({"/backups/db_*.dump"}), "backups/db_1.dump 1\nbackups/db_2.dump 2\n");
  EXPECT_EQ(find({"/backups/db_[2-9].dump"}), "backups/db_2.dump 2\n");
  EXPECT_EQ(find({"/backups/db_?.dum*"}), "backups/db_1.dump 1\nbackups/db_2.dump 2\n");
  EXPECT_EQ(find({"/hosts/*/db*.dump"}), "hosts/a/db.dump 1\nhosts/b/db.dump 2\n");
  EXPECT_EQ(find({"/hosts/*/db.dump", "/hosts/a/*"}), "hosts/a/db.dump 1\nhosts/b/db.dump 2\n") << "each once";
  EXPECT_EQ(find({"/backups/db_1.dump"}), "backups/db_1.dump 1\n");
  EXPECT_EQ(find({"/backups/none*"}), "");
  EXPECT_EQ(error_, "");
}

TEST_F(Places, SayWhatCannotBeLookedAt) {
  fs_.put("backups/db.dump", "1");
  EXPECT_EQ(find({"/none/*.dump"}), "");
  EXPECT_EQ(error_, "none: No such file or directory");
  EXPECT_EQ(find({"/backups/*/x.dump"}), "") << "db.dump is no directory";
  EXPECT_EQ(error_, "");
  fs_.fail_with("closed", {ErrorCode::kPermission, "Permission denied"});
  EXPECT_EQ(find({"/closed/*", "/backups/*"}), "backups/db.dump 1\n") << "what can be seen is";
  EXPECT_EQ(error_, "closed: Permission denied");
  fs_.fail_with("backups/db.dump", {ErrorCode::kSystem, "Input/output error"});
  EXPECT_EQ(find({"/backups/*"}), "");
  EXPECT_EQ(error_, "backups/db.dump: Input/output error");
}

TEST_F(Places, TellTemporaryFilesByTheirNames) {
  fs_.put("b/db_1.dump", "1");
  fs_.put("b/db_2.dump.partial", "2");
  fs_.put("b/.db_3.dump.Xa3dQ1", "3");
  fs_.put("b/db_4.dump.old", "4");
  EXPECT_EQ(find({"/b/db_*.dump"}),
            "b/.db_3.dump.Xa3dQ1 1 temporary\nb/db_1.dump 1\nb/db_2.dump.partial 1 temporary\n");
  EXPECT_EQ(find({"/b/db_2*"}), "b/db_2.dump.partial 1 temporary\n");
}

TEST_F(Places, LeaveOutWhatLiesBesideBackups) {
  fs_.put("b/db.dump", "1");
  fs_.put("b/db.dump.sha256", "2");
  fs_.put("b/SHA256SUMS", "3");
  fs_.put("b/db.dump.asc", "4");
  EXPECT_EQ(find({"/b/*"}), "b/db.dump 1\n");
}

TEST_F(Places, SumUpDirectoriesOfDumps) {
  fs_.put("b/full/toc.dat", "12345");
  fs_.put("b/full/3021.dat.gz", "123");
  fs_.touch("b/full", 1000);
  fs_.touch("b/full/toc.dat", 3000);
  fs_.touch("b/full/3021.dat.gz", 2000);
  fs_.put("b/half/3021.dat.gz", "1234567");
  fs_.put("b/half/blobs.toc", "1");
  fs_.put("b/photos/cat.jpg", "12");
  EXPECT_EQ(find({"/b/*"}), "b/full 8 directory\nb/half 8 directory unfinished\n");
  EXPECT_EQ(find_backups(fs_, std::vector<std::string>{"/b/full"}).items.at(0).file.modified_ns, 3'000'000'000'000);
}

TEST_F(Places, SumUpBaseBackups) {
  fs_.put("b/base/backup_manifest", "{}");
  fs_.put("b/base/PG_VERSION", "15\n");
  fs_.put("b/base/base/5/1259", "12345");
  fs_.put("b/tars/backup_manifest", "{}");
  fs_.put("b/tars/base.tar.gz", "123");
  fs_.put("b/half/PG_VERSION", "15\n");
  EXPECT_EQ(find({"/b/*"}), "b/base 10 directory\nb/half 3 directory unfinished\nb/tars 5 directory\n");
}

TEST_F(Places, NameWhatAFileWillBeCalled) {
  EXPECT_EQ(name_when_finished("db.dump.tmp"), "db.dump");
  EXPECT_EQ(name_when_finished("db.dump.filepart"), "db.dump");
  EXPECT_EQ(name_when_finished("db.dump~"), "db.dump");
  EXPECT_EQ(name_when_finished(".db.dump.a1B2c3"), "db.dump");
  for (const char* name : {"db.dump", ".tmp", "~", ".db.dump", ".a1B2c3", "..a1B2c3", ".db.dump.a1-2c3", ""}) {
    EXPECT_EQ(name_when_finished(name), "") << name;
  }
}

TEST_F(Places, BeginWithAFixedDirectory) {
  EXPECT_EQ(fixed_directory("/backups/*/db.dump"), "backups");
  EXPECT_EQ(fixed_directory("/srv/backups/db.dump"), "srv/backups");
  EXPECT_EQ(fixed_directory("/srv/back*"), "srv");
  EXPECT_EQ(fixed_directory("/*"), "");
}

}  // namespace
}  // namespace upkeep::backups
