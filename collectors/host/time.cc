// The time, the time zone, and what the kernel keeps the time with.
// https://docs.kernel.org/timers/timekeeping.html
//   sys/devices/system/clocksource/clocksource0/available_clocksource: tsc hpet acpi_pm
//   sys/devices/system/clocksource/clocksource0/current_clocksource:   tsc
#include <chrono>
#include <ctime>
#include <optional>
#include <utility>
#include <vector>

#include "collectors/all.h"
#include "collectors/host/refresh.h"
#include "exporter/filesystem.h"
#include "exporter/text.h"

namespace upkeep {

namespace {

constexpr MetricDesc kSeconds = gauge("node_time_seconds", "The time, in seconds since 1970.");
constexpr MetricDesc kZone =
    gauge("node_time_zone_offset_seconds", "How far local time is ahead of UTC.", {"time_zone"});
constexpr MetricDesc kAvailable =
    gauge("node_time_clocksource_available_info", "A clock source the kernel may use.", {"device", "clocksource"});
constexpr MetricDesc kCurrent =
    gauge("node_time_clocksource_current_info", "The clock source the kernel uses.", {"device", "clocksource"});
constexpr const MetricDesc* kMetrics[] = {&kSeconds, &kZone, &kAvailable, &kCurrent};

constexpr std::string_view kRoot = "sys/devices/system/clocksource";
constexpr std::string_view kDevice = "clocksource";
constexpr auto kRefresh = std::chrono::seconds(60);

class Time final : public Collector {
 public:
  explicit Time(const Environment& environment) : fs_(environment.fs), clock_(environment.clock) {}

  Result<> collect(const Run&, SampleSink& out) override {
    const Clock::wall_time wall = clock_.wall();
    out.add(kSeconds, unix_seconds(wall));
    const std::time_t seconds = std::chrono::system_clock::to_time_t(wall);
    std::tm local{};
    if (::localtime_r(&seconds, &local) != nullptr) {
      out.add(kZone, static_cast<double>(local.tm_gmtoff), {local.tm_zone});
    }
    if (!sources_) UPKEEP_CHECK(find_sources());
    const Clock::time_point now = clock_.now();
    for (Source& source : *sources_) UPKEEP_CHECK(add(source, now, out));
    return {};
  }

 private:
  struct Source {
    std::string device;  // "0"
    std::unique_ptr<File> current_file, available_file;
    std::string current, available;
    Refresh refresh{kRefresh};
  };

  Result<> find_sources() {
    const auto entries = fs_.list(kRoot);
    if (!entries && entries.error().code == ErrorCode::kNotFound) {
      sources_.emplace();
      return {};
    }
    if (!entries) return std::unexpected(entries.error());
    std::vector<Source> sources;
    for (const DirectoryEntry& entry : *entries) {
      if (!entry.name.starts_with(kDevice) || !to_u64(std::string_view(entry.name).substr(kDevice.size()))) continue;
      const std::string folder = std::string(kRoot) + "/" + entry.name;
      sources.push_back({.device = entry.name.substr(kDevice.size()),
                         .current_file = fs_.open(folder + "/current_clocksource", FileKind::kAttribute),
                         .available_file = fs_.open(folder + "/available_clocksource", FileKind::kAttribute),
                         .current = {},
                         .available = {}});
    }
    sources_ = std::move(sources);
    return {};
  }

  // Which are available is looked up again when the kernel changed its mind, or a minute passed.
  static Result<> add(Source& source, Clock::time_point now, SampleSink& out) {
    UPKEEP_TRY(const std::string_view current, source.current_file->read());
    if (trim(current) != source.current) source.refresh.hurry();
    source.current = trim(current);
    if (source.refresh.due(now)) {
      const auto available = source.available_file->read();
      if (!available) {
        source.refresh.hurry();
        return std::unexpected(available.error());
      }
      source.available = *available;
    }
    Words words(source.available);
    for (std::string_view name = words.next(); !name.empty(); name = words.next()) {
      out.add(kAvailable, 1, {source.device, name});
    }
    if (!source.current.empty()) out.add(kCurrent, 1, {source.device, source.current});
    return {};
  }

  FileSystem& fs_;
  const Clock& clock_;
  std::optional<std::vector<Source>> sources_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<Time>(environment);
}

}  // namespace

const CollectorType time_collector = {
    .name = "time",
    .section = "host",
    .help = "The time, the time zone and the clock source.",
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
