#include "collectors/backups/scratch.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "collectors/backups/cluster.h"
#include "tests/support/temporary_directory.h"

namespace upkeep::backups {
namespace {

namespace fs = std::filesystem;

TEST(Scratch, IsRemovedWhenItGoes) {
  const testing::TemporaryDirectory root;
  std::string path;
  {
    const auto scratch = Scratch::make(root.path(), "shop");
    ASSERT_TRUE(scratch) << scratch.error().message;
    path = scratch->path();
    const auto data = scratch->make_directory("data", std::nullopt);
    ASSERT_TRUE(data);
    struct stat status {};
    ASSERT_EQ(::stat(data->c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700u);
    root.write(fs::path(*data).lexically_relative(root.path()) / "deep/file", std::string(100'000, 'x'));
    EXPECT_GE(size_of_tree(path), 100'000u);
    EXPECT_EQ(sweep(root.path()).directories, 0) << "its drill runs";
    EXPECT_TRUE(fs::exists(*data));
  }
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(Scratch::make("/nonexistent", "shop").error().code, ErrorCode::kNotFound);
}

TEST(Scratch, ASweepTakesWhatAKilledDrillLeftAndNothingElse) {
  const testing::TemporaryDirectory root;
  std::string copy;
  {
    const auto scratch = Scratch::make(root.path(), "shop");
    ASSERT_TRUE(scratch);
    root.write(fs::path(scratch->path()).filename() / "data/file", "x");
    copy = root.path() / "left";
    fs::copy(scratch->path(), copy, fs::copy_options::recursive);  // marked, and locked by nobody
  }
  root.write("theirs/file", "precious");
  root.write("file", "precious");
  root.write("similar/upkeep-drill", "not our mark");
  fs::create_directory_symlink(copy, root.path() / "link");
  auto process = Process::start({.program = "/bin/sleep", .arguments = {"600"}, .directory = copy + "/data"});
  ASSERT_TRUE(process);
  const Swept swept = sweep(root.path());
  EXPECT_EQ(swept.directories, 1);
  EXPECT_EQ(swept.error, "");
  EXPECT_FALSE(fs::exists(copy));
  EXPECT_TRUE(process->ended()) << "what ran in it ended";
  for (const char* kept : {"theirs/file", "file", "similar/upkeep-drill"})
    EXPECT_TRUE(fs::exists(root.path() / kept)) << kept;
  EXPECT_TRUE(fs::is_symlink(root.path() / "link"));
  EXPECT_EQ(sweep("/nonexistent").directories, 0);
}

TEST(Scratch, ALockIsHeldByOne) {
  const testing::TemporaryDirectory root;
  const std::string path = root.path() / "lock";
  {
    const auto first = take_lock(path);
    ASSERT_TRUE(first);
    const auto second = take_lock(path);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::kLimit);
    EXPECT_EQ(second.error().message, path + ": another drill is under way");
  }
  EXPECT_TRUE(take_lock(path));
}

TEST(Scratch, OthersMayPassThroughTheRoot) {
  const testing::TemporaryDirectory state;
  const std::string root = state.path() / "drill";
  const auto mode = [](const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 0777 : 0;
  };
  ASSERT_TRUE(make_root(root, state.path()));
  EXPECT_EQ(mode(root) & 0001, 0001u);
  EXPECT_EQ(mode(state.path()), 0701u);
  // Somebody else's are left as they are.
  const testing::TemporaryDirectory other;
  ASSERT_TRUE(make_root(other.path(), ""));
  EXPECT_EQ(mode(other.path()), 0700u);
}

TEST(Cluster, NamesOfDatabasesArePlainAndFit) {
  EXPECT_EQ(drill_database("upkeep_drill_", "Shop-1.db"), "upkeep_drill_shop_1_db");
  EXPECT_EQ(drill_database("upkeep_drill_", "a'; DROP"), "upkeep_drill_a___drop");
  const std::string one = drill_database("upkeep_drill_", std::string(80, 'a') + "1");
  EXPECT_EQ(one.size(), 63u);
  EXPECT_NE(one, drill_database("upkeep_drill_", std::string(80, 'a') + "2"));
}

TEST(Cluster, ProgramsAreFoundOrNamed) {
  const testing::TemporaryDirectory folder;
  EXPECT_EQ(find_programs(folder.path(), true).error().message, folder.path().string() + "/psql: no such program");
  for (const char* program : {"psql", "pg_restore"}) {
    folder.write(program, "#!/bin/sh\n");
    fs::permissions(folder.path() / program, fs::perms::owner_all);
  }
  EXPECT_EQ(find_programs(folder.path(), false), folder.path());
  EXPECT_EQ(find_programs(folder.path(), true).error().reason, DrillReason::kNoPrograms);
  EXPECT_EQ(find_programs(folder.path(), true).error().message, folder.path().string() + "/initdb: no such program");
}

}  // namespace
}  // namespace upkeep::backups
