#include "collectors/host/mountinfo.h"

#include <gtest/gtest.h>

#include "tests/support/fakes.h"

namespace upkeep::testing {
namespace {

std::string show(const Mount& mount) {
  return std::to_string(mount.id) + " " + mount.major + ":" + mount.minor + " " + mount.point + " " + mount.type + " " +
         mount.device + (mount.read_only ? " ro" : "");
}

std::string parsed(std::string_view text) {
  const auto mounts = parse_mountinfo(text);
  if (!mounts) return mounts.error().message;
  std::string all;
  for (const Mount& mount : *mounts) all += show(mount) + "\n";
  return all;
}

TEST(Mountinfo, ReadsMounts) {
  EXPECT_EQ(parsed("27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard\n"), "27 254:0 / ext4 /dev/vda\n");
  EXPECT_EQ(parsed("27 1 8:1 / / rw - ext4 /dev/sda1 rw\n36 27 8:2 /sub /srv rw - xfs /dev/sda2 rw,attr2\n"),
            "27 8:1 / ext4 /dev/sda1\n36 8:2 /srv xfs /dev/sda2\n");
  // Any number of optional fields.
  EXPECT_EQ(parsed("9 1 0:5 / /a rw master:1 propagate_from:2 unbindable - tmpfs t rw"), "9 0:5 /a tmpfs t\n");
  // A source without a name.
  EXPECT_EQ(parsed("9 1 0:5 / /a rw - tmpfs  rw"), "9 0:5 /a tmpfs \n");
  EXPECT_EQ(parsed(""), "");
}

TEST(Mountinfo, TakesReadOnlyFromMountOrFileSystem) {
  const auto f = [](std::string options, std::string super_options) {
    return parsed("9 1 0:5 / /a " + options + " - ext4 d " + super_options);
  };
  EXPECT_EQ(f("rw,relatime", "rw,errors=remount-ro"), "9 0:5 /a ext4 d\n");
  EXPECT_EQ(f("ro,relatime", "rw"), "9 0:5 /a ext4 d ro\n");
  EXPECT_EQ(f("rw,relatime", "ro,errors=remount-ro"), "9 0:5 /a ext4 d ro\n");
  EXPECT_EQ(f("rw,relatime", "rw,emergency_ro"), "9 0:5 /a ext4 d ro\n");
}

TEST(Mountinfo, ShowsTheTopmostOfSeveralAtOnePoint) {
  EXPECT_EQ(parsed("1 0 0:1 / / rw - rootfs rootfs rw\n"
                   "2 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
                   "3 2 0:5 / /home rw - autofs systemd-1 rw\n"
                   "4 3 0:6 / /home rw - nfs4 filer:/home rw\n"),
            "2 8:1 / ext4 /dev/sda1\n4 0:6 /home nfs4 filer:/home\n");
}

TEST(Mountinfo, UndoesOctalEscapes) {
  EXPECT_EQ(unescape_octal(R"(/srv/my\040data)"), "/srv/my data");
  EXPECT_EQ(unescape_octal(R"(\011\012\134\043)"), "\t\n\\#");
  EXPECT_EQ(unescape_octal(R"(a\12)"), R"(a\12)");
  EXPECT_EQ(unescape_octal(R"(a\9999\777)"), R"(a\9999\777)");
  EXPECT_EQ(unescape_octal("\\"), "\\");
  EXPECT_EQ(unescape_octal(""), "");
  EXPECT_EQ(parsed(R"(9 1 0:5 / /my\040disk rw - fuse.sshfs me@x:/my\040files rw)"),
            "9 0:5 /my disk fuse.sshfs me@x:/my files\n");
}

TEST(Mountinfo, RefusesWhatIsNoMount) {
  EXPECT_EQ(parsed("garbage\n"), "line 1: mount id expected");
  EXPECT_EQ(parsed("9 1 0:5 / /a rw - tmpfs t rw\n10 1"), "line 2: device number expected");
  EXPECT_EQ(parsed("9 1 0:x / /a rw - tmpfs t rw"), "line 1: device number expected");
  EXPECT_EQ(parsed("9 1 0:5 /"), "line 1: mount point expected");
  EXPECT_EQ(parsed("9 1 0:5 / /a rw"), "line 1: separator \"-\" expected");
  EXPECT_EQ(parsed("9 1 0:5 / /a rw shared:1"), "line 1: separator \"-\" expected");
  EXPECT_EQ(parsed("9 1 0:5 / /a rw - "), "line 1: type expected");
  EXPECT_EQ(parsed("9 1 0:5 / /a rw - ext4 /dev/sd"), "line 1: options of the file system expected");
  EXPECT_EQ(parsed("\n"), "line 1: mount id expected");
}

TEST(MountTable, PrefersTheFirstProcess) {
  FakeFileSystem fs;
  MountTable table(fs);
  const auto read = [&] {
    const auto mounts = table.read();
    return mounts ? show(mounts->front()) : mounts.error().message;
  };
  EXPECT_EQ(read(), "proc/self/mountinfo: No such file or directory");
  fs.put("proc/self/mountinfo", "9 1 0:5 / /own rw - tmpfs t rw\n");
  EXPECT_EQ(read(), "9 0:5 /own tmpfs t");
  fs.put("proc/1/mountinfo", "9 1 0:5 / /first rw - tmpfs t rw\n");
  EXPECT_EQ(read(), "9 0:5 /first tmpfs t");
  fs.fail_with("proc/1/mountinfo", {ErrorCode::kPermission, "Permission denied"});
  EXPECT_EQ(read(), "9 0:5 /own tmpfs t");
  fs.fail_with("proc/1/mountinfo", {ErrorCode::kSystem, "Input/output error"});
  EXPECT_EQ(read(), "proc/1/mountinfo: Input/output error");
}

TEST(MountTable, NamesTheFileThatIsBad) {
  FakeFileSystem fs;
  MountTable table(fs);
  fs.put("proc/1/mountinfo", "9 1 0:5 / /a rw - tmpfs t rw\n");
  EXPECT_TRUE(table.read().has_value());
  fs.put("proc/1/mountinfo", "9 1 0:5 / /a rw - tm");
  for (int run = 0; run < 2; ++run) {
    const auto mounts = table.read();
    ASSERT_FALSE(mounts.has_value());
    EXPECT_EQ(mounts.error().message, "proc/1/mountinfo: line 1: options of the file system expected");
  }
  fs.put("proc/1/mountinfo", "9 1 0:5 / /a rw - tmpfs t rw\n");
  ASSERT_TRUE(table.read().has_value());
  EXPECT_EQ(table.read()->size(), 1U);
}

}  // namespace
}  // namespace upkeep::testing
