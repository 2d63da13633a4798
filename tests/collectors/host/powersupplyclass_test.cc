#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep::testing {
namespace {

const std::string kAll = "sys/class/power_supply/";

TEST(PowerSupplyClass, ReadsMainsAndBatteries) {
  World world;
  world.fs.put(kAll + "AC/type", "Mains\n");
  world.fs.put(kAll + "AC/online", "0\n");
  world.fs.put(kAll + "AC/uevent", "POWER_SUPPLY_NAME=AC\n");
  world.fs.put(kAll + "AC/power/control", "auto\n");
  world.fs.put(kAll + "BAT0/type", "Battery\n");
  world.fs.put(kAll + "BAT0/status", "Not charging\n");
  world.fs.put(kAll + "BAT0/manufacturer", " \n");
  world.fs.put(kAll + "BAT0/capacity", "81\n");
  world.fs.put(kAll + "BAT0/cycle_count", "7\n");
  world.fs.put(kAll + "BAT0/energy_now", "36580000\n");
  world.fs.put(kAll + "BAT0/charge_now", "4000000\n");
  world.fs.put(kAll + "BAT0/current_now", "-1500000\n");
  world.fs.put(kAll + "BAT0/power_now", "5002000\n");
  world.fs.put(kAll + "BAT0/voltage_now", "11660000\n");
  world.fs.put(kAll + "BAT0/temp", "312\n");
  world.fs.put(kAll + "BAT0/temp_ambient", "-15\n");
  world.fs.put(kAll + "BAT0/time_to_empty_now", "3600\n");
  world.fs.put(kAll + "BAT0/time_to_full_now", "60\n");
  EXPECT_EQ(world.samples(powersupplyclass_collector),
            "node_power_supply_online{power_supply=\"AC\"} 0\n"
            "node_power_supply_info{power_supply=\"AC\",type=\"Mains\"} 1\n"
            "node_power_supply_info{power_supply=\"BAT0\",status=\"Not charging\",type=\"Battery\"} 1\n"
            "node_power_supply_capacity{power_supply=\"BAT0\"} 81\n"
            "node_power_supply_charge_ampere{power_supply=\"BAT0\"} 4\n"
            "node_power_supply_current_ampere{power_supply=\"BAT0\"} -1.5\n"
            "node_power_supply_cyclecount{power_supply=\"BAT0\"} 7\n"
            "node_power_supply_energy_watthour{power_supply=\"BAT0\"} 36.58\n"
            "node_power_supply_power_watt{power_supply=\"BAT0\"} 5.002\n"
            "node_power_supply_temp_celsius{power_supply=\"BAT0\"} 31.2\n"
            "node_power_supply_temp_ambient_celsius{power_supply=\"BAT0\"} -1.5\n"
            "node_power_supply_time_to_empty_seconds{power_supply=\"BAT0\"} 3600\n"
            "node_power_supply_time_to_full_seconds{power_supply=\"BAT0\"} 60\n"
            "node_power_supply_voltage_volt{power_supply=\"BAT0\"} 11.66\n");
  EXPECT_EQ(world.error(), "");
}

TEST(PowerSupplyClass, LeavesOutWhatTheDriverRefuses) {
  World world;
  world.fs.put(kAll + "BAT0/capacity", "81\n");
  world.fs.put(kAll + "BAT0/power_now", "1\n");
  world.fs.fail_with(kAll + "BAT0/power_now", {ErrorCode::kNotFound, "No such device"});
  EXPECT_EQ(world.samples(powersupplyclass_collector),
            "node_power_supply_capacity{power_supply=\"BAT0\"} 81\nnode_power_supply_info{power_supply=\"BAT0\"} 1\n");
  EXPECT_EQ(world.error(), "");
}

TEST(PowerSupplyClass, SaysWhatItCannotRead) {
  World world;
  EXPECT_EQ(world.samples(powersupplyclass_collector), "");
  EXPECT_EQ(world.error(), "no power supplies");
  EXPECT_EQ(world.error_code(), ErrorCode::kNoData);
  world.fs.put_directory("sys/class/power_supply");
  EXPECT_EQ(world.samples(powersupplyclass_collector), "");
  EXPECT_EQ(world.error_code(), ErrorCode::kNoData);
  world.fs.put(kAll + "AC/online", "maybe\n");
  EXPECT_EQ(world.samples(powersupplyclass_collector), "node_power_supply_info{power_supply=\"AC\"} 1\n");
  EXPECT_EQ(world.error(), kAll + "AC/online: an integer expected");
}

}  // namespace
}  // namespace upkeep::testing
