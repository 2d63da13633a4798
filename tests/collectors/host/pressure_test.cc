#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep {
namespace {

using testing::World;

constexpr const char* kSome = "some avg10=2.99 avg60=2.41 avg300=0.75 total=7781402\n";
constexpr const char* kBoth =
    "some avg10=1.79 avg60=1.14 avg300=0.37 total=8393849\n"
    "full avg10=1.54 avg60=0.98 avg300=0.32 total=7895539\n";
constexpr const char* kFull = "full avg10=0.00 avg60=0.00 avg300=0.00 total=8494\n";

// As most kernels have it.
void put_usual(World& world) {
  for (const char* const path : {"proc/pressure/cpu", "proc/pressure/io", "proc/pressure/memory"})
    world.fs.put(path, kBoth);
}
constexpr std::string_view kWithoutIrq =
    "node_pressure_cpu_waiting_seconds_total 8.393849\n"
    "node_pressure_io_waiting_seconds_total 8.393849\n"
    "node_pressure_io_stalled_seconds_total 7.895538999999999\n"
    "node_pressure_memory_waiting_seconds_total 8.393849\n"
    "node_pressure_memory_stalled_seconds_total 7.895538999999999\n";

TEST(Pressure, Publishes) {
  World world;
  world.fs.put("proc/pressure/cpu", kSome);
  world.fs.put("proc/pressure/io", kBoth);
  world.fs.put("proc/pressure/memory", kBoth);
  world.fs.put("proc/pressure/irq", kFull);
  EXPECT_EQ(world.samples(pressure_collector),
            "node_pressure_cpu_waiting_seconds_total 7.781402\n"
            "node_pressure_io_waiting_seconds_total 8.393849\n"
            "node_pressure_io_stalled_seconds_total 7.895538999999999\n"
            "node_pressure_memory_waiting_seconds_total 8.393849\n"
            "node_pressure_memory_stalled_seconds_total 7.895538999999999\n"
            "node_pressure_irq_stalled_seconds_total 0.008494\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Pressure, LivesWithoutIrq) {
  World world;
  put_usual(world);
  EXPECT_EQ(world.samples(pressure_collector), kWithoutIrq);
  EXPECT_EQ(world.error(), "");
  EXPECT_EQ(world.samples(pressure_collector), kWithoutIrq);
  EXPECT_EQ(world.error(), "");
}

TEST(Pressure, SaysThatThereIsNone) {
  World world;
  EXPECT_EQ(world.samples(pressure_collector), "");
  EXPECT_EQ(world.error(), "proc/pressure: this kernel has none, or it is switched off (psi=1)");
  EXPECT_EQ(world.error_code(), ErrorCode::kNoData);
  // Switched off at boot: the files are there and say so.
  world.fs.fail_with("", {ErrorCode::kNoData, "Operation not supported"});
  EXPECT_EQ(world.samples(pressure_collector), "");
  EXPECT_EQ(world.error_code(), ErrorCode::kNoData);
}

TEST(Pressure, ComesBackAfterAFault) {
  World world;
  put_usual(world);
  EXPECT_EQ(world.samples(pressure_collector), kWithoutIrq);
  world.fs.remove("proc/pressure/io");
  world.samples(pressure_collector);
  world.fs.fail_with("", {ErrorCode::kNotFound, "No such file or directory"});
  EXPECT_EQ(world.samples(pressure_collector), "");
  world.fs.clear_failures();
  world.fs.put("proc/pressure/io", kBoth);
  EXPECT_EQ(world.samples(pressure_collector), kWithoutIrq);
  EXPECT_EQ(world.error(), "");
}

TEST(Pressure, PublishesTheOthersBesideAnError) {
  const auto f = [](const char* io, std::string_view error) {
    World world;
    world.fs.put("proc/pressure/cpu", kSome);
    world.fs.put("proc/pressure/io", io);
    world.fs.put("proc/pressure/memory", kFull);
    EXPECT_EQ(
        world.samples(pressure_collector),
        "node_pressure_cpu_waiting_seconds_total 7.781402\nnode_pressure_memory_stalled_seconds_total 0.008494\n");
    EXPECT_EQ(world.error(), error);
  };
  f("", "proc/pressure/io: empty");
  f("some avg10=0.00\n", R"(proc/pressure/io:1: total= expected: "some avg10=0.00")");
  f("full avg10=0.00 total=\n", R"(proc/pressure/io:1: microseconds expected behind total=: "full avg10=0.00 total=")");
  f("full avg10=0.00 total=x\n",
    R"(proc/pressure/io:1: microseconds expected behind total=: "full avg10=0.00 total=x")");
  f("other avg10=0.00 total=1\n", "");
}

TEST(Pressure, TellsAFaultFromAbsence) {
  World world;
  world.fs.put("proc/pressure/cpu", kSome);
  world.fs.fail_with("proc/pressure/io", {ErrorCode::kSystem, "Input/output error"});
  EXPECT_EQ(world.samples(pressure_collector), "node_pressure_cpu_waiting_seconds_total 7.781402\n");
  EXPECT_EQ(world.error(), "proc/pressure/io: Input/output error");
  EXPECT_EQ(world.error_code(), ErrorCode::kSystem);
}

}  // namespace
}  // namespace upkeep
