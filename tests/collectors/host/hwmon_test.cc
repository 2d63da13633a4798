#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep::testing {
namespace {

// A chip on a device, linked as /sys does.
std::string put_chip(World& world, const std::string& entry, const std::string& device, const char* name) {
  const std::string directory = "sys/devices/" + device + "/hwmon/" + entry;
  world.fs.put_link("sys/class/hwmon/" + entry, "../../devices/" + device + "/hwmon/" + entry);
  world.fs.put_link(directory + "/device", "../../../" + device.substr(device.rfind('/') + 1));
  if (name != nullptr) world.fs.put(directory + "/name", name);
  return directory + "/";
}

// What one file of a coretemp becomes.
std::string sample(const std::string& file, const char* content) {
  World world;
  const std::string chip = put_chip(world, "hwmon0", "platform/coretemp.0", nullptr);
  world.fs.put(chip + file, content);
  std::string samples = world.samples(hwmon_collector);
  EXPECT_EQ(world.error(), "");
  const std::string label = "chip=\"platform_coretemp_0\",";
  if (const std::size_t at = samples.find(label); at != std::string::npos) samples.erase(at, label.size());
  return samples;
}

TEST(Hwmon, ReadsChipsAndSensors) {
  World world;
  const std::string chip = put_chip(world, "hwmon0", "platform/coretemp.0", "coretemp\n");
  world.fs.put(chip + "temp2_label", "Core 0\n");
  world.fs.put(chip + "temp2_input", "54000\n");
  world.fs.put(chip + "temp2_crit_alarm", "1\n");
  world.fs.put(chip + "uevent", "");
  EXPECT_EQ(world.samples(hwmon_collector),
            "node_hwmon_chip_names{chip=\"platform_coretemp_0\",chip_name=\"coretemp\"} 1\n"
            "node_hwmon_sensor_label{chip=\"platform_coretemp_0\",sensor=\"temp2\",label=\"Core 0\"} 1\n"
            "node_hwmon_temp_crit_alarm_celsius{chip=\"platform_coretemp_0\",sensor=\"temp2\"} 0.001\n"
            "node_hwmon_temp_celsius{chip=\"platform_coretemp_0\",sensor=\"temp2\"} 54\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Hwmon, NamesFamiliesByTypeAndProperty) {
  EXPECT_EQ(sample("temp1_input", "27800\n"), "node_hwmon_temp_celsius{sensor=\"temp1\"} 27.8\n");
  EXPECT_EQ(sample("temp10_crit_hyst", "85000\n"), "node_hwmon_temp_crit_hyst_celsius{sensor=\"temp10\"} 85\n");
  EXPECT_EQ(sample("temp1_alarm", "1\n"), "node_hwmon_temp_alarm{sensor=\"temp1\"} 1\n");
  EXPECT_EQ(sample("temp1_fault", "0\n"), "node_hwmon_temp_fault{sensor=\"temp1\"} 0\n");
  EXPECT_EQ(sample("temp1_type", "4\n"), "node_hwmon_temp_type{sensor=\"temp1\"} 4\n");
  EXPECT_EQ(sample("in0_input", "792\n"), "node_hwmon_in_volts{sensor=\"in0\"} 0.792\n");
  EXPECT_EQ(sample("in0_beep", "1\n"), "node_hwmon_in_beep_enabled{sensor=\"in0\"} 1\n");
  EXPECT_EQ(sample("cpu0_vid", "1350\n"), "node_hwmon_cpu_vid_volts{sensor=\"cpu0\"} 1.35\n");
  EXPECT_EQ(sample("curr1_max", "2500\n"), "node_hwmon_curr_max_amps{sensor=\"curr1\"} 2.5\n");
  EXPECT_EQ(sample("power1_average", "5500000\n"), "node_hwmon_power_average_watt{sensor=\"power1\"} 5.5\n");
  EXPECT_EQ(sample("power1_accuracy", "50000\n"), "node_hwmon_power_accuracy{sensor=\"power1\"} 0.05\n");
  EXPECT_EQ(sample("power1_average_interval", "500\n"),
            "node_hwmon_power_average_interval_seconds{sensor=\"power1\"} 0.5\n");
  EXPECT_EQ(sample("humidity1_input", "33500\n"), "node_hwmon_humidity{sensor=\"humidity1\"} 0.0335\n");
  EXPECT_EQ(sample("fan2_input", "1098\n"), "node_hwmon_fan_rpm{sensor=\"fan2\"} 1098\n");
  EXPECT_EQ(sample("fan2_min", "0\n"), "node_hwmon_fan_min_rpm{sensor=\"fan2\"} 0\n");
  EXPECT_EQ(sample("fan2_pulses", "2\n"), "node_hwmon_fan_pulses{sensor=\"fan2\"} 2\n");
  EXPECT_EQ(sample("pwm1", "153\n"), "node_hwmon_pwm{sensor=\"pwm1\"} 153\n");
  EXPECT_EQ(sample("pwm1_auto_point1_temp", "30000\n"), "node_hwmon_pwm_auto_point1_temp{sensor=\"pwm1\"} 30000\n");
  EXPECT_EQ(sample("intrusion0_alarm", "1\n"), "node_hwmon_intrusion_alarm{sensor=\"intrusion0\"} 1\n");
  EXPECT_EQ(sample("beep_enable", "1\n"), "node_hwmon_beep_enabled{sensor=\"beep_enable0\"} 1\n");
  EXPECT_EQ(sample("vrm", "90\n"), "node_hwmon_voltage_regulator_version{sensor=\"vrm0\"} 90\n");
  EXPECT_EQ(sample("update_interval", "1500\n"),
            "node_hwmon_update_interval_seconds{sensor=\"update_interval0\"} 1.5\n");
}

TEST(Hwmon, CountsEnergy) {
  World world;
  world.fs.put(put_chip(world, "hwmon0", "platform/x.0", nullptr) + "energy1_input", "2500000\n");
  EXPECT_EQ(world.page(hwmon_collector),
            "# HELP node_hwmon_energy_joule_total Hardware monitor: energy_joule_total.\n"
            "# TYPE node_hwmon_energy_joule_total counter\n"
            "node_hwmon_energy_joule_total{chip=\"platform_x_0\",sensor=\"energy1\"} 2.5\n");
}

TEST(Hwmon, CallsFrequenciesByTheirLabel) {
  World world;
  const std::string chip = put_chip(world, "hwmon0", "pci0000:00/0000:01:00.0", nullptr);
  world.fs.put(chip + "freq1_input", "214000000\n");
  world.fs.put(chip + "freq1_label", "SCLK\n");
  world.fs.put(chip + "freq2_input", "300000000\n");
  EXPECT_EQ(world.samples(hwmon_collector),
            "node_hwmon_sensor_label{chip=\"pci0000:00_0000:01:00_0\",sensor=\"freq1\",label=\"SCLK\"} 1\n"
            "node_hwmon_freq_freq_mhz{chip=\"pci0000:00_0000:01:00_0\",sensor=\"sclk\"} 214\n");
}

TEST(Hwmon, LeavesOutWhatMeasuresNothing) {
  for (const char* file :
       {"name", "uevent", "temp1x", "temp1_", "tempest1_input", "1", "alarms", "temp99999999999999999999_input"}) {
    EXPECT_EQ(sample(file, "1\n").find("sensor"), std::string::npos) << file;
  }
  EXPECT_EQ(sample("temp1_input", "N/A\n"), "");
  EXPECT_EQ(sample("temp1_input", ""), "");
}

TEST(Hwmon, ReadsWhatOlderDriversKeepWithTheDevice) {
  World world;
  put_chip(world, "hwmon0", "platform/applesmc.768", "applesmc\n");
  world.fs.put("sys/devices/platform/applesmc.768/fan1_input", "1998\n");
  // The link leads there; a made-up world has to be told so.
  world.fs.put("sys/devices/platform/applesmc.768/hwmon/hwmon0/device/fan1_input", "1998\n");
  const std::string samples = world.samples(hwmon_collector);
  EXPECT_NE(samples.find("node_hwmon_fan_rpm{chip=\"platform_applesmc_768\",sensor=\"fan1\"} 1998\n"),
            std::string::npos);
}

TEST(Hwmon, KeepsAMissingSensorFromTheOthers) {
  World world;
  const std::string chip = put_chip(world, "hwmon0", "platform/coretemp.0", nullptr);
  world.fs.put(chip + "temp1_input", "1000\n");
  world.fs.put(chip + "temp2_input", "2000\n");
  world.fs.fail_with(chip + "temp1_input", {ErrorCode::kSystem, "Resource temporarily unavailable"});
  EXPECT_EQ(world.samples(hwmon_collector),
            "node_hwmon_temp_celsius{chip=\"platform_coretemp_0\",sensor=\"temp2\"} 2\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Hwmon, NamesChipsByWhatIsStable) {
  const auto chips = [](World& world) {
    std::string names;
    const std::string samples = world.samples(hwmon_collector);
    for (std::size_t at = samples.find("{chip=\""); at != std::string::npos; at = samples.find("{chip=\"", at + 1)) {
      names += samples.substr(at + 7, samples.find('"', at + 7) - at - 7) + " ";
    }
    return names;
  };
  World by_name;
  by_name.fs.put("sys/class/hwmon/hwmon4/name", "NCT6779-x\n");
  EXPECT_EQ(chips(by_name), "nct6779_x ");
  World by_number;
  by_number.fs.put("sys/class/hwmon/hwmon4/temp1_input", "1\n");
  EXPECT_EQ(chips(by_number), "hwmon4 ");
  World shared;  // one device, two chips of different names, and two of the same
  put_chip(shared, "hwmon6", "platform/asus-nb-wmi", "asus\n");
  put_chip(shared, "hwmon7", "platform/asus-nb-wmi", "asus_wmi_sensors\n");
  put_chip(shared, "hwmon8", "platform/wifi", "same\n");
  put_chip(shared, "hwmon9", "platform/wifi", "same\n");
  EXPECT_EQ(
      chips(shared),
      "platform_asus_nb_wmi_asus platform_asus_nb_wmi_asus_wmi_sensors platform_wifi_hwmon8 platform_wifi_hwmon9 ");
  World gone;
  gone.fs.put_link("sys/class/hwmon/hwmon0", "../../devices/gone/hwmon/hwmon0");
  EXPECT_EQ(chips(gone), "");
}

TEST(Hwmon, NeedsAMonitor) {
  World world;
  EXPECT_EQ(world.samples(hwmon_collector), "");
  EXPECT_EQ(world.error(), "no hardware monitors");
  EXPECT_EQ(world.error_code(), ErrorCode::kNoData);
  world.fs.fail_with("sys/class/hwmon", {ErrorCode::kPermission, "Permission denied"});
  EXPECT_EQ(world.samples(hwmon_collector), "");
  EXPECT_EQ(world.error(), "sys/class/hwmon: Permission denied");
}

}  // namespace
}  // namespace upkeep::testing
