// Thermal zones and what cools them. https://docs.kernel.org/driver-api/thermal/sysfs-api.html
//   /sys/class/thermal/thermal_zone0/{type,temp}: x86_pkg_temp, 44000
//   /sys/class/thermal/cooling_device0/{type,cur_state,max_state}: Processor, 0, 10
#include <fmt/format.h>

#include "collectors/all.h"
#include "collectors/host/sysfs.h"
#include "exporter/filesystem.h"

namespace upkeep {
namespace {

constexpr MetricDesc kTemp =
    gauge("node_thermal_zone_temp", "Temperature of a zone in degrees Celsius.", {"zone", "type"});
constexpr MetricDesc kCurrent =
    gauge("node_cooling_device_cur_state", "How hard a device cools, in steps of its own.", {"name", "type"});
constexpr MetricDesc kMax =
    gauge("node_cooling_device_max_state", "How hard a device can cool, in steps of its own.", {"name", "type"});
constexpr const MetricDesc* kMetrics[] = {&kTemp, &kCurrent, &kMax};

class ThermalZone final : public Collector {
 public:
  explicit ThermalZone(const Environment& environment) : fs_(environment.fs), clock_(environment.clock) {}

  Result<> collect(const Run& run, SampleSink& out) override {
    constexpr std::string_view kAll = "sys/class/thermal";
    UPKEEP_TRY(const auto entries, sysfs::list(fs_, kAll, "no thermal zones"));
    Result<> result;
    for (const DirectoryEntry& entry : entries) {
      if (clock_.now() > run.deadline) return fail(ErrorCode::kTimeout, fmt::format("{}: no time left", entry.name));
      const std::string directory = fmt::format("{}/{}", kAll, entry.name);
      const std::string_view zone = sysfs::number_after(entry.name, "thermal_zone");
      const std::string_view device = sysfs::number_after(entry.name, "cooling_device");
      Result<> added;
      if (!zone.empty()) added = add_zone(out, directory, zone);
      if (!device.empty()) added = add_device(out, directory, device);
      if (!added && !sysfs::is_absent(added.error())) result = std::move(added);
    }
    return result;
  }

 private:
  Result<> add_zone(SampleSink& out, const std::string& directory, std::string_view number) {
    UPKEEP_TRY(const std::string type, sysfs::text(fs_, directory, "type"));
    UPKEEP_TRY(const std::int64_t temp, sysfs::integer(fs_, directory, "temp"));
    out.add(kTemp, static_cast<double>(temp) / 1000, {number, type});
    return {};
  }

  Result<> add_device(SampleSink& out, const std::string& directory, std::string_view number) {
    UPKEEP_TRY(const std::string type, sysfs::text(fs_, directory, "type"));
    UPKEEP_TRY(const std::int64_t max, sysfs::integer(fs_, directory, "max_state"));
    UPKEEP_TRY(const std::int64_t current, sysfs::integer(fs_, directory, "cur_state"));
    out.add(kCurrent, static_cast<double>(current), {number, type});
    out.add(kMax, static_cast<double>(max), {number, type});
    return {};
  }

  FileSystem& fs_;
  const Clock& clock_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<ThermalZone>(environment);
}

}  // namespace

const CollectorType thermal_zone_collector = {
    .name = "thermal_zone",
    .section = "host",
    .help = "Temperatures of thermal zones, and the state of what cools them.",
    .cadence = Cadence::kInterval,
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
