#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep::testing {
namespace {

// The values of one array as "required active/failed/spare state blocks synced"; "-" for what is not there.
std::string summary(const std::string& mdstat) {
  World world;
  world.fs.put("proc/mdstat", "Personalities : [raid1] [raid6]\n" + mdstat + "\nunused devices: <none>\n");
  const std::string samples = world.samples(mdadm_collector);
  EXPECT_EQ(world.error(), "");
  const auto value = [&](const std::string& series) {
    const std::size_t at = samples.find(series + " ");
    if (at == std::string::npos) return std::string("-");
    const std::size_t begin = at + series.size() + 1;
    return samples.substr(begin, samples.find('\n', begin) - begin);
  };
  std::string text = value("node_md_disks_required{device=\"md0\"}") + " ";
  text += value("node_md_disks{device=\"md0\",state=\"active\"}") + "/";
  text += value("node_md_disks{device=\"md0\",state=\"failed\"}") + "/";
  text += value("node_md_disks{device=\"md0\",state=\"spare\"}");
  for (const char* state : {"active", "inactive", "recovering", "resync", "check"}) {
    const std::string is = value("node_md_state{device=\"md0\",state=\"" + std::string(state) + "\"}");
    EXPECT_TRUE(is == "0" || is == "1") << samples;
    if (is == "1") text += std::string(" ") + state;
  }
  return text + " " + value("node_md_blocks{device=\"md0\"}") + " " + value("node_md_blocks_synced{device=\"md0\"}");
}

TEST(Mdadm, ReadsArrays) {
  EXPECT_EQ(summary("md0 : active raid1 sdi2[0] sdj2[1]\n      312319552 blocks [2/2] [UU]\n"),
            "2 2/0/0 active 312319552 312319552");
  EXPECT_EQ(summary("md0 : active raid6 sdb1[0] sde1[3] sdd1[2] sdc1[1](F)\n"
                    "      7813735424 blocks super 1.2 level 6, 512k chunk, algorithm 2 [4/3] [U_UU]\n"
                    "      bitmap: 0/30 pages [0KB], 65536KB chunk\n"),
            "4 3/1/0 active 7813735424 7813735424");
  EXPECT_EQ(summary("md0 : active (auto-read-only) raid1 sdb2[0] sdc2[1] sdc3[2](F) hda[4](S) ssdc2[3](S)\n"
                    "      4190208 blocks super 1.2 [2/2] [UU]\n      \tresync=PENDING\n"),
            "2 2/1/2 resync 4190208 0");
  EXPECT_EQ(
      summary("md0 : active raid1 sda1[0] nvme0n1p1[1](W)(S)\n      100 blocks super external:/md127/0 [2/1] [U_]\n"),
      "2 1/0/1 active 100 100");
}

TEST(Mdadm, ReadsArraysWithoutRedundancy) {
  EXPECT_EQ(summary("md0 : active raid0 sda1[0] sdb1[1]\n       314159265 blocks 64k chunks\n"),
            "2 2/0/0 active 314159265 314159265");
  EXPECT_EQ(summary("md0 : active linear sda1[1] sdb1[0]\n        2095104 blocks super 1.2 0k rounding\n"),
            "2 2/0/0 active 2095104 2095104");
  EXPECT_EQ(summary("md0 : active (read-only) raid0 sdb[2] sdd[1] sdc[0]\n      322560 blocks super 1.2 512k chunks\n"),
            "3 3/0/0 active 322560 322560");
}

TEST(Mdadm, ReadsWhatIsInactive) {
  EXPECT_EQ(summary("md0 : inactive sdb[2](S) sdc[1](S) sda[0](S)\n        7932 blocks super external:imsm\n       \n"),
            "0 0/0/3 inactive 7932 7932");
  EXPECT_EQ(summary("md0 : inactive raid1 sda3[0](F) sdb3[1](S)\n      4883648 blocks [2/2] [UU]\n"),
            "0 0/1/1 inactive 4883648 4883648");
  EXPECT_EQ(summary("md0 : inactive\n"), "- -/0/0 inactive - -");
  EXPECT_EQ(summary("md0 : broken raid0 sda1[0](F)\n      12 blocks super 1.2 512k chunks\n"), "1 1/1/0 12 12");
}

TEST(Mdadm, ReadsProgress) {
  const auto f = [](const char* progress) {
    return summary(std::string("md0 : active raid1 sdb2[2] sda2[0]\n      1000 blocks super 1.2 [2/1] [U_]\n") +
                   progress + "\n      bitmap: 3/15 pages [12KB], 65536KB chunk\n");
  };
  EXPECT_EQ(f("      [=>......]  recovery =  8.5% (85/1000) finish=17.0min speed=259783K/sec"),
            "2 1/0/0 recovering 1000 85");
  EXPECT_EQ(f("      [=>......]  resync =  8.5% (86/1000) finish=17.0min speed=259783K/sec"), "2 1/0/0 resync 1000 86");
  EXPECT_EQ(f("      [=>......]  check =  8.5% (87/1000) finish=17.0min speed=259783K/sec"), "2 1/0/0 check 1000 87");
  EXPECT_EQ(f("      [=>......]  reshape =  8.5% (88/1000) finish=17.0min speed=259783K/sec"),
            "2 1/0/0 active 1000 88");
  EXPECT_EQ(f("      \tresync=DELAYED"), "2 1/0/0 resync 1000 0");
  EXPECT_EQ(f("      \tresync=REMOTE"), "2 1/0/0 resync 1000 -");
  EXPECT_EQ(f("      [=>......]  recovery =  8.5% (85/"), "2 1/0/0 recovering 1000 -");
}

TEST(Mdadm, AsksSysfsToo) {
  World world;
  world.fs.put("proc/mdstat",
               "md0 : active raid6 sda[0]\n  9 blocks [4/3] [U_UU]\nmd1 : active raid0 sdb[0]\n  9 blocks\n");
  world.fs.put("sys/block/md0/md/raid_disks", "11 (10)\n");
  world.fs.put("sys/block/md0/md/degraded", "1\n");
  world.fs.put("sys/block/md1/md/raid_disks", "1\n");
  const std::string samples = world.samples(mdadm_collector);
  EXPECT_EQ(samples.substr(samples.find("node_md_raid_disks")),
            "node_md_raid_disks{device=\"md0\"} 11\nnode_md_raid_disks{device=\"md1\"} 1\n"
            "node_md_degraded{device=\"md0\"} 1\n");
}

TEST(Mdadm, SaysWhatItCannotRead) {
  const auto f = [](const char* mdstat) {
    World world;
    world.fs.put("proc/mdstat", mdstat);
    EXPECT_EQ(world.samples(mdadm_collector), "");
    return world.error();
  };
  EXPECT_EQ(f("garbage"), "proc/mdstat: garbage: state expected");
  EXPECT_EQ(f("md0 : "), "proc/mdstat: md0: state expected");
  EXPECT_EQ(f("  100 blocks [2/2] [UU]\n"), "proc/mdstat: name of an array expected");
  EXPECT_EQ(f("Personalities : \nunused devices: <none>\n"), "no software RAID");
  EXPECT_EQ(f(""), "no software RAID");
  World world;
  EXPECT_EQ(world.samples(mdadm_collector), "");
  EXPECT_EQ(world.error_code(), ErrorCode::kNoData);
}

}  // namespace
}  // namespace upkeep::testing
