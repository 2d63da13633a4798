// time reports the clock, the zone, and the clock sources.
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep::testing {
namespace {

constexpr const char* kFolder = "sys/devices/system/clocksource/clocksource0/";

void put_source(World& world, const std::string& current, const std::string& available) {
  world.fs.put(std::string(kFolder) + "current_clocksource", current);
  world.fs.put(std::string(kFolder) + "available_clocksource", available);
}

std::string without_zone(const std::string& samples) {
  const std::size_t begin = samples.find("node_time_zone");
  if (begin == std::string::npos) return "no zone\n" + samples;
  return std::string(samples).erase(begin, samples.find('\n', begin) + 1 - begin);
}

// The process's time zone for as long as a test wants it.
class Zone {
 public:
  explicit Zone(const char* zone) {
    if (const char* before = ::getenv("TZ")) before_ = before;
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
  ~Zone() {
    if (before_.empty()) {
      ::unsetenv("TZ");
    } else {
      ::setenv("TZ", before_.c_str(), 1);
    }
    ::tzset();
  }
  Zone(const Zone&) = delete;
  Zone& operator=(const Zone&) = delete;

 private:
  std::string before_;
};

TEST(Time, SecondsSince1970) {
  World world;
  world.clock.set_wall(1'795'451'567);
  world.clock.advance(std::chrono::milliseconds(500));
  EXPECT_EQ(without_zone(world.samples(time_collector)), "node_time_seconds 1795451567.5\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Time, ZoneFollowsSummerTime) {
  const Zone zone("CET-1CEST,M3.5.0,M10.5.0/3");
  World world;
  world.clock.set_wall(1'768'000'000);  // January
  EXPECT_EQ(world.samples(time_collector),
            "node_time_seconds 1768000000\nnode_time_zone_offset_seconds{time_zone=\"CET\"} 3600\n");
  world.clock.set_wall(1'783'000'000);  // July
  EXPECT_EQ(world.samples(time_collector),
            "node_time_seconds 1783000000\nnode_time_zone_offset_seconds{time_zone=\"CEST\"} 7200\n");
}

TEST(Time, ClockSources) {
  World world;
  world.clock.set_wall(1);
  put_source(world, "tsc\n", "tsc hpet acpi_pm \n");
  world.fs.put("sys/devices/system/clocksource/power/control", "auto\n");
  world.fs.put("sys/devices/system/clocksource/clocksource_old/current_clocksource", "x\n");
  EXPECT_EQ(without_zone(world.samples(time_collector)),
            "node_time_seconds 1\n"
            "node_time_clocksource_available_info{device=\"0\",clocksource=\"tsc\"} 1\n"
            "node_time_clocksource_available_info{device=\"0\",clocksource=\"hpet\"} 1\n"
            "node_time_clocksource_available_info{device=\"0\",clocksource=\"acpi_pm\"} 1\n"
            "node_time_clocksource_current_info{device=\"0\",clocksource=\"tsc\"} 1\n");
}

TEST(Time, SourceThatTheKernelGaveUpIsSeenAtOnce) {
  World world;
  world.clock.set_wall(1);
  put_source(world, "tsc\n", "tsc hpet\n");
  world.samples(time_collector);
  put_source(world, "hpet\n", "hpet\n");
  EXPECT_EQ(without_zone(world.samples(time_collector)),
            "node_time_seconds 1\n"
            "node_time_clocksource_available_info{device=\"0\",clocksource=\"hpet\"} 1\n"
            "node_time_clocksource_current_info{device=\"0\",clocksource=\"hpet\"} 1\n");
  put_source(world, "hpet\n", "hpet new\n");
  EXPECT_EQ(world.samples(time_collector).find("new"), std::string::npos);
  world.clock.advance(std::chrono::minutes(1));
  EXPECT_NE(world.samples(time_collector).find("new"), std::string::npos);
}

TEST(Time, UnreadableSourceIsAnErrorBesideTheTime) {
  World world;
  world.clock.set_wall(1);
  world.fs.put(std::string(kFolder) + "current_clocksource", "tsc\n");
  EXPECT_EQ(without_zone(world.samples(time_collector)), "node_time_seconds 1\n");
  EXPECT_EQ(world.error(),
            "sys/devices/system/clocksource/clocksource0/available_clocksource: No such file or directory");
  put_source(world, "tsc\n", "tsc\n");
  world.samples(time_collector);
  EXPECT_EQ(world.error(), "");
}

}  // namespace
}  // namespace upkeep::testing
