#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep::testing {
namespace {

const std::string kCpu = "sys/devices/system/cpu/";

TEST(Cpufreq, ReadsFrequenciesAndGovernors) {
  World world;
  world.fs.put(kCpu + "offline", "\n");
  const std::string directory = kCpu + "cpu0/cpufreq/";
  world.fs.put(directory + "cpuinfo_cur_freq", "1699981\n");
  world.fs.put(directory + "cpuinfo_avg_freq", "1700000\n");
  world.fs.put(directory + "cpuinfo_min_freq", "800000\n");
  world.fs.put(directory + "cpuinfo_max_freq", "3700000\n");
  world.fs.put(directory + "scaling_cur_freq", "1699982\n");
  world.fs.put(directory + "scaling_min_freq", "800001\n");
  world.fs.put(directory + "scaling_max_freq", "3700001\n");
  world.fs.put(directory + "scaling_governor", "powersave\n");
  world.fs.put(directory + "scaling_available_governors", "performance powersave \n");
  world.fs.put(kCpu + "cpufreq/policy0/scaling_cur_freq", "1\n");  // the same by another way
  EXPECT_EQ(world.samples(cpufreq_collector),
            "node_cpu_frequency_hertz{cpu=\"0\"} 1699981000\n"
            "node_cpu_frequency_avg_hertz{cpu=\"0\"} 1700000000\n"
            "node_cpu_frequency_min_hertz{cpu=\"0\"} 800000000\n"
            "node_cpu_frequency_max_hertz{cpu=\"0\"} 3700000000\n"
            "node_cpu_scaling_frequency_hertz{cpu=\"0\"} 1699982000\n"
            "node_cpu_scaling_frequency_min_hertz{cpu=\"0\"} 800001000\n"
            "node_cpu_scaling_frequency_max_hertz{cpu=\"0\"} 3700001000\n"
            "node_cpu_scaling_governor{cpu=\"0\",governor=\"performance\"} 0\n"
            "node_cpu_scaling_governor{cpu=\"0\",governor=\"powersave\"} 1\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Cpufreq, LeavesOutCpusThatAreOff) {
  const auto f = [](const char* offline) {
    World world;
    for (const char* cpu : {"0", "1", "2", "3", "11"}) {
      world.fs.put(kCpu + "cpu" + cpu + "/cpufreq/scaling_cur_freq", "1\n");
    }
    if (offline != nullptr) world.fs.put(kCpu + "offline", offline);
    std::string found;
    for (const char* cpu : {"0", "1", "2", "3", "11"}) {
      const std::string series = "node_cpu_scaling_frequency_hertz{cpu=\"" + std::string(cpu) + "\"} 1000\n";
      if (world.samples(cpufreq_collector).find(series) != std::string::npos) found += std::string(cpu) + " ";
    }
    return found;
  };
  EXPECT_EQ(f(nullptr), "0 1 2 3 11 ");
  EXPECT_EQ(f("\n"), "0 1 2 3 11 ");
  EXPECT_EQ(f("1\n"), "0 2 3 11 ");
  EXPECT_EQ(f("1-2,11-255\n"), "0 3 ");
  EXPECT_EQ(f("x,3-,-,2\n"), "0 1 3 11 ");
}

TEST(Cpufreq, LeavesOutWhatIsUnknown) {
  World world;
  world.fs.put(kCpu + "cpu0/cpufreq/scaling_cur_freq", "<unknown>\n");
  world.fs.put(kCpu + "cpu0/cpufreq/scaling_min_freq", "2\n");
  world.fs.put(kCpu + "cpu0/cpufreq/scaling_max_freq", "3\n");
  world.fs.fail_with(kCpu + "cpu0/cpufreq/scaling_max_freq", {ErrorCode::kSystem, "Device or resource busy"});
  EXPECT_EQ(world.samples(cpufreq_collector), "node_cpu_scaling_frequency_min_hertz{cpu=\"0\"} 2000\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Cpufreq, SaysWhatItCannotRead) {
  World world;
  EXPECT_EQ(world.samples(cpufreq_collector), "");
  EXPECT_EQ(world.error_code(), ErrorCode::kNoData);
  world.fs.put(kCpu + "cpu0/online", "1\n");
  EXPECT_EQ(world.samples(cpufreq_collector), "");
  EXPECT_EQ(world.error(), "no frequency scaling");
  EXPECT_EQ(world.error_code(), ErrorCode::kNoData);
  world.fs.put(kCpu + "cpu0/cpufreq/scaling_cur_freq", "fast\n");
  world.fs.put(kCpu + "cpu1/cpufreq/scaling_cur_freq", "7\n");
  EXPECT_EQ(world.samples(cpufreq_collector), "node_cpu_scaling_frequency_hertz{cpu=\"1\"} 7000\n");
  EXPECT_EQ(world.error(), kCpu + "cpu0/cpufreq/scaling_cur_freq: an integer expected");
}

}  // namespace
}  // namespace upkeep::testing
