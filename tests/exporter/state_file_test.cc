#include "exporter/state_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/temporary_directory.h"

namespace upkeep {
namespace {

namespace files = std::filesystem;

class StateFile : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const { return directory_.path() / name; }
  testing::TemporaryDirectory directory_;
};

TEST_F(StateFile, KeepsWhatWasWrittenLast) {
  const std::string file = path("a/b/kept");
  EXPECT_EQ(read_state_file(file).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(write_state_file(file, "one\n")) << "directories are made";
  EXPECT_EQ(read_state_file(file), "one\n");
  const std::string large(300'000, 'x');
  ASSERT_TRUE(write_state_file(file, large));
  EXPECT_EQ(read_state_file(file), large);
  ASSERT_TRUE(write_state_file(file, ""));
  EXPECT_EQ(read_state_file(file), "");
  EXPECT_EQ(std::distance(files::directory_iterator(path("a/b")), {}), 1) << "no temporary is left";
}

TEST_F(StateFile, IsForTheProgramsUserAlone) {
  ASSERT_TRUE(write_state_file(path("kept"), "secret"));
  struct stat status {};
  ASSERT_EQ(::stat(path("kept").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(StateFile, IsReplacedAsAWhole) {
  ASSERT_TRUE(write_state_file(path("kept"), "one"));
  ASSERT_EQ(::link(path("kept").c_str(), path("old").c_str()), 0);
  ASSERT_TRUE(write_state_file(path("kept"), "two"));
  EXPECT_EQ(read_state_file(path("old")), "one") << "it was written into";
}

TEST_F(StateFile, OverwritesWhatACrashLeft) {
  directory_.write("kept.new", "half");
  ASSERT_TRUE(write_state_file(path("kept"), "whole"));
  EXPECT_EQ(read_state_file(path("kept")), "whole");
  directory_.write("elsewhere", "untouched");
  files::create_symlink(path("elsewhere"), path("kept.new"));
  ASSERT_TRUE(write_state_file(path("kept"), "again"));
  EXPECT_EQ(read_state_file(path("elsewhere")), "untouched");
}

TEST_F(StateFile, SaysWhatIsWrong) {
  directory_.write("file", "0123456789");
  EXPECT_EQ(write_state_file(path("file/below"), "x").error().message, path("file/below.new") + ": Not a directory");
  EXPECT_EQ(write_state_file("/proc/none/below", "x").error().message, "/proc/none: No such file or directory");
  EXPECT_EQ(read_state_file(path("file"), 9).error().message, path("file") + ": larger than 9 bytes");
  EXPECT_EQ(read_state_file(path("file"), 10), "0123456789");
  EXPECT_EQ(read_state_file(directory_.path()).error().message, directory_.path().string() + ": not a regular file");
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(read_state_file(path("fifo")).error().message, path("fifo") + ": not a regular file")
      << "and does not hang";
}

TEST_F(StateFile, CanTellWhetherItCouldBeWritten) {
  EXPECT_TRUE(is_state_writable(directory_.path()));
  EXPECT_TRUE(is_state_writable(path("not/yet/there")));
  directory_.write("file", "");
  EXPECT_FALSE(is_state_writable(path("file")));
  EXPECT_FALSE(is_state_writable(path("file/below")));
  EXPECT_FALSE(files::exists(path("not")));
}

}  // namespace
}  // namespace upkeep
