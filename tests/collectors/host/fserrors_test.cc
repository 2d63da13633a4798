#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep::testing {
namespace {

void put_ext4(World& world, const std::string& name, const char* errors, const char* first, const char* last) {
  const std::string directory = "sys/fs/ext4/" + name + "/";
  world.fs.put(directory + "errors_count", errors);
  world.fs.put(directory + "warning_count", "2\n");
  world.fs.put(directory + "first_error_time", first);
  world.fs.put(directory + "last_error_time", last);
}

TEST(FileSystemErrors, CountsThoseOfExt4) {
  World world;
  world.fs.put("sys/fs/ext4/features/lazy_itable_init", "supported\n");
  put_ext4(world, "sda1", "0\n", "0\n", "0\n");
  put_ext4(world, "dm-0", "89443\n", "1521764305", "1531715631");
  EXPECT_EQ(world.samples(fserrors_collector),
            "upkeep_filesystem_errors_total{device=\"/dev/dm-0\",fstype=\"ext4\"} 89443\n"
            "upkeep_filesystem_errors_total{device=\"/dev/sda1\",fstype=\"ext4\"} 0\n"
            "upkeep_filesystem_warnings_total{device=\"/dev/dm-0\",fstype=\"ext4\"} 2\n"
            "upkeep_filesystem_warnings_total{device=\"/dev/sda1\",fstype=\"ext4\"} 2\n"
            "upkeep_filesystem_first_error_timestamp_seconds{device=\"/dev/dm-0\",fstype=\"ext4\"} 1521764305\n"
            "upkeep_filesystem_last_error_timestamp_seconds{device=\"/dev/dm-0\",fstype=\"ext4\"} 1531715631\n");
  EXPECT_EQ(world.error(), "");
}

TEST(FileSystemErrors, CallsDevicesAsTheMountsDo) {
  World world;
  world.fs.put("proc/1/mountinfo",
               "1 0 253:0 / / rw - ext3 /dev/mapper/vg-root rw\n2 1 8:1 / /b rw - ext4 /dev/b rw\n");
  world.fs.put("sys/class/block/dm-0/dev", "253:0\n");
  world.fs.put("sys/fs/ext4/dm-0/errors_count", "1\n");
  world.fs.put("sys/fs/ext4/cciss!c0d0/errors_count", "2\n");
  EXPECT_EQ(world.samples(fserrors_collector),
            "upkeep_filesystem_errors_total{device=\"/dev/cciss/c0d0\",fstype=\"ext4\"} 2\n"
            "upkeep_filesystem_errors_total{device=\"/dev/mapper/vg-root\",fstype=\"ext3\"} 1\n");
  EXPECT_EQ(world.error(), "");  // what old kernels lack is no error
}

TEST(FileSystemErrors, KnowsNoOthers) {
  const auto f = [](const char* path) {
    World world;
    if (path != nullptr) world.fs.put(path, "x");
    EXPECT_EQ(world.samples(fserrors_collector), "");
    EXPECT_EQ(world.error_code(), ErrorCode::kNoData);
    return world.error();
  };
  EXPECT_EQ(f(nullptr), "no ext4 file systems");
  EXPECT_EQ(f("sys/fs/ext4/features/verity"), "no ext4 file systems");
  EXPECT_EQ(f("sys/fs/xfs/sda1/error/fail_at_unmount"), "no ext4 file systems");
}

TEST(FileSystemErrors, TellsWhatItCannotRead) {
  World world;
  put_ext4(world, "sda1", "many\n", "0\n", "0\n");
  put_ext4(world, "sdb1", "3\n", "0\n", "0\n");
  EXPECT_EQ(world.samples(fserrors_collector),
            "upkeep_filesystem_errors_total{device=\"/dev/sdb1\",fstype=\"ext4\"} 3\n"
            "upkeep_filesystem_warnings_total{device=\"/dev/sdb1\",fstype=\"ext4\"} 2\n");
  EXPECT_EQ(world.error(), "sys/fs/ext4/sda1/errors_count: an integer expected");
  world.fs.fail_with("sys/fs/ext4", {ErrorCode::kPermission, "Permission denied"});
  EXPECT_EQ(world.samples(fserrors_collector), "");
  EXPECT_EQ(world.error(), "sys/fs/ext4: Permission denied");
}

}  // namespace
}  // namespace upkeep::testing
