#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep::testing {
namespace {

const std::string kAll = "sys/class/thermal/";

TEST(ThermalZone, ReadsZonesAndCoolers) {
  World world;
  world.fs.put(kAll + "thermal_zone0/type", "x86_pkg_temp\n");
  world.fs.put(kAll + "thermal_zone0/temp", "12376\n");
  world.fs.put(kAll + "thermal_zone11/type", "outside\n");
  world.fs.put(kAll + "thermal_zone11/temp", "-500\n");
  world.fs.put(kAll + "cooling_device0/type", "Processor\n");
  world.fs.put(kAll + "cooling_device0/cur_state", "-1\n");
  world.fs.put(kAll + "cooling_device0/max_state", "3\n");
  EXPECT_EQ(world.samples(thermal_zone_collector),
            "node_cooling_device_cur_state{name=\"0\",type=\"Processor\"} -1\n"
            "node_cooling_device_max_state{name=\"0\",type=\"Processor\"} 3\n"
            "node_thermal_zone_temp{zone=\"0\",type=\"x86_pkg_temp\"} 12.376\n"
            "node_thermal_zone_temp{zone=\"11\",type=\"outside\"} -0.5\n");
  EXPECT_EQ(world.error(), "");
}

TEST(ThermalZone, LeavesOutWhatIsAsleep) {
  World world;
  world.fs.put(kAll + "thermal_zone0/type", "acpitz\n");
  world.fs.put(kAll + "thermal_zone0/temp", "20000\n");
  world.fs.put(kAll + "thermal_zone1/type", "iwlwifi_1\n");
  world.fs.put(kAll + "thermal_zone1/temp", "1\n");
  world.fs.fail_with(kAll + "thermal_zone1/temp", {ErrorCode::kSystem, "No data available"});
  EXPECT_EQ(world.samples(thermal_zone_collector), "node_thermal_zone_temp{zone=\"0\",type=\"acpitz\"} 20\n");
  EXPECT_EQ(world.error(), "");
}

TEST(ThermalZone, SaysWhatItCannotRead) {
  World world;
  EXPECT_EQ(world.samples(thermal_zone_collector), "");
  EXPECT_EQ(world.error(), "no thermal zones");
  EXPECT_EQ(world.error_code(), ErrorCode::kNoData);
  world.fs.put(kAll + "thermal_zone0/type", "acpitz\n");
  world.fs.put(kAll + "thermal_zone0/temp", "hot\n");
  EXPECT_EQ(world.samples(thermal_zone_collector), "");
  EXPECT_EQ(world.error(), kAll + "thermal_zone0/temp: an integer expected");
  world.fs.fail_with("sys/class/thermal", {ErrorCode::kPermission, "Permission denied"});
  EXPECT_EQ(world.samples(thermal_zone_collector), "");
  EXPECT_EQ(world.error(), "sys/class/thermal: Permission denied");
}

}  // namespace
}  // namespace upkeep::testing
