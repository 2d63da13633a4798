// Batteries and mains. https://docs.kernel.org/power/power_supply_class.html
//   /sys/class/power_supply/AC/{type,online}: Mains, 1
//   /sys/class/power_supply/BAT0/{status,energy_now,voltage_now}: Discharging, 36580000, 11660000
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "collectors/all.h"
#include "collectors/host/sysfs.h"
#include "exporter/filesystem.h"

namespace upkeep {
namespace {

struct Property {
  std::string_view file;
  MetricDesc desc;
  double divisor;  // what the kernel shows, by this, is in the unit of the family
};

consteval Property plain(std::string_view file, std::string_view name, std::string_view help) {
  return {file, gauge(name, help, {"power_supply"}), 1};
}
consteval Property micro(std::string_view file, std::string_view name, std::string_view help) {
  return {file, gauge(name, help, {"power_supply"}), 1e6};
}
consteval Property tenth(std::string_view file, std::string_view name, std::string_view help) {
  return {file, gauge(name, help, {"power_supply"}), 10};
}

constexpr Property kProperties[] = {
    plain("authentic", "node_power_supply_authentic", "Whether the battery is known to be genuine."),
    plain("calibrate", "node_power_supply_calibrate", "Whether the battery is being calibrated."),
    plain("capacity", "node_power_supply_capacity", "Charge in percent."),
    plain("capacity_alert_max", "node_power_supply_capacity_alert_max", "Charge in percent above which it warns."),
    plain("capacity_alert_min", "node_power_supply_capacity_alert_min", "Charge in percent below which it warns."),
    micro("charge_control_limit", "node_power_supply_charge_control_limit", "Limit of the charging current."),
    micro("charge_control_limit_max", "node_power_supply_charge_control_limit_max", "Highest such limit."),
    micro("charge_counter", "node_power_supply_charge_counter", "Charge that went in, in ampere-hours."),
    micro("charge_empty", "node_power_supply_charge_empty", "Charge when empty, in ampere-hours."),
    micro("charge_empty_design", "node_power_supply_charge_empty_design", "Charge when empty, as it was made."),
    micro("charge_full", "node_power_supply_charge_full", "Charge when full, in ampere-hours."),
    micro("charge_full_design", "node_power_supply_charge_full_design", "Charge when full, as it was made."),
    micro("charge_now", "node_power_supply_charge_ampere", "Charge in ampere-hours."),
    micro("charge_term_current", "node_power_supply_charge_term_current", "Current at which charging ends."),
    micro("constant_charge_current", "node_power_supply_constant_charge_current", "Charging current in amperes."),
    micro("constant_charge_current_max", "node_power_supply_constant_charge_current_max", "Highest such current."),
    micro("constant_charge_voltage", "node_power_supply_constant_charge_voltage", "Charging voltage in volts."),
    micro("constant_charge_voltage_max", "node_power_supply_constant_charge_voltage_max", "Highest such voltage."),
    micro("current_boot", "node_power_supply_current_boot", "Current at boot in amperes."),
    micro("current_max", "node_power_supply_current_max", "Highest current in amperes."),
    micro("current_now", "node_power_supply_current_ampere", "Current in amperes."),
    plain("cycle_count", "node_power_supply_cyclecount", "How often the battery was charged."),
    micro("energy_empty", "node_power_supply_energy_empty", "Energy when empty, in watt-hours."),
    micro("energy_empty_design", "node_power_supply_energy_empty_design", "Energy when empty, as it was made."),
    micro("energy_full", "node_power_supply_energy_full", "Energy when full, in watt-hours."),
    micro("energy_full_design", "node_power_supply_energy_full_design", "Energy when full, as it was made."),
    micro("energy_now", "node_power_supply_energy_watthour", "Energy in watt-hours."),
    micro("input_current_limit", "node_power_supply_input_current_limit", "Limit of the input current in amperes."),
    plain("online", "node_power_supply_online", "Whether the mains supply power."),
    micro("power_now", "node_power_supply_power_watt", "Power in watts."),
    micro("precharge_current", "node_power_supply_precharge_current", "Current of precharging in amperes."),
    plain("present", "node_power_supply_present", "Whether the battery is there."),
    tenth("temp", "node_power_supply_temp_celsius", "Temperature."),
    tenth("temp_alert_max", "node_power_supply_temp_alert_max_celsius", "Temperature above which it warns."),
    tenth("temp_alert_min", "node_power_supply_temp_alert_min_celsius", "Temperature below which it warns."),
    tenth("temp_ambient", "node_power_supply_temp_ambient_celsius", "Temperature around it."),
    tenth("temp_ambient_max", "node_power_supply_temp_ambient_max_celsius", "Highest temperature around it."),
    tenth("temp_ambient_min", "node_power_supply_temp_ambient_min_celsius", "Lowest temperature around it."),
    tenth("temp_max", "node_power_supply_temp_max_celsius", "Highest temperature."),
    tenth("temp_min", "node_power_supply_temp_min_celsius", "Lowest temperature."),
    plain("time_to_empty_now", "node_power_supply_time_to_empty_seconds", "Time until it is empty."),
    plain("time_to_full_now", "node_power_supply_time_to_full_seconds", "Time until it is full."),
    micro("voltage_boot", "node_power_supply_voltage_boot", "Voltage at boot in volts."),
    micro("voltage_max", "node_power_supply_voltage_max", "Highest voltage in volts."),
    micro("voltage_max_design", "node_power_supply_voltage_max_design", "Highest voltage, as it was made."),
    micro("voltage_min", "node_power_supply_voltage_min", "Lowest voltage in volts."),
    micro("voltage_min_design", "node_power_supply_voltage_min_design", "Lowest voltage, as it was made."),
    micro("voltage_now", "node_power_supply_voltage_volt", "Voltage in volts."),
    micro("voltage_ocv", "node_power_supply_voltage_ocv", "Voltage of the open circuit in volts."),
};

constexpr std::array<std::string_view, 11> kTexts = {"capacity_level", "charge_type", "health",        "manufacturer",
                                                     "model_name",     "scope",       "serial_number", "status",
                                                     "technology",     "type",        "usb_type"};
constexpr MetricDesc kInfo =
    gauge("node_power_supply_info", "What kind of power supply it is, and how it fares.",
          {"power_supply", "capacity_level", "charge_type", "health", "manufacturer", "model_name", "scope",
           "serial_number", "status", "technology", "type", "usb_type"});

constexpr auto kMetrics = [] {
  std::array<const MetricDesc*, std::size(kProperties) + 1> metrics{};
  for (std::size_t i = 0; i < std::size(kProperties); ++i) metrics[i] = &kProperties[i].desc;
  metrics.back() = &kInfo;
  return metrics;
}();

constexpr std::string_view kAll = "sys/class/power_supply";

class PowerSupplyClass final : public Collector {
 public:
  explicit PowerSupplyClass(const Environment& environment) : fs_(environment.fs), clock_(environment.clock) {}

  Result<> collect(const Run& run, SampleSink& out) override {
    UPKEEP_TRY(const auto entries, sysfs::list(fs_, kAll, "no power supplies"));
    Result<> result;
    for (const DirectoryEntry& entry : entries) {
      if (clock_.now() > run.deadline) return fail(ErrorCode::kTimeout, fmt::format("{}: no time left", entry.name));
      const auto added = add(out, entry.name);
      if (!added) result = added;
    }
    return result;
  }

 private:
  Result<> add(SampleSink& out, std::string_view supply) {
    const std::string directory = fmt::format("{}/{}", kAll, supply);
    UPKEEP_TRY(const auto files, fs_.list(directory));
    Result<> result;
    std::vector<std::string> texts;
    std::vector<SampleSink::Label> labels = {{"power_supply", supply}};
    texts.reserve(kTexts.size());
    for (const DirectoryEntry& file : files) {
      const auto* const property = std::ranges::find(kProperties, file.name, &Property::file);
      if (property != std::end(kProperties)) {
        const auto value = sysfs::integer(fs_, directory, file.name);
        if (value) {
          out.add(property->desc, static_cast<double>(*value) / property->divisor, {supply});
        } else if (!sysfs::is_absent(value.error())) {
          result = std::unexpected(value.error());
        }
      } else if (std::ranges::count(kTexts, file.name) > 0) {
        auto text = sysfs::text(fs_, directory, file.name);
        if (!text || text->empty()) continue;
        labels.push_back({file.name, texts.emplace_back(*std::move(text))});
      }
    }
    out.add_line(kInfo, "", labels, 1);
    return result;
  }

  FileSystem& fs_;
  const Clock& clock_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<PowerSupplyClass>(environment);
}

}  // namespace

const CollectorType powersupplyclass_collector = {
    .name = "powersupplyclass",
    .section = "host",
    .help = "Batteries and mains.",
    .cadence = Cadence::kInterval,
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
