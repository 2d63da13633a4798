#include "exporter/process_metrics.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <limits>
#include <string>

#include "tests/support/collect.h"

namespace upkeep {
namespace {

using testing::FakeClock;
using testing::FakeFileSystem;

constexpr std::string_view kStatLine =
    "16321 (upkeep) S 1 16312 16312 0 -1 4194304 98 0 0 0 12 7 0 0 20 0 61 0 228686 3133440 394 18446744073709551615 "
    "1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0\n";

TEST(ProcessMetrics, ParsesStat) {
  const auto stat = parse_process_stat(kStatLine);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->user_ticks, 12U);
  EXPECT_EQ(stat->system_ticks, 7U);
  EXPECT_EQ(stat->threads, 61U);
  EXPECT_EQ(stat->start_ticks, 228686U);
  EXPECT_EQ(stat->virtual_bytes, 3133440U);
  EXPECT_EQ(stat->resident_pages, 394U);

  const auto odd = parse_process_stat("1 (a) b) 1 2 (x) R 1 1 1 0 -1 0 0 0 0 0 3 4 0 0 20 0 5 0 6 7 8 9\n");
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->user_ticks, 3U);
  EXPECT_EQ(odd->resident_pages, 8U);
}

TEST(ProcessMetrics, RefusesWhatIsNoStat) {
  for (std::string_view text : {"", "1", "1 (x)", "1 (x) S 1 1 1 0 -1 0 0 0 0 0 3 4 0 0 20 0 5 0 6 7",
                                "1 (x) S 1 1 1 0 -1 0 0 0 0 0 3 four 0 0 20 0 5 0 6 7 8 9"}) {
    EXPECT_FALSE(parse_process_stat(text)) << text;
  }
}

TEST(ProcessMetrics, ParsesLimits) {
  constexpr std::string_view kText =
      "Limit                     Soft Limit           Hard Limit           Units     \n"
      "Max open files            1024                 20000                files     \n"
      "Max address space         unlimited            unlimited            bytes     \n"
      "Max odd                   \n";
  EXPECT_EQ(parse_process_limit(kText, "Max open files"), 1024U);
  EXPECT_EQ(parse_process_limit(kText, "Max address space"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(parse_process_limit(kText, "Max odd"), std::nullopt);
  EXPECT_EQ(parse_process_limit(kText, "Max other"), std::nullopt);
  EXPECT_EQ(parse_process_limit("", "Max open files"), std::nullopt);
}

class Collected {
 public:
  FakeFileSystem fs;
  FakeClock clock;
  Collected() {
    fs.put("proc/self/stat", std::string(kStatLine));
    fs.put("proc/self/limits",
           "Max open files            1024   20000   files\nMax address space   4096   4096  bytes\n");
    fs.put("proc/stat", "cpu  1 2 3\nbtime 1700000000\n");
    fs.put_directory("proc/self/fd");
    for (int fd = 0; fd < 3; ++fd) fs.put("proc/self/fd/" + std::to_string(fd), "");
  }
  std::string text() {
    SampleSink sink(100);
    sink.begin();
    metrics_.collect(sink);
    return testing::samples_of(sink);
  }

 private:
  ProcessMetrics metrics_{fs, clock};
};

TEST(ProcessMetrics, Publishes) {
  Collected world;
  EXPECT_EQ(world.text(),
            "process_cpu_seconds_total 0.19\n"
            "process_open_fds 3\n"
            "process_max_fds 1024\n"
            "process_virtual_memory_bytes 3133440\n"
            "process_virtual_memory_max_bytes 4096\n"
            "process_resident_memory_bytes " +
                std::to_string(394 * ::sysconf(_SC_PAGESIZE)) +
                "\n"
                "process_start_time_seconds 1700002286.86\n"
                "process_threads 61\n");
}

TEST(ProcessMetrics, LeavesOutWhatIsNotThere) {
  Collected world;
  world.fs.remove("proc/self/limits");
  world.fs.remove("proc/self/fd");
  world.fs.remove("proc/stat");
  EXPECT_EQ(world.text(),
            "process_cpu_seconds_total 0.19\n"
            "process_virtual_memory_bytes 3133440\n"
            "process_resident_memory_bytes " +
                std::to_string(394 * ::sysconf(_SC_PAGESIZE)) + "\nprocess_threads 61\n");
  world.fs.put("proc/self/stat", "garbage");
  EXPECT_EQ(world.text(), "");
}

TEST(ProcessMetrics, CountsDescriptorsOnceAMinute) {
  Collected world;
  EXPECT_NE(world.text().find("process_open_fds 3\n"), std::string::npos);
  world.fs.put("proc/self/fd/3", "");
  EXPECT_NE(world.text().find("process_open_fds 3\n"), std::string::npos);
  world.clock.advance(std::chrono::minutes(1));
  EXPECT_NE(world.text().find("process_open_fds 4\n"), std::string::npos);
}

TEST(ProcessMetrics, OfTheRealProcess) {
  const auto fs = make_filesystem({});
  const SystemClock clock;
  ProcessMetrics metrics(*fs, clock);
  SampleSink sink(100);
  sink.begin();
  metrics.collect(sink);
  EXPECT_EQ(sink.size(), ProcessMetrics::metrics().size());
}

}  // namespace
}  // namespace upkeep
