#include "exporter/filesystem.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "tests/support/temporary_directory.h"

namespace upkeep {
namespace {

struct FileSystemTest : ::testing::Test {
  testing::TemporaryDirectory root;
  std::unique_ptr<FileSystem> fs = make_filesystem({root.path() / "proc", root.path() / "sys", root.path()});
};

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

TEST_F(FileSystemTest, MapsLogicalPathsToTheirRoots) {
  root.write("proc/loadavg", "1");
  root.write("sys/class/x", "2");
  root.write("etc/fstab", "3");
  const auto f = [&](std::string_view path) { return fs->read(path).value_or("?"); };
  EXPECT_EQ(f("proc/loadavg"), "1");
  EXPECT_EQ(f("sys/class/x"), "2");
  EXPECT_EQ(f("etc/fstab"), "3");
}

TEST_F(FileSystemTest, ReadsAgainWhatChanged) {
  root.write("proc/x", "one");
  const auto file = fs->open("proc/x", FileKind::kTable);
  EXPECT_EQ(file->read().value_or("?"), "one");
  root.write("proc/x", "another");
  EXPECT_EQ(file->read().value_or("?"), "another");
}

TEST_F(FileSystemTest, ReadsIntoRoomOfTheCaller) {
  root.write("proc/x", "one");
  root.write("etc/x", "two");
  std::array<char, limits::kAttributeBytes> room{};
  const auto kept = fs->open("proc/x", FileKind::kAttribute), reopened = fs->open("etc/x", FileKind::kAttribute);
  EXPECT_FALSE(kept->is_kept());
  EXPECT_EQ(kept->read_into(room).value_or("?"), "one");
  EXPECT_EQ(std::string_view(room.data(), 3), "one");
  EXPECT_TRUE(kept->is_kept());
  EXPECT_EQ(reopened->read_into(room).value_or("?"), "two");
  EXPECT_FALSE(reopened->is_kept());
}

TEST_F(FileSystemTest, AFileThatComesLaterIsFound) {
  const auto file = fs->open("proc/x", FileKind::kTable);
  const auto missing = file->read();
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(missing.error().message, "proc/x: No such file or directory");
  root.write("proc/x", "here");
  EXPECT_EQ(file->read().value_or("?"), "here");
}

TEST_F(FileSystemTest, ReplacedFilesOfTheRootFileSystemAreSeen) {
  root.write("etc/os-release", "old");
  const auto file = fs->open("etc/os-release", FileKind::kTable);
  EXPECT_EQ(file->read().value_or("?"), "old");
  root.write("etc/os-release.new", "new");
  std::filesystem::rename(root.path() / "etc/os-release.new", root.path() / "etc/os-release");
  EXPECT_EQ(file->read().value_or("?"), "new");
}

TEST_F(FileSystemTest, LargeFilesAreReadWhole) {
  const std::string large(300'000, 'x');
  root.write("proc/large", large);
  EXPECT_EQ(fs->read("proc/large").value_or("?"), large);
}

TEST_F(FileSystemTest, TooLargeIsALimit) {
  root.write("proc/large", std::string(limits::kFileBytes + 1, 'x'));
  const auto got = fs->read("proc/large");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().message, "proc/large: larger than 8388608 bytes");
}

TEST_F(FileSystemTest, KeepsNoMoreDescriptorsThanItsBudget) {
  const auto frugal = make_filesystem({root.path() / "proc", root.path() / "sys", root.path()}, 3);
  std::vector<std::unique_ptr<File>> files;
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 10; ++i) {
    const std::string name = "proc/f" + std::to_string(i);
    root.write(name, "x");
    files.push_back(frugal->open(name, FileKind::kAttribute));
    EXPECT_TRUE(files.back()->read());
  }
  EXPECT_EQ(open_descriptors(), before + 3);
  files.clear();
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(FileSystemTest, ListsSortedWithKinds) {
  root.write("sys/b/file", "");
  root.write("sys/a", "");
  std::filesystem::create_symlink("b", root.path() / "sys/c");
  const auto entries = fs->list("sys");
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 3U);
  EXPECT_EQ((*entries)[0].name, "a");
  EXPECT_FALSE((*entries)[0].is_directory);
  EXPECT_TRUE((*entries)[1].is_directory);
  EXPECT_TRUE((*entries)[2].is_link);
  EXPECT_EQ(fs->link_target("sys/c").value_or("?"), "b");
  EXPECT_FALSE(fs->list("sys/none"));
}

TEST_F(FileSystemTest, APipeDoesNotHoldAReaderUp) {
  std::filesystem::create_directories(root.path() / "proc");
  ASSERT_EQ(::mkfifo((root.path() / "proc/pipe").c_str(), 0600), 0);
  EXPECT_FALSE(fs->read("proc/pipe"));
}

std::string drain(FileStream& stream) {
  std::string all;
  for (;;) {
    const auto block = stream.next();
    if (!block || block->empty()) return block ? all : block.error().message;
    EXPECT_LE(block->size(), limits::kStreamBlockBytes);
    all += *block;
  }
}

TEST_F(FileSystemTest, StreamsAFileOfAnySizeOnce) {
  std::string large(limits::kFileBytes + 1, 'x');
  large.back() = 'y';
  root.write("srv/large", large);
  const auto stream = fs->stream("srv/large");
  ASSERT_TRUE(stream);
  EXPECT_EQ(drain(**stream), large);
  EXPECT_EQ((*stream)->next().value_or("?"), "");
}

TEST_F(FileSystemTest, AStreamKnowsTheFileItReadsAndNotTheOneThatTookItsPlace) {
  root.write("srv/x", "old");
  const auto stream = fs->stream("srv/x");
  ASSERT_TRUE(stream);
  const auto before = (*stream)->status();
  root.write("srv/y", "longer");
  std::filesystem::rename(root.path() / "srv/y", root.path() / "srv/x");
  const auto by_descriptor = (*stream)->status();
  const auto by_name = fs->status("srv/x");
  ASSERT_TRUE(before && by_descriptor && by_name);
  EXPECT_EQ(before->inode, by_descriptor->inode);
  EXPECT_EQ(before->modified_ns, by_descriptor->modified_ns);
  EXPECT_EQ(by_descriptor->size_bytes, 3U);
  EXPECT_NE(by_name->inode, by_descriptor->inode);
  EXPECT_EQ(by_name->device, by_descriptor->device);
  EXPECT_NEAR(static_cast<double>(by_name->modified_ns) / 1e9, by_name->modified_unix_seconds, 1e-6);
  EXPECT_EQ(drain(**stream), "old");
}

TEST_F(FileSystemTest, StreamsRegularFilesAlone) {
  std::filesystem::create_directories(root.path() / "srv/folder");
  ASSERT_EQ(::mkfifo((root.path() / "srv/pipe").c_str(), 0600), 0);
  const auto f = [&](std::string_view path) {
    const auto stream = fs->stream(path);
    return stream ? drain(**stream) : stream.error().message;
  };
  EXPECT_EQ(f("srv/pipe"), "srv/pipe: not a regular file");
  EXPECT_EQ(f("srv/folder"), "srv/folder: not a regular file");
  EXPECT_EQ(f("srv/none"), "srv/none: No such file or directory");
  root.write("srv/empty", "");
  EXPECT_EQ(f("srv/empty"), "");
}

TEST(RealFileSystem, ReadsTheKernelsTablesWhole) {
  const auto fs = make_filesystem({});
  const std::string vmstat = fs->read("proc/vmstat").value_or("");
  EXPECT_TRUE(vmstat.ends_with('\n'));
  EXPECT_GT(vmstat.size(), 1000U);
  const auto file = fs->open("proc/self/status", FileKind::kTable);
  EXPECT_TRUE(file->read().value_or("").starts_with("Name:"));
  EXPECT_TRUE(file->read().value_or("").starts_with("Name:"));
}

}  // namespace
}  // namespace upkeep
