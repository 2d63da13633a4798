#include "collectors/containers/machine.h"

#include <gtest/gtest.h>

#include "tests/support/collect.h"

namespace upkeep::containers {
namespace {

using namespace std::chrono_literals;
using namespace upkeep::testing;

std::string publish(Machine& machine, Clock::time_point now) {
  SampleSink sink(100);
  sink.begin();
  machine.publish(now, sink);
  return samples_of(sink);
}

TEST(Machine, PublishesWhatItHas) {
  FakeFileSystem fs;
  fs.put("etc/machine-id", "0123456789abcdef\n");
  fs.put("sys/class/dmi/id/product_uuid", "a-b\n");
  fs.put("proc/sys/kernel/random/boot_id", "c-d\n");
  fs.put("sys/devices/system/cpu/online", "0-3,8\n");
  fs.put("proc/meminfo", "MemTotal:       16384 kB\nMemFree: 1 kB\nSwapTotal:          0 kB\n");
  Machine machine(fs);
  const std::string labels = "{machine_id=\"0123456789abcdef\",system_uuid=\"a-b\",boot_id=\"c-d\"} ";
  EXPECT_EQ(publish(machine, {}), "machine_cpu_cores" + labels + "5\nmachine_memory_bytes" + labels +
                                      "16777216\nmachine_swap_bytes" + labels + "0\n");
  fs.put("sys/devices/system/cpu/online", "0\n");
  EXPECT_NE(publish(machine, Clock::time_point(4min)).find("} 5\n"), std::string::npos);
  EXPECT_NE(publish(machine, Clock::time_point(5min)).find("} 1\n"), std::string::npos);
}

TEST(Machine, SaysNothingOfWhatIsAbsent) {
  FakeFileSystem fs;
  Machine machine(fs);
  EXPECT_EQ(publish(machine, {}), "");
  const auto f = [](const std::string& online) {
    FakeFileSystem other;
    other.put("sys/devices/system/cpu/online", online);
    Machine broken(other);
    EXPECT_EQ(publish(broken, {}), "") << online;
  };
  f("");
  f("\n");
  f("0-\n");
  f("3-0\n");
  f("x\n");
}

}  // namespace
}  // namespace upkeep::containers
