#include "collectors/containers/usage.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "collectors/containers/usage_sources.h"
#include "exporter/text.h"
#include "tests/collectors/containers/fake_cgroups.h"
#include "tests/support/collect.h"

namespace upkeep::containers {
namespace {

using namespace std::chrono_literals;
using namespace upkeep::testing;

const std::string kPath = "/docker/" + kIdA;

// One container, read and published.
class World {
 public:
  std::string samples() {
    if (!files) {
      hierarchies = *find_hierarchies(fs);
      files.emplace(fs, hierarchies, kPath);
    }
    const auto read = files->read(now, 100);
    error = read ? "" : read.error().message;
    const std::vector<std::string> labels = {kPath, "", ""};
    SampleSink sink(1000);
    sink.begin();
    ContainerSamples out(families, ContainerLabels(labels), sink);
    publish_usage(files->usage(), 0, devices, with_ooms, out);
    const std::string page = samples_of(sink);
    std::string text;
    const std::string common = "id=\"" + kPath + "\",name=\"\",image=\"\"";
    for (const std::string_view line : Lines(page)) {
      std::string sample(line);
      sample.erase(sample.find(common), common.size());
      if (const auto empty = sample.find("{}"); empty != std::string::npos) sample.erase(empty, 2);
      if (const auto comma = sample.find("{,"); comma != std::string::npos) sample.erase(comma + 1, 1);
      text += sample + "\n";
    }
    return text;
  }
  // The value of a family without labels of its own; "" without a sample.
  std::string value(std::string_view family) {
    const std::string text = samples();
    for (const std::string_view line : Lines(text)) {
      if (line.starts_with(family) && line[family.size()] == ' ') return std::string(line.substr(family.size() + 1));
    }
    return "";
  }

  FakeFileSystem fs;
  Hierarchies hierarchies;
  std::optional<UsageFiles> files;
  ContainerFamilies families{usage_families(), {}};
  DeviceNames devices{fs};
  Clock::time_point now{1h};
  bool with_ooms = true;
  std::string error;
};

constexpr std::string_view kOfBoth =
    "container_cpu_usage_seconds_total{cpu=\"total\"} 2.5\n"
    "container_cpu_user_seconds_total 1.5\n"
    "container_cpu_system_seconds_total 1\n";

TEST(Usage, ReadsVersion2) {
  World world;
  put_root_v2(world.fs);
  put_v2(world.fs, kPath);
  world.fs.put_link("sys/dev/block/8:0", "../../devices/pci0000:00/ata1/block/sda");
  EXPECT_EQ(world.samples(), std::string(kOfBoth) +
                                 "container_cpu_cfs_periods_total 100\n"
                                 "container_cpu_cfs_throttled_periods_total 10\n"
                                 "container_cpu_cfs_throttled_seconds_total 0.3\n"
                                 "container_cpu_cfs_burst_periods_total 0\n"
                                 "container_cpu_cfs_burst_seconds_total 0\n"
                                 "container_memory_usage_bytes 104857600\n"
                                 "container_memory_working_set_bytes 73400320\n"
                                 "container_memory_rss 52428800\n"
                                 "container_memory_cache 41943040\n"
                                 "container_memory_swap 4096\n"
                                 "container_memory_mapped_file 8388608\n"
                                 "container_memory_max_usage_bytes 209715200\n"
                                 "container_memory_kernel_usage 1048576\n"
                                 "container_memory_total_active_file_bytes 10485760\n"
                                 "container_memory_total_inactive_file_bytes 31457280\n"
                                 "container_memory_file_dirty_bytes 4096\n"
                                 "container_memory_file_writeback_bytes 0\n"
                                 "container_memory_pgscan_total 70\n"
                                 "container_memory_pgsteal_total 60\n"
                                 "container_memory_workingset_refault_anon_total 5\n"
                                 "container_memory_workingset_refault_file_total 6\n"
                                 "container_memory_events_high_total 2\n"
                                 "container_memory_events_max_total 7\n"
                                 "container_pressure_cpu_waiting_seconds_total 0.0015\n"
                                 "container_pressure_cpu_stalled_seconds_total 5e-04\n"
                                 "container_pressure_memory_waiting_seconds_total 2e-05\n"
                                 "container_pressure_memory_stalled_seconds_total 1e-05\n"
                                 "container_pressure_io_waiting_seconds_total 4e-06\n"
                                 "container_pressure_io_stalled_seconds_total 3e-06\n"
                                 "container_threads 7\n"
                                 "container_threads_max 0\n"
                                 "container_spec_cpu_period 100000\n"
                                 "container_spec_cpu_quota 50000\n"
                                 "container_spec_cpu_shares 2597\n"
                                 "container_spec_memory_limit_bytes 536870912\n"
                                 "container_spec_memory_reservation_limit_bytes 0\n"
                                 "container_spec_memory_swap_limit_bytes 0\n"
                                 "container_memory_failures_total{failure_type=\"pgfault\",scope=\"container\"} 9000\n"
                                 "container_memory_failures_total{failure_type=\"pgmajfault\",scope=\"container\"} 12\n"
                                 "container_memory_failures_total{failure_type=\"pgfault\",scope=\"hierarchy\"} 9000\n"
                                 "container_memory_failures_total{failure_type=\"pgmajfault\",scope=\"hierarchy\"} 12\n"
                                 "container_fs_reads_bytes_total{device=\"/dev/sda\"} 1459200\n"
                                 "container_fs_writes_bytes_total{device=\"/dev/sda\"} 314773504\n"
                                 "container_fs_reads_total{device=\"/dev/sda\"} 192\n"
                                 "container_fs_writes_total{device=\"/dev/sda\"} 353\n"
                                 "container_blkio_device_usage_total{device=\"/dev/sda\",major=\"8\",minor=\"0\","
                                 "operation=\"Read\"} 1459200\n"
                                 "container_blkio_device_usage_total{device=\"/dev/sda\",major=\"8\",minor=\"0\","
                                 "operation=\"Write\"} 314773504\n"
                                 "container_oom_events_total 1\n");
  EXPECT_EQ(world.error, "");
}

TEST(Usage, ReadsVersion1) {
  World world;
  put_v1(world.fs, kPath);
  EXPECT_EQ(world.samples(), std::string(kOfBoth) +
                                 "container_memory_usage_bytes 104857600\n"
                                 "container_memory_working_set_bytes 73400320\n"
                                 "container_memory_rss 52428800\n"
                                 "container_memory_cache 41943040\n"
                                 "container_memory_swap 4096\n"
                                 "container_memory_mapped_file 8388608\n"
                                 "container_memory_max_usage_bytes 209715200\n"
                                 "container_memory_failcnt 3\n"
                                 "container_memory_kernel_usage 1048576\n"
                                 "container_memory_total_active_file_bytes 10485760\n"
                                 "container_memory_total_inactive_file_bytes 31457280\n"
                                 "container_memory_file_dirty_bytes 4096\n"
                                 "container_memory_file_writeback_bytes 0\n"
                                 "container_threads 7\n"
                                 "container_threads_max 0\n"
                                 "container_spec_cpu_period 100000\n"
                                 "container_spec_cpu_shares 1024\n"
                                 "container_spec_memory_limit_bytes 0\n"
                                 "container_spec_memory_reservation_limit_bytes 0\n"
                                 "container_spec_memory_swap_limit_bytes 1073741824\n"
                                 "container_memory_failures_total{failure_type=\"pgfault\",scope=\"container\"} 8000\n"
                                 "container_memory_failures_total{failure_type=\"pgmajfault\",scope=\"container\"} 11\n"
                                 "container_memory_failures_total{failure_type=\"pgfault\",scope=\"hierarchy\"} 9000\n"
                                 "container_memory_failures_total{failure_type=\"pgmajfault\",scope=\"hierarchy\"} 12\n"
                                 "container_fs_reads_bytes_total{device=\"8:0\"} 1459200\n"
                                 "container_fs_writes_bytes_total{device=\"8:0\"} 314773504\n"
                                 "container_fs_reads_total{device=\"8:0\"} 192\n"
                                 "container_fs_writes_total{device=\"8:0\"} 353\n"
                                 "container_blkio_device_usage_total{device=\"8:0\",major=\"8\",minor=\"0\","
                                 "operation=\"Read\"} 1459200\n"
                                 "container_blkio_device_usage_total{device=\"8:0\",major=\"8\",minor=\"0\","
                                 "operation=\"Write\"} 314773504\n"
                                 "container_oom_events_total 1\n");
  EXPECT_EQ(world.error, "");
}

TEST(Usage, ReadsTheQuotaOfVersion1) {
  World world;
  put_v1(world.fs, kPath);
  world.fs.put(kCgroups + "/cpu,cpuacct" + kPath + "/cpu.cfs_quota_us", "50000\n");
  EXPECT_EQ(world.value("container_spec_cpu_quota"), "50000");
  EXPECT_EQ(world.value("container_cpu_cfs_throttled_seconds_total"), "0.3");
  EXPECT_EQ(world.value("container_cpu_cfs_burst_periods_total"), "");  // an older kernel
}

// Controllers are of version 1, and pressure is only known to version 2.
TEST(Usage, ReadsTheHybrid) {
  World world;
  put_v1(world.fs, kPath);
  put_v2(world.fs, kPath, kCgroups + "/unified");
  world.fs.put(kCgroups + "/unified/cgroup.controllers", "\n");
  world.fs.put(kCgroups + "/unified" + kPath + "/memory.current", "1\n");
  world.fs.put(kCgroups + "/unified" + kPath + "/cpu.stat", "usage_usec 1\n");
  const std::string samples = world.samples();
  EXPECT_TRUE(samples.starts_with(kOfBoth)) << samples;
  EXPECT_EQ(world.value("container_memory_usage_bytes"), "104857600");
  EXPECT_EQ(world.value("container_pressure_cpu_waiting_seconds_total"), "0.0015");
  EXPECT_EQ(world.value("container_memory_events_max_total"), "");
}

TEST(Usage, SaysNothingOfWhatIsAbsent) {
  World world;
  put_root_v2(world.fs);
  world.fs.put(kCgroups + kPath + "/cpu.stat", "usage_usec 5\nuser_usec 3\nsystem_usec 2\n");
  world.fs.put(kCgroups + kPath + "/memory.current", "10\n");
  world.with_ooms = false;
  EXPECT_EQ(world.samples(),
            "container_cpu_usage_seconds_total{cpu=\"total\"} 5e-06\n"
            "container_cpu_user_seconds_total 3e-06\n"
            "container_cpu_system_seconds_total 2e-06\n"
            "container_memory_usage_bytes 10\n");
  EXPECT_EQ(world.error, "");
}

TEST(Usage, TheWorkingSetIsNeverNegative) {
  World world;
  put_root_v2(world.fs);
  put_v2(world.fs, kPath);
  world.fs.put(kCgroups + kPath + "/memory.current", "31457279\n");
  EXPECT_EQ(world.value("container_memory_working_set_bytes"), "0");
}

TEST(Usage, ReadsLimitsOnceAMinuteAtLeast) {
  World world;
  put_root_v2(world.fs);
  put_v2(world.fs, kPath);
  EXPECT_EQ(world.value("container_spec_memory_limit_bytes"), "536870912");
  world.fs.put(kCgroups + kPath + "/memory.max", "max\n");
  world.fs.put(kCgroups + kPath + "/memory.current", "11\n");
  EXPECT_EQ(world.value("container_spec_memory_limit_bytes"), "536870912");
  EXPECT_EQ(world.value("container_memory_usage_bytes"), "11");
  world.now += 1min;
  EXPECT_EQ(world.value("container_spec_memory_limit_bytes"), "0");
  world.fs.put(kCgroups + kPath + "/memory.max", "12\n");
  world.files->hurry();
  EXPECT_EQ(world.value("container_spec_memory_limit_bytes"), "12");
}

// What only changes while it runs is not looked at while it does not.
TEST(Usage, LeavesAloneWhatCannotHaveChanged) {
  World world;
  put_v1(world.fs, kPath);
  const auto put = [&](const std::string& file, const std::string& text) {
    world.fs.put(kCgroups + "/" + file.substr(0, file.find('/')) + kPath + file.substr(file.find('/')), text);
  };
  EXPECT_EQ(world.value("container_threads"), "7");
  put("pids/pids.current", "8\n");
  EXPECT_EQ(world.value("container_threads"), "7");
  put("cpu,cpuacct/cpuacct.usage", "2500000001\n");
  EXPECT_EQ(world.value("container_threads"), "8");

  const std::string reads = "container_fs_reads_total{device=\"8:0\"} ";
  put("blkio/blkio.throttle.io_serviced_recursive", "8:0 Read 193\nTotal 193\n");
  EXPECT_NE(world.samples().find(reads + "192\n"), std::string::npos);
  put("blkio/blkio.throttle.io_service_bytes_recursive", "8:0 Read 2000000\n8:0 Write 1\nTotal 2000001\n");
  EXPECT_NE(world.samples().find(reads + "193\n"), std::string::npos);
}

TEST(Usage, ReadsAgainWhatCouldNotBeRead) {
  World world;
  put_root_v2(world.fs);
  put_v2(world.fs, kPath);
  const std::string whole = world.samples();
  for (const std::string file : {"pids.current", "memory.stat", "io.stat", "cpu.stat", "memory.events"}) {
    world.fs.fail_with(kCgroups + kPath + "/" + file, {ErrorCode::kSystem, "Input/output error"});
    // Whatever else, it has run.
    if (file != "cpu.stat") world.fs.put(kCgroups + kPath + "/cpu.stat", "usage_usec 1\nuser_usec 1\n");
    EXPECT_NE(world.samples(), whole);
    EXPECT_EQ(world.error, kCgroups + kPath + "/" + file + ": Input/output error");
    world.fs.clear_failures();
    put_v2(world.fs, kPath);
    EXPECT_EQ(world.samples(), whole) << file;
    EXPECT_EQ(world.error, "");
  }
}

TEST(Usage, NoticesThatTheContainerWent) {
  World world;
  put_root_v2(world.fs);
  put_v2(world.fs, kPath);
  world.samples();
  EXPECT_EQ(world.error, "");
  world.fs.remove(kCgroups + kPath);
  const auto read = world.files->read(world.now, 100);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kNotFound);
}

TEST(Usage, AFileThatWentIsNoContainerThatWent) {
  World world;
  put_root_v2(world.fs);
  put_v2(world.fs, kPath);
  world.samples();
  world.fs.remove(kCgroups + kPath + "/memory.current");
  EXPECT_EQ(world.value("container_memory_usage_bytes"), "");
  EXPECT_EQ(world.value("container_threads"), "7");
  EXPECT_EQ(world.error, "");
  for (int look = 0; look < 5; ++look) world.samples();
  // It may come back; that is looked for with the limits.
  world.fs.put(kCgroups + kPath + "/memory.current", "1\n");
  EXPECT_EQ(world.value("container_memory_usage_bytes"), "");
  world.now += 5min;
  EXPECT_EQ(world.value("container_memory_usage_bytes"), "1");
}

TEST(Usage, NamesTheBadFile) {
  const auto f = [](const std::string& file, const std::string& text, const std::string& error) {
    World world;
    put_root_v2(world.fs);
    put_v2(world.fs, kPath);
    world.fs.put(kCgroups + kPath + "/" + file, text);
    const std::string samples = world.samples();
    EXPECT_EQ(world.error, kCgroups + kPath + "/" + file + ": " + error);
    EXPECT_NE(samples.find("container_cpu_user_seconds_total 1.5\n"), std::string::npos) << "the others are there";
  };
  f("memory.current", "", "a number expected");
  f("memory.current", "-1\n", "a number expected");
  f("memory.current", "max\n", "a number expected");
  f("memory.max", "maximum\n", "a number expected");
  f("memory.stat", "", "lines of key and number expected");
  f("memory.stat", "anon\n", "a number expected");
  f("memory.stat", "anon 12x\n", "a number expected");
  f("memory.events", "garbage\n", "lines of key and number expected");
  f("cpu.max", "\n", "a number expected");
  f("cpu.max", "50000\n", "a number expected");
  f("cpu.weight", "0\n", "a weight of 1 to 10000 expected");
  f("cpu.pressure", "some avg10=0.00\n", "total= expected");
  f("cpu.pressure", "some total=x\n", "a number expected");
  f("io.stat", "rbytes=1\n", "MAJOR:MINOR and key=number expected");
  f("io.stat", "8:0 rbytes=x\n", "a number expected");
}

TEST(Usage, ReadsOddLinesOfIoStat) {
  const auto f = [](std::string_view text, const std::vector<std::string>& expected) {
    Usage usage;
    const auto source = std::ranges::find(sources(), "io.stat", &Source::file);
    EXPECT_TRUE(parse_source(*source, text, 100, usage));
    std::vector<std::string> devices;
    for (std::size_t i = 0; i < usage.device_count; ++i) {
      const DeviceIo& io = usage.devices[i];
      std::string line(io.numbers);
      for (const double value : {io.read_bytes, io.written_bytes, io.reads, io.writes})
        line += fmt::format(" {:g}", value);
      devices.push_back(line);
    }
    EXPECT_EQ(devices, expected) << text;
  };
  f("", {});
  f("8:0 rbytes=1 wbytes=2 rios=3 wios=4\n8:16 rbytes=5 wbytes=6 rios=7 wios=8\n", {"8:0 1 2 3 4", "8:16 5 6 7 8"});
  f("254:1 254:0 rbytes=1 wbytes=2 rios=3 wios=4 cost.usage=9\n", {"254:0 1 2 3 4"});  // Linux 5.19
  f("8:0\n8:16 rbytes=1\n", {"8:16 1 nan nan nan"});
}

TEST(Usage, FollowsDeviceNamesAndForgetsThem) {
  World world;
  put_root_v2(world.fs);
  put_v2(world.fs, kPath);
  EXPECT_NE(world.samples().find("{device=\"8:0\"} 192\n"), std::string::npos);
  world.fs.put_link("sys/dev/block/8:0", "../../devices/virtual/block/dm-0");
  EXPECT_NE(world.samples().find("{device=\"8:0\"} 192\n"), std::string::npos);
  world.devices.forget();
  EXPECT_NE(world.samples().find("{device=\"/dev/dm-0\"} 192\n"), std::string::npos);
}

}  // namespace
}  // namespace upkeep::containers
