#include <gtest/gtest.h>

#include "collectors/all.h"
#include "exporter/text.h"
#include "tests/support/collect.h"

namespace upkeep {
namespace {

using namespace std::chrono_literals;
using testing::World;

constexpr const char* kPath = "proc/diskstats";

std::string of_family(const std::string& samples, std::string_view family) {
  std::string found;
  for (std::string_view line : Lines(samples))
    if (line.starts_with(family) && line.substr(family.size()).starts_with('{')) found.append(line).append("\n");
  return found;
}

TEST(Diskstats, PublishesEveryCounter) {
  World world;
  world.fs.put(
      kPath,
      " 254       0 vda 31912 7806 3504994 21970 9664 6622 1389024 3823 1 13136 26358 5306 35 164800 503 1471 60\n");
  EXPECT_EQ(world.samples(diskstats_collector),
            "node_disk_info{device=\"vda\",major=\"254\",minor=\"0\",path=\"\",wwn=\"\",model=\"\",serial=\"\","
            "revision=\"\"} 1\n"
            "node_disk_reads_completed_total{device=\"vda\"} 31912\n"
            "node_disk_reads_merged_total{device=\"vda\"} 7806\n"
            "node_disk_read_bytes_total{device=\"vda\"} 1794556928\n"
            "node_disk_read_time_seconds_total{device=\"vda\"} 21.97\n"
            "node_disk_writes_completed_total{device=\"vda\"} 9664\n"
            "node_disk_writes_merged_total{device=\"vda\"} 6622\n"
            "node_disk_written_bytes_total{device=\"vda\"} 711180288\n"
            "node_disk_write_time_seconds_total{device=\"vda\"} 3.823\n"
            "node_disk_io_now{device=\"vda\"} 1\n"
            "node_disk_io_time_seconds_total{device=\"vda\"} 13.136000000000001\n"
            "node_disk_io_time_weighted_seconds_total{device=\"vda\"} 26.358\n"
            "node_disk_discards_completed_total{device=\"vda\"} 5306\n"
            "node_disk_discards_merged_total{device=\"vda\"} 35\n"
            "node_disk_discarded_sectors_total{device=\"vda\"} 164800\n"
            "node_disk_discard_time_seconds_total{device=\"vda\"} 0.503\n"
            "node_disk_flush_requests_total{device=\"vda\"} 1471\n"
            "node_disk_flush_requests_time_seconds_total{device=\"vda\"} 0.06\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Diskstats, LeavesOutWhatOldKernelsLack) {
  World world;
  const auto f = [&](const char* line, std::string_view discard_time, std::string_view flushes) {
    world.fs.put(kPath, line);
    const std::string samples = world.samples(diskstats_collector);
    EXPECT_EQ(of_family(samples, "node_disk_discard_time_seconds_total"), discard_time);
    EXPECT_EQ(of_family(samples, "node_disk_flush_requests_total"), flushes);
    EXPECT_EQ(world.error(), "");
  };
  f("8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n", "", "");
  f("8 0 sda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\n", "node_disk_discard_time_seconds_total{device=\"sda\"} 0.015\n",
    "");
  f("8 0 sda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18\n",
    "node_disk_discard_time_seconds_total{device=\"sda\"} 0.015\n",
    "node_disk_flush_requests_total{device=\"sda\"} 16\n");
}

TEST(Diskstats, LeavesOutPartitionsUnlessToldOtherwise) {
  const auto f = [](std::string_view config, std::string_view kept) {
    World world;
    world.config = config;
    std::string text;
    for (const char* const name : {"sda", "sda1", "nvme0n1", "nvme0n1p2", "loop0", "zram0", "dm-0", "md0", "vdb1"})
      text += std::string("8 0 ") + name + " 1 0 0 0 0 0 0 0 0 0 0\n";
    world.fs.put(kPath, text);
    const std::string samples = world.samples(diskstats_collector);
    std::string found;
    for (std::string_view line : Lines(samples)) {
      constexpr std::string_view kReads = "node_disk_reads_completed_total{device=\"";
      if (line.starts_with(kReads))
        found.append(line.substr(kReads.size(), line.find('"', kReads.size()) - kReads.size())).append(" ");
    }
    EXPECT_EQ(found, kept);
    EXPECT_EQ(world.error(), "");
  };
  f("", "sda nvme0n1 dm-0 md0 ");
  f("devices: {exclude: '^loop'}", "sda sda1 nvme0n1 nvme0n1p2 zram0 dm-0 md0 vdb1 ");
  f("devices: {include: '^sda', exclude: ''}", "sda sda1 ");
}

constexpr const char* kSda = "8 0 sda 1 0 0 0 0 0 0 0 0 0 0\n";
constexpr const char* kSdaNotes = "run/udev/data/b8:0";

std::string facts(World& world) {
  std::string found;
  const std::string samples = world.samples(diskstats_collector);
  for (std::string_view line : Lines(samples))
    if (line.find("_info{") != std::string_view::npos || line.find("_ata_") != std::string_view::npos)
      found.append(line).append("\n");
  return found;
}

TEST(Diskstats, PublishesWhatUdevKnows) {
  World world;
  world.fs.put(kPath, kSda);
  world.fs.put(kSdaNotes,
               "S:disk/by-id/wwn-0x7c72382b8de36a64\n"
               "I:83655164\n"
               "E:ID_ATA=1\n"
               "E:ID_ATA_WRITE_CACHE=1\n"
               "E:ID_ATA_WRITE_CACHE_ENABLED=0\n"
               "E:ID_ATA_ROTATION_RATE_RPM=7200\n"
               "E:ID_MODEL=TOSHIBA_KSDB4U86\n"
               "E:ID_MODEL_ENC=TOSHIBA\\x20\n"
               "E:ID_PATH=pci-0000:3b:00.0-sas-phy7-lun-0\n"
               "E:ID_REVISION=0102\n"
               "E:ID_SERIAL=long\n"
               "E:ID_SERIAL_SHORT=short\n"
               "E:SCSI_IDENT_SERIAL=2160A0D5FVGG\n"
               "E:ID_WWN=0x7c72382b8de36a64\n"
               "E:ID_FS_TYPE=LVM2_member\n"
               "E:ID_FS_USAGE=raid\n"
               "E:ID_FS_UUID=cVVv6j\n"
               "E:ID_FS_VERSION=LVM2 001\n"
               "G:systemd\n");
  EXPECT_EQ(facts(world),
            "node_disk_info{device=\"sda\",major=\"8\",minor=\"0\",path=\"pci-0000:3b:00.0-sas-phy7-lun-0\","
            "wwn=\"0x7c72382b8de36a64\",model=\"TOSHIBA_KSDB4U86\",serial=\"2160A0D5FVGG\",revision=\"0102\"} 1\n"
            "node_disk_filesystem_info{device=\"sda\",type=\"LVM2_member\",usage=\"raid\",uuid=\"cVVv6j\","
            "version=\"LVM2 001\"} 1\n"
            "node_disk_ata_write_cache{device=\"sda\"} 1\n"
            "node_disk_ata_write_cache_enabled{device=\"sda\"} 0\n"
            "node_disk_ata_rotation_rate_rpm{device=\"sda\"} 7200\n");
}

TEST(Diskstats, PublishesMappedDevices) {
  World world;
  world.fs.put(kPath, "252 1 dm-1 1 0 0 0 0 0 0 0 0 0 0\n");
  world.fs.put("run/udev/data/b252:1",
               "E:DM_NAME=system-swap_1\nE:DM_UUID=LVM-wbGq\nE:DM_VG_NAME=system\nE:DM_LV_NAME=swap_1\n");
  EXPECT_EQ(facts(world),
            "node_disk_info{device=\"dm-1\",major=\"252\",minor=\"1\",path=\"\",wwn=\"\",model=\"\",serial=\"\","
            "revision=\"\"} 1\n"
            "node_disk_device_mapper_info{device=\"dm-1\",name=\"system-swap_1\",uuid=\"LVM-wbGq\",vg_name=\"system\","
            "lv_name=\"swap_1\",lv_layer=\"\"} 1\n");
}

std::string info_of_sda(std::string_view serial) {
  return "node_disk_info{device=\"sda\",major=\"8\",minor=\"0\",path=\"\",wwn=\"\",model=\"\",serial=\"" +
         std::string(serial) + "\",revision=\"\"} 1\n";
}

TEST(Diskstats, PicksTheBestSerial) {
  const auto f = [](const char* notes, std::string_view serial) {
    World world;
    world.fs.put(kPath, kSda);
    world.fs.put(kSdaNotes, notes);
    EXPECT_EQ(facts(world), info_of_sda(serial));
  };
  f("E:ID_SERIAL=a\n", "a");
  f("E:ID_SERIAL=a\nE:ID_SERIAL_SHORT=b\n", "b");
  f("E:ID_SERIAL=a\nE:ID_SERIAL_SHORT=b\nE:SCSI_IDENT_SERIAL=c\n", "c");
  f("E:ID_ATA_WRITE_CACHE=1\n", "");             // not said to be ATA
  f("E:ID_ATA=1\nE:ID_ATA_WRITE_CACHE=\n", "");  // no value
}

TEST(Diskstats, AsksUdevAgainEveryMinute) {
  World world;
  world.fs.put(kPath, kSda);
  EXPECT_EQ(facts(world), info_of_sda(""));
  world.fs.put(kSdaNotes, "E:ID_SERIAL=a\n");
  world.clock.advance(59s);
  EXPECT_EQ(facts(world), info_of_sda(""));
  world.clock.advance(1s);
  EXPECT_EQ(facts(world), info_of_sda("a"));
  // What is known stays when udev cannot be asked.
  world.fs.remove(kSdaNotes);
  world.clock.advance(60s);
  EXPECT_EQ(facts(world), info_of_sda("a"));
}

TEST(Diskstats, FollowsDevicesThatComeAndGo) {
  World world;
  const auto reads = [&](std::string text) {
    world.fs.put(kPath, std::move(text));
    const std::string samples = world.samples(diskstats_collector);
    return of_family(samples, "node_disk_info") + of_family(samples, "node_disk_reads_completed_total");
  };
  world.fs.put(kSdaNotes, "E:ID_SERIAL=a\n");
  world.fs.put("run/udev/data/b8:16", "E:ID_SERIAL=b\n");
  const auto info = [](const char* name, const char* minor, const char* serial) {
    return std::string("node_disk_info{device=\"") + name + "\",major=\"8\",minor=\"" + minor +
           "\",path=\"\",wwn=\"\",model=\"\",serial=\"" + serial + "\",revision=\"\"} 1\n";
  };
  const auto read = [](const char* name) {
    return std::string("node_disk_reads_completed_total{device=\"") + name + "\"} 1\n";
  };
  const std::string sdb = "8 16 sdb 1 0 0 0 0 0 0 0 0 0 0\n";
  EXPECT_EQ(reads(kSda), info("sda", "0", "a") + read("sda"));
  EXPECT_EQ(reads(sdb + kSda), info("sdb", "16", "b") + info("sda", "0", "a") + read("sdb") + read("sda"));
  EXPECT_EQ(reads(sdb), info("sdb", "16", "b") + read("sdb"));
  // Another disk under an old name.
  EXPECT_EQ(reads("8 0 sdb 1 0 0 0 0 0 0 0 0 0 0\n"), info("sdb", "0", "a") + read("sdb"));
}

TEST(Diskstats, NamesTheBadLine) {
  const auto f = [](const std::string& line, std::string_view error) {
    World world;
    world.fs.put(kPath, line + "\n" + kSda);
    EXPECT_EQ(of_family(world.samples(diskstats_collector), "node_disk_reads_completed_total"),
              "node_disk_reads_completed_total{device=\"sda\"} 1\n");
    EXPECT_EQ(world.error(), error);
  };
  f("8 1 sdb 1 2 3", R"(proc/diskstats:1: 11 numbers or more expected behind the name: "8 1 sdb 1 2 3")");
  f("8 1 sdb 1 2 3 4 5 6 7 8 9 10 11 -12",
    R"(proc/diskstats:1: 11 numbers or more expected behind the name: "8 1 sdb 1 2 3 4 5 6 7 8 9 10 11 -12")");
  f("garbage", R"(proc/diskstats:1: major, minor and name expected: "garbage")");
}

TEST(Diskstats, SaysThatThereIsNone) {
  World world;
  world.fs.put(kPath, "");
  EXPECT_EQ(world.samples(diskstats_collector), "");
  EXPECT_EQ(world.error(), "proc/diskstats: no disk");
  EXPECT_EQ(world.error_code(), ErrorCode::kNoData);
  world.fs.remove(kPath);
  EXPECT_EQ(world.samples(diskstats_collector), "");
  EXPECT_EQ(world.error(), "proc/diskstats: No such file or directory");
}

}  // namespace
}  // namespace upkeep
