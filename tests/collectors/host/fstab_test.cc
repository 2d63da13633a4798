#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep::testing {
namespace {

constexpr const char* kMounts =
    "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
    "2 1 8:2 / /data ro - xfs /dev/sdb1 rw\n"
    "3 1 8:3 / /my\\040disk rw - ext4 /dev/sdc1 ro,errors=remount-ro\n"
    "4 1 0:4 / /auto rw - autofs systemd-1 rw\n"
    "5 1 8:5 / /cdrom ro - iso9660 /dev/sr0 ro\n";

std::string against(const char* fstab, std::string error = "") {
  World world;
  world.fs.put("proc/1/mountinfo", kMounts);
  world.fs.put("etc/fstab", fstab);
  const std::string samples = world.samples(fstab_collector);
  EXPECT_EQ(world.error(), error);
  return samples;
}

TEST(Fstab, TellsWhatIsReadOnlyAgainstIt) {
  EXPECT_EQ(against("UUID=3e6be9de-8139-4b1b-9106-a43f08d823a6 / ext4 errors=remount-ro 0 1\n"
                    "/dev/sdb1\t/data/\txfs\tdefaults\t0\t2\n"
                    "LABEL=disk /my\\040disk ext4\n"),
            "upkeep_filesystem_fstab_missing{mountpoint=\"/\"} 0\n"
            "upkeep_filesystem_fstab_missing{mountpoint=\"/data\"} 0\n"
            "upkeep_filesystem_fstab_missing{mountpoint=\"/my disk\"} 0\n"
            "upkeep_filesystem_readonly_unexpected{mountpoint=\"/\",fstype=\"ext4\",device=\"/dev/sda1\"} 0\n"
            "upkeep_filesystem_readonly_unexpected{mountpoint=\"/data\",fstype=\"xfs\",device=\"/dev/sdb1\"} 1\n"
            "upkeep_filesystem_readonly_unexpected{mountpoint=\"/my disk\",fstype=\"ext4\",device=\"/dev/sdc1\"} 1\n");
  const std::string present = "upkeep_filesystem_fstab_missing{mountpoint=\"/data\"} 0\n";
  EXPECT_EQ(against("/dev/sdb1 /data xfs ro 0 0\n"), present);
  EXPECT_EQ(against("/dev/sdb1 /data xfs nosuid,ro,noatime 0 0\r\n"), present);
  EXPECT_EQ(against("/dev/sr0 /cdrom iso9660 defaults 0 0\n"),
            "upkeep_filesystem_fstab_missing{mountpoint=\"/cdrom\"} 0\n");
  EXPECT_EQ(against("filer:/auto /auto nfs x-systemd.automount 0 0\n"),
            "upkeep_filesystem_fstab_missing{mountpoint=\"/auto\"} 0\n");
}

TEST(Fstab, TellsWhatIsMissing) {
  const std::string missing = "upkeep_filesystem_fstab_missing{mountpoint=\"/srv\"} 1\n";
  EXPECT_EQ(against("/dev/sdd1 /srv ext4 defaults 0 2"), missing);
  EXPECT_EQ(against("/dev/sdd1 /srv ext4 ro 0 2"), missing);
  EXPECT_EQ(against("/dev/sdd1 /srv ext4 defaults,nofail 0 2"), missing);
}

TEST(Fstab, ExpectsNoMountOfOthers) {
  const char* const nothing = "etc/fstab: nothing to mount";
  EXPECT_EQ(against("", nothing), "");
  EXPECT_EQ(against("# UNCONFIGURED FSTAB FOR BASE SYSTEM\n\n   \n\t# / x y\n", nothing), "");
  EXPECT_EQ(against("/dev/sdd1 none swap sw 0 0\n/swapfile swap swap defaults 0 0\n", nothing), "");
  EXPECT_EQ(against("/dev/sdd1 /mnt ext4 rw,noauto,user 0 0\n", nothing), "");
  EXPECT_EQ(against("/dev/sdd1 /mnt ignore defaults 0 0\n", nothing), "");
}

TEST(Fstab, NamesTheLineThatIsBad) {
  EXPECT_EQ(
      against("# a\n/dev/sda1 /\n/dev/sdb1 /data xfs ro\n", "etc/fstab: line 2: device, mount point and type expected"),
      "upkeep_filesystem_fstab_missing{mountpoint=\"/data\"} 0\n");
  EXPECT_EQ(against("garbage", "etc/fstab: line 1: device, mount point and type expected"), "");
}

TEST(Fstab, NeedsFilesToCompare) {
  World world;
  EXPECT_EQ(world.samples(fstab_collector), "");
  EXPECT_EQ(world.error(), "no etc/fstab");
  EXPECT_EQ(world.error_code(), ErrorCode::kNoData);
  world.fs.put("etc/fstab", "/dev/sdb1 /data xfs defaults 0 2\n");
  EXPECT_EQ(world.samples(fstab_collector), "");
  EXPECT_EQ(world.error(), "proc/self/mountinfo: No such file or directory");
  world.fs.fail_with("etc/fstab", {ErrorCode::kPermission, "Permission denied"});
  EXPECT_EQ(world.samples(fstab_collector), "");
  EXPECT_EQ(world.error(), "etc/fstab: Permission denied");
}

}  // namespace
}  // namespace upkeep::testing
