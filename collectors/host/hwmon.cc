// What the hardware monitors measure. https://docs.kernel.org/hwmon/sysfs-interface.html
//   /sys/class/hwmon/hwmon0/name: coretemp
//   /sys/class/hwmon/hwmon0/temp2_label: Core 0
//   /sys/class/hwmon/hwmon0/temp2_input: 54000
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "collectors/all.h"
#include "collectors/host/sysfs.h"
#include "exporter/filesystem.h"
#include "exporter/text.h"

namespace upkeep {
namespace {

// Which families there are depends on the drivers. These are the ones that dashboards and rules ask for.
consteval MetricDesc of_sensor(std::string_view name, std::string_view help) {
  return gauge(name, help, {"chip", "sensor"});
}
constexpr MetricDesc kChipNames =
    gauge("node_hwmon_chip_names", "What a monitoring chip calls itself.", {"chip", "chip_name"});
constexpr MetricDesc kSensorLabel =
    gauge("node_hwmon_sensor_label", "What a sensor measures.", {"chip", "sensor", "label"});
constexpr MetricDesc kTemp = of_sensor("node_hwmon_temp_celsius", "Temperature.");
constexpr MetricDesc kTempMax =
    of_sensor("node_hwmon_temp_max_celsius", "Highest temperature that is no cause for care.");
constexpr MetricDesc kTempCrit = of_sensor("node_hwmon_temp_crit_celsius", "Critical temperature.");
constexpr MetricDesc kTempHyst =
    of_sensor("node_hwmon_temp_crit_hyst_celsius", "Temperature below which the critical state ends.");
constexpr MetricDesc kTempCritAlarm =
    of_sensor("node_hwmon_temp_crit_alarm_celsius",
              "Critical alarm of a temperature: 0.001 when raised, as node_exporter scales it.");
constexpr MetricDesc kTempAlarm = of_sensor("node_hwmon_temp_alarm", "Alarm of a temperature: 1 when raised.");
constexpr MetricDesc kFan = of_sensor("node_hwmon_fan_rpm", "Revolutions per minute of a fan.");
constexpr MetricDesc kFanMin = of_sensor("node_hwmon_fan_min_rpm", "Least revolutions per minute of a fan.");
constexpr const MetricDesc* kMetrics[] = {&kChipNames, &kSensorLabel,   &kTemp,      &kTempMax, &kTempCrit,
                                          &kTempHyst,  &kTempCritAlarm, &kTempAlarm, &kFan,     &kFanMin};

struct Attribute {
  std::string_view type;      // "temp"
  std::string sensor;         // "temp2"
  std::string_view property;  // "input"; empty for "pwm1"
};

std::optional<Attribute> parse_name(std::string_view name) {
  constexpr std::array<std::string_view, 14> kTypes = {
      "vrm",  "beep_enable", "update_interval", "in",     "cpu",      "fan",       "pwm",
      "temp", "curr",        "power",           "energy", "humidity", "intrusion", "freq"};
  const std::size_t digits = std::min(name.find_first_of("0123456789"), name.size());
  const std::string_view type = name.substr(0, digits);
  if (std::ranges::count(kTypes, type) == 0) return std::nullopt;
  name.remove_prefix(digits);
  const std::size_t end = std::min(name.find_first_not_of("0123456789"), name.size());
  const auto number = to_u64(end == 0 ? "0" : name.substr(0, end));
  name.remove_prefix(end);
  if (!number || (!name.empty() && (name[0] != '_' || name.size() == 1))) return std::nullopt;
  return Attribute{type, fmt::format("{}{}", type, *number), name.empty() ? name : name.substr(1)};
}

// Fit for a metric name or a label that was one.
std::string clean(std::string_view name) {
  std::string cleaned;
  for (char c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    const bool fits = (c >= 'a' && c <= 'z') || naming::is_digit(c) || c == ':' || c == '_';
    cleaned += fits ? c : '_';
  }
  cleaned.erase(0, std::min(cleaned.find_first_not_of('_'), cleaned.size()));
  while (cleaned.ends_with('_')) cleaned.pop_back();
  return cleaned;
}

// Takes the last part off a path.
std::string_view take_last(std::string_view& path) {
  const std::size_t slash = path.rfind('/');
  const std::string_view last = path.substr(slash == std::string_view::npos ? 0 : slash + 1);
  path = path.substr(0, slash == std::string_view::npos ? 0 : slash);
  return last;
}

struct Sensor {
  std::string type;
  std::map<std::string, std::string> properties;  // as read
};
using Sensors = std::map<std::string, Sensor>;  // by name

// A family's name without its prefix, and a value in the family's unit.
struct Named {
  std::string name;
  double value = 0;
  MetricType type = MetricType::kGauge;
};

// The unit follows from the type of the sensor, but not that of alarms and the like.
Named in_units(std::string_view type, std::string_view property, const std::string& name, double value) {
  const auto any_of = [&](std::initializer_list<std::string_view> names) {
    return std::ranges::count(names, property) > 0;
  };
  if (property == "fault" || property == "alarm") return {name, value};
  if (property == "beep") return {name + "_enabled", value};
  if (type == "in" || type == "cpu") return {name + "_volts", value * 0.001};
  if (type == "temp" && property != "type") return {name + "_celsius", value * 0.001};
  if (type == "curr") return {name + "_amps", value * 0.001};
  if (type == "energy") return {name + "_joule_total", value / 1e6, MetricType::kCounter};
  if (type == "humidity" || (type == "power" && property == "accuracy")) return {name, value / 1e6};
  if (type == "power" && any_of({"average_interval", "average_interval_min", "average_interval_max"})) {
    return {name + "_seconds", value * 0.001};
  }
  if (type == "power") return {name + "_watt", value / 1e6};
  if (type == "fan" && any_of({"input", "min", "max", "target"})) return {name + "_rpm", value};
  if (type == "freq" && property == "input") return {name + "_freq_mhz", value / 1e6};
  return {name, value};
}

// Nothing when the property has no value to publish.
std::optional<Named> name_property(const Sensor& sensor, const std::string& property, std::string_view text) {
  const auto value = to_number(text);
  if (!value || property == "label") return std::nullopt;
  if (sensor.type == "beep_enable") return Named{"beep_enabled", text == "1" ? 1.0 : 0.0};
  if (sensor.type == "vrm") return Named{"voltage_regulator_version", *value};
  if (sensor.type == "update_interval") return Named{"update_interval_seconds", *value * 0.001};
  std::string family = sensor.type;
  const bool is_plain = property.empty() || (property == "input" && !sensor.properties.contains(""));
  if (!is_plain) family += '_' + clean(property);
  return in_units(sensor.type, property, family, *value);
}

struct Chip {
  std::string name, directory, entry, own_name;
};

class Hwmon final : public Collector {
 public:
  explicit Hwmon(const Environment& environment) : fs_(environment.fs), clock_(environment.clock) {}

  Result<> collect(const Run& run, SampleSink& out) override {
    UPKEEP_TRY(const std::vector<Chip> chips, find_chips());
    for (const Chip& chip : chips) {
      if (clock_.now() > run.deadline) {
        return fail(ErrorCode::kTimeout, fmt::format("{}: no time left", chip.directory));
      }
      if (const std::string own = clean(chip.own_name); !own.empty()) out.add(kChipNames, 1, {chip.name, own});
      Sensors sensors;
      read_sensors(chip.directory, sensors);
      read_sensors(chip.directory + "/device", sensors);  // where older drivers keep them
      for (const auto& [name, sensor] : sensors) UPKEEP_CHECK(add(out, chip.name, name, sensor));
    }
    return {};
  }

 private:
  Result<std::vector<Chip>> find_chips() {
    constexpr std::string_view kAll = "sys/class/hwmon";
    UPKEEP_TRY(const auto entries, sysfs::list(fs_, kAll, "no hardware monitors"));
    std::vector<Chip> chips;
    for (const DirectoryEntry& entry : entries) {
      std::string path = fmt::format("{}/{}", kAll, entry.name);
      if (entry.is_link) {
        auto real = sysfs::follow(fs_, path);
        if (!real) continue;  // went away
        path = *std::move(real);
      }
      Chip chip{.directory = path, .entry = entry.name, .own_name = sysfs::text(fs_, path, "name").value_or("")};
      chip.name = base_name(chip);
      chips.push_back(std::move(chip));
    }
    tell_apart(chips);
    return chips;
  }

  // Numbers of chips change from boot to boot; the place of their device does not.
  std::string base_name(const Chip& chip) {
    if (const auto device = sysfs::follow(fs_, chip.directory + "/device")) {
      std::string_view path = *device;
      const std::string name = clean(take_last(path));
      const std::string bus = clean(take_last(path));
      if (!name.empty()) return bus.empty() ? name : fmt::format("{}_{}", bus, name);
    }
    const std::string own = clean(chip.own_name);
    return own.empty() ? clean(chip.entry) : own;
  }

  // Several chips on one device get their own name added, or their number where that is the same too.
  static void tell_apart(std::vector<Chip>& chips) {
    std::map<std::string, int> bases, names;
    for (const Chip& chip : chips) {
      ++bases[chip.name];
      ++names[chip.name + '\n' + chip.own_name];
    }
    for (Chip& chip : chips) {
      if (bases[chip.name] == 1) continue;
      const std::string own = names[chip.name + '\n' + chip.own_name] == 1 ? clean(chip.own_name) : "";
      chip.name += '_' + (own.empty() ? clean(chip.entry) : own);
    }
  }

  void read_sensors(const std::string& directory, Sensors& sensors) {
    const auto entries = fs_.list(directory);
    if (!entries) return;
    for (const DirectoryEntry& entry : *entries) {
      const auto attribute = entry.is_directory ? std::nullopt : parse_name(entry.name);
      if (!attribute) continue;
      auto value = sysfs::text(fs_, directory, entry.name);
      if (!value) continue;  // drivers refuse what the board does not have, and what is asleep
      Sensor& sensor = sensors[attribute->sensor];
      sensor.type = attribute->type;
      sensor.properties[std::string(attribute->property)] = *std::move(value);
    }
  }

  Result<> add(SampleSink& out, std::string_view chip, std::string_view name, const Sensor& sensor) {
    const auto label = sensor.properties.find("label");
    const bool has_label = label != sensor.properties.end();
    if (has_label) out.add(kSensorLabel, 1, {chip, name, label->second});
    for (const auto& [property, text] : sensor.properties) {
      const auto named = name_property(sensor, property, text);
      if (!named) continue;
      UPKEEP_TRY(const MetricDesc* const desc, family_of(*named));
      if (sensor.type == "freq" && property == "input") {  // goes by its label alone
        if (has_label) out.add(*desc, named->value, {chip, clean(label->second)});
      } else {
        out.add(*desc, named->value, {chip, name});
      }
    }
    return {};
  }

  Result<const MetricDesc*> family_of(const Named& named) {
    const std::string name = "node_hwmon_" + named.name;
    for (const MetricDesc* desc : kMetrics) {
      if (desc->name == name) return desc;
    }
    constexpr std::string_view kLabels[] = {"chip", "sensor"};
    return families_.get(name, named.type, fmt::format("Hardware monitor: {}.", named.name), kLabels);
  }

  FileSystem& fs_;
  const Clock& clock_;
  RuntimeFamilies families_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<Hwmon>(environment);
}

}  // namespace

const CollectorType hwmon_collector = {
    .name = "hwmon",
    .section = "host",
    .help = "Temperatures, fans, voltages and power as the hardware monitors measure them.",
    .cadence = Cadence::kInterval,
    .metrics = kMetrics,
    .open_prefixes = {"node_hwmon_"},
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
