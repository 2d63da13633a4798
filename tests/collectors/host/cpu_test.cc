#include <fmt/format.h>
#include <gtest/gtest.h>

#include "collectors/all.h"
#include "exporter/text.h"
#include "tests/support/collect.h"

namespace upkeep {
namespace {

using testing::World;

std::string cpu_file(int cpu, std::string_view name) {
  return fmt::format("sys/devices/system/cpu/cpu{}/{}", cpu, name);
}

// A page holds families one after the other; these are the samples of one.
std::string of_family(const std::string& samples, std::string_view family) {
  std::string found;
  for (std::string_view line : Lines(samples))
    if (line.starts_with(family) && !line.substr(family.size()).starts_with('_')) found.append(line).append("\n");
  return found;
}

TEST(Cpu, PublishesTimes) {
  World world;
  world.fs.put("proc/stat",
               "cpu  2869 0 2364 251580 859 0 35 52 0 0\n"
               "cpu0 826 1 824 127213 44 2 4 22 3 5\n"
               "cpu12 2042 0 1540 124366 815 0 30 29 0 0\n"
               "intr 161016 0 0\n");
  EXPECT_EQ(world.samples(cpu_collector),
            "node_cpu_seconds_total{cpu=\"0\",mode=\"user\"} 8.26\n"
            "node_cpu_seconds_total{cpu=\"0\",mode=\"nice\"} 0.01\n"
            "node_cpu_seconds_total{cpu=\"0\",mode=\"system\"} 8.24\n"
            "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 1272.13\n"
            "node_cpu_seconds_total{cpu=\"0\",mode=\"iowait\"} 0.44\n"
            "node_cpu_seconds_total{cpu=\"0\",mode=\"irq\"} 0.02\n"
            "node_cpu_seconds_total{cpu=\"0\",mode=\"softirq\"} 0.04\n"
            "node_cpu_seconds_total{cpu=\"0\",mode=\"steal\"} 0.22\n"
            "node_cpu_seconds_total{cpu=\"12\",mode=\"user\"} 20.42\n"
            "node_cpu_seconds_total{cpu=\"12\",mode=\"nice\"} 0\n"
            "node_cpu_seconds_total{cpu=\"12\",mode=\"system\"} 15.4\n"
            "node_cpu_seconds_total{cpu=\"12\",mode=\"idle\"} 1243.66\n"
            "node_cpu_seconds_total{cpu=\"12\",mode=\"iowait\"} 8.15\n"
            "node_cpu_seconds_total{cpu=\"12\",mode=\"irq\"} 0\n"
            "node_cpu_seconds_total{cpu=\"12\",mode=\"softirq\"} 0.3\n"
            "node_cpu_seconds_total{cpu=\"12\",mode=\"steal\"} 0.29\n"
            "node_cpu_guest_seconds_total{cpu=\"0\",mode=\"user\"} 0.03\n"
            "node_cpu_guest_seconds_total{cpu=\"0\",mode=\"nice\"} 0.05\n"
            "node_cpu_guest_seconds_total{cpu=\"12\",mode=\"user\"} 0\n"
            "node_cpu_guest_seconds_total{cpu=\"12\",mode=\"nice\"} 0\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Cpu, LeavesOutModesOldKernelsLack) {
  World world;
  world.fs.put("proc/stat", "cpu  1 2 3 4\ncpu0 1 2 3 4\n");
  EXPECT_EQ(world.samples(cpu_collector),
            "node_cpu_seconds_total{cpu=\"0\",mode=\"user\"} 0.01\n"
            "node_cpu_seconds_total{cpu=\"0\",mode=\"nice\"} 0.02\n"
            "node_cpu_seconds_total{cpu=\"0\",mode=\"system\"} 0.03\n"
            "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 0.04\n");
}

// Times of user and idle after each of a row of looks at cpu0.
class Sequence {
 public:
  std::string next(int user, int idle) {
    world_.fs.put("proc/stat", fmt::format("cpu0 {} 0 0 {}\n", user, idle));
    const std::string samples = world_.samples(cpu_collector);
    return of_family(samples, "node_cpu_seconds_total{cpu=\"0\",mode=\"user\"}") +
           of_family(samples, "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"}");
  }
  World world_;
};

std::string user_and_idle(double user, double idle) {
  return fmt::format(
      "node_cpu_seconds_total{{cpu=\"0\",mode=\"user\"}} {}\nnode_cpu_seconds_total{{cpu=\"0\",mode=\"idle\"}} {}\n",
      user, idle);
}

TEST(Cpu, NeverStepsBack) {
  Sequence look;
  EXPECT_EQ(look.next(100, 1000), user_and_idle(1, 10));
  EXPECT_EQ(look.next(90, 701), user_and_idle(1, 10));
  EXPECT_EQ(look.next(110, 990), user_and_idle(1.1, 10));
  EXPECT_EQ(look.next(120, 1010), user_and_idle(1.2, 10.1));
}

TEST(Cpu, StartsAgainWhenIdleFellBySeconds) {
  Sequence look;
  EXPECT_EQ(look.next(100, 1000), user_and_idle(1, 10));
  EXPECT_EQ(look.next(50, 700), user_and_idle(0.5, 7));
}

TEST(Cpu, StartsAgainWhenACpuComesBack) {
  Sequence look;
  EXPECT_EQ(look.next(100, 1000), user_and_idle(1, 10));
  look.world_.fs.put("proc/stat", "cpu1 1 0 0 1\n");
  EXPECT_EQ(look.world_.samples(cpu_collector).find("cpu=\"0\""), std::string::npos);
  EXPECT_EQ(look.next(90, 990), user_and_idle(0.9, 9.9));
}

TEST(Cpu, KeepsItsCountersOverAFault) {
  Sequence look;
  EXPECT_EQ(look.next(100, 1000), user_and_idle(1, 10));
  look.world_.fs.fail_with("proc/stat", {ErrorCode::kSystem, "Input/output error"});
  EXPECT_EQ(look.world_.samples(cpu_collector), "");
  EXPECT_EQ(look.world_.error(), "proc/stat: Input/output error");
  look.world_.fs.clear_failures();
  EXPECT_EQ(look.next(90, 990), user_and_idle(1, 10));
  EXPECT_EQ(look.world_.error(), "");
}

// Two packages, the first of two cores with two threads each; cpu5 is offline, and so has no topology.
void put_topology(World& world) {
  struct Place {
    int cpu, package, core;
  };
  for (const Place place : {Place{0, 0, 0}, Place{1, 0, 1}, Place{2, 0, 0}, Place{3, 0, 1}, Place{4, 1, 0}}) {
    world.fs.put(cpu_file(place.cpu, "topology/physical_package_id"), fmt::format("{}\n", place.package));
    world.fs.put(cpu_file(place.cpu, "topology/core_id"), fmt::format("{}\n", place.core));
    world.fs.put(cpu_file(place.cpu, "thermal_throttle/core_throttle_count"), fmt::format("1{}\n", place.cpu));
    world.fs.put(cpu_file(place.cpu, "thermal_throttle/package_throttle_count"), fmt::format("2{}\n", place.cpu));
  }
  world.fs.put(cpu_file(5, "online"), "0\n");
  world.fs.put("sys/devices/system/cpu/cpufreq/boost", "1\n");
  world.fs.put("sys/devices/system/cpu/isolated", "1,3-4\n");
}

std::string stat_of(std::initializer_list<int> cpus) {
  std::string text = "cpu  1 0 0 1\n";
  for (const int cpu : cpus) text += fmt::format("cpu{} 1 0 0 1\n", cpu);
  return text + "intr 1 0\n";
}

TEST(Cpu, PublishesThrottlesOncePerCoreAndPackage) {
  World world;
  put_topology(world);
  world.fs.put("proc/stat", stat_of({0, 1, 2, 3, 4}));
  const std::string samples = world.samples(cpu_collector);
  EXPECT_EQ(of_family(samples, "node_cpu_core_throttles_total"),
            "node_cpu_core_throttles_total{package=\"0\",core=\"0\"} 10\n"
            "node_cpu_core_throttles_total{package=\"0\",core=\"1\"} 11\n"
            "node_cpu_core_throttles_total{package=\"1\",core=\"0\"} 14\n");
  EXPECT_EQ(of_family(samples, "node_cpu_package_throttles_total"),
            "node_cpu_package_throttles_total{package=\"0\"} 20\n"
            "node_cpu_package_throttles_total{package=\"1\"} 24\n");
  EXPECT_EQ(of_family(samples, "node_cpu_isolated"),
            "node_cpu_isolated{cpu=\"1\"} 1\nnode_cpu_isolated{cpu=\"3\"} 1\nnode_cpu_isolated{cpu=\"4\"} 1\n");
  EXPECT_EQ(of_family(samples, "node_cpu_online"),
            "node_cpu_online{cpu=\"0\"} 1\nnode_cpu_online{cpu=\"1\"} 1\nnode_cpu_online{cpu=\"2\"} 1\n"
            "node_cpu_online{cpu=\"3\"} 1\nnode_cpu_online{cpu=\"4\"} 1\nnode_cpu_online{cpu=\"5\"} 0\n");
  EXPECT_EQ(world.error(), "");

  // Counts are read every time; the topology is not.
  world.fs.put(cpu_file(0, "thermal_throttle/core_throttle_count"), "99\n");
  world.fs.put(cpu_file(1, "topology/core_id"), "7\n");
  EXPECT_EQ(of_family(world.samples(cpu_collector), "node_cpu_core_throttles_total"),
            "node_cpu_core_throttles_total{package=\"0\",core=\"0\"} 99\n"
            "node_cpu_core_throttles_total{package=\"0\",core=\"1\"} 11\n"
            "node_cpu_core_throttles_total{package=\"1\",core=\"0\"} 14\n");
}

TEST(Cpu, LearnsTheTopologyAgainWhenCpusComeOrGo) {
  World world;
  put_topology(world);
  world.fs.put("proc/stat", stat_of({0, 1, 2, 3, 4}));
  world.samples(cpu_collector);
  world.fs.put("proc/stat", stat_of({0, 1, 2, 3, 5}));
  world.fs.remove("sys/devices/system/cpu/cpu4/topology");
  world.fs.remove("sys/devices/system/cpu/cpu4/thermal_throttle");
  world.fs.put(cpu_file(4, "online"), "0\n");
  const std::string samples = world.samples(cpu_collector);
  EXPECT_EQ(of_family(samples, "node_cpu_package_throttles_total"),
            "node_cpu_package_throttles_total{package=\"0\"} 20\n");
  EXPECT_EQ(of_family(samples, "node_cpu_online"),
            "node_cpu_online{cpu=\"0\"} 1\nnode_cpu_online{cpu=\"1\"} 1\nnode_cpu_online{cpu=\"2\"} 1\n"
            "node_cpu_online{cpu=\"3\"} 1\nnode_cpu_online{cpu=\"4\"} 0\nnode_cpu_online{cpu=\"5\"} 1\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Cpu, LivesWithoutTopology) {
  const auto f = [](std::string_view package, std::string_view core_throttles) {
    World world;
    world.fs.put("proc/stat", stat_of({0}));
    world.fs.put(cpu_file(0, "topology/physical_package_id"), std::string(package));
    world.fs.put(cpu_file(0, "topology/core_id"), "0\n");
    world.fs.put(cpu_file(0, "thermal_throttle/core_throttle_count"), "1\n");
    EXPECT_EQ(of_family(world.samples(cpu_collector), "node_cpu_core_throttles_total"), core_throttles);
    EXPECT_EQ(world.error(), "");
  };
  f("-1\n", "");  // not known
  f("0\n", "node_cpu_core_throttles_total{package=\"0\",core=\"0\"} 1\n");
}

TEST(Cpu, PublishesTimesBesideAnErrorOfTheRest) {
  const auto f = [](const char* path, const char* content, std::string_view error) {
    World world;
    put_topology(world);
    world.fs.put("proc/stat", stat_of({0}));
    if (content == nullptr) {
      world.fs.fail_with(path, {ErrorCode::kSystem, "Input/output error"});
    } else {
      world.fs.put(path, content);
    }
    for (int run = 0; run < 2; ++run) {
      EXPECT_NE(of_family(world.samples(cpu_collector), "node_cpu_seconds_total"), "");
      EXPECT_EQ(world.error(), error);
    }
    world.fs.clear_failures();
    put_topology(world);
    world.samples(cpu_collector);
    EXPECT_EQ(world.error(), "");
  };
  constexpr const char* kDirectory = "sys/devices/system/cpu";
  constexpr const char* kIsolated = "sys/devices/system/cpu/isolated";
  f(kDirectory, nullptr, "sys/devices/system/cpu: Input/output error");
  f(kIsolated, nullptr, "sys/devices/system/cpu/isolated: Input/output error");
  f(kIsolated, "x\n", "sys/devices/system/cpu/isolated: a list of CPUs expected");
  f(kIsolated, "1-\n", "sys/devices/system/cpu/isolated: a list of CPUs expected");
  f(kIsolated, "4,1\n", "sys/devices/system/cpu/isolated: a list of CPUs expected");
  f(kIsolated, "1-99999999999\n", "sys/devices/system/cpu/isolated: a list of CPUs expected");
  f("sys/devices/system/cpu/cpu0/topology/core_id", nullptr,
    "sys/devices/system/cpu/cpu0/topology/core_id: Input/output error");
  f("sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", nullptr,
    "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count: Input/output error");
}

TEST(Cpu, SeesAThrottleCountGoBad) {
  World world;
  put_topology(world);
  world.fs.put("proc/stat", stat_of({0, 1, 2, 3, 4}));
  world.samples(cpu_collector);
  const std::string path = cpu_file(0, "thermal_throttle/package_throttle_count");
  world.fs.put(path, "often\n");
  world.samples(cpu_collector);
  EXPECT_EQ(world.error(), path + ": a number expected");
  world.fs.remove(path);  // the CPU is just going
  EXPECT_EQ(of_family(world.samples(cpu_collector), "node_cpu_package_throttles_total"),
            "node_cpu_package_throttles_total{package=\"1\"} 24\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Cpu, NamesTheBadLine) {
  const auto f = [](std::string_view text, std::string_view error) {
    World world;
    put_topology(world);
    world.fs.put("proc/stat", std::string(text));
    const std::string samples = world.samples(cpu_collector);
    EXPECT_EQ(of_family(samples, "node_cpu_seconds_total{cpu=\"1\",mode=\"user\"}"),
              "node_cpu_seconds_total{cpu=\"1\",mode=\"user\"} 0.01\n");
    EXPECT_EQ(of_family(samples, "node_cpu_online"), "");  // nobody knows
    EXPECT_EQ(world.error(), error);
  };
  f("cpu0 1 x 3 4\ncpu1 1 2 3 4\n", R"(proc/stat:1: ticks of a CPU expected: "cpu0 1 x 3 4")");
  f("cpu1 1 2 3 4\ncpu2 1 2 3\n", R"(proc/stat:2: ticks of a CPU expected: "cpu2 1 2 3")");
  f("cpux 1 2 3 4\ncpu1 1 2 3 4\n", R"(proc/stat:1: the number of a CPU expected: "cpux 1 2 3 4")");
  f("cpu65536 1 2 3 4\ncpu1 1 2 3 4\n", R"(proc/stat:1: the number of a CPU expected: "cpu65536 1 2 3 4")");
}

TEST(Cpu, FailsWithoutCpus) {
  const auto f = [](std::string_view text) {
    World world;
    world.fs.put("proc/stat", std::string(text));
    EXPECT_EQ(world.samples(cpu_collector), "");
    EXPECT_EQ(world.error(), "proc/stat: no CPU found");
  };
  f("");
  f("garbage\n");
  f("cpu  1 2 3 4\n");
}

}  // namespace
}  // namespace upkeep
