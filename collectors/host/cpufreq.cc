// Clock frequencies of the CPUs and their governors. https://docs.kernel.org/admin-guide/pm/cpufreq.html
//   /sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq: 1699981
//   /sys/devices/system/cpu/cpu0/cpufreq/scaling_governor: powersave
#include <fmt/format.h>

#include "collectors/all.h"
#include "collectors/host/sysfs.h"
#include "exporter/filesystem.h"
#include "exporter/text.h"

namespace upkeep {
namespace {

constexpr MetricDesc kNow = gauge("node_cpu_frequency_hertz", "Frequency that the hardware reports.", {"cpu"});
constexpr MetricDesc kAverage =
    gauge("node_cpu_frequency_avg_hertz", "Average frequency that the hardware reports.", {"cpu"});
constexpr MetricDesc kMin = gauge("node_cpu_frequency_min_hertz", "Lowest frequency the hardware can do.", {"cpu"});
constexpr MetricDesc kMax = gauge("node_cpu_frequency_max_hertz", "Highest frequency the hardware can do.", {"cpu"});
constexpr MetricDesc kScaling = gauge("node_cpu_scaling_frequency_hertz", "Frequency of a CPU.", {"cpu"});
constexpr MetricDesc kScalingMin =
    gauge("node_cpu_scaling_frequency_min_hertz", "Lowest frequency the governor may choose.", {"cpu"});
constexpr MetricDesc kScalingMax =
    gauge("node_cpu_scaling_frequency_max_hertz", "Highest frequency the governor may choose.", {"cpu"});
constexpr MetricDesc kGovernor =
    gauge("node_cpu_scaling_governor", "Whether a governor is the one in use.", {"cpu", "governor"});
constexpr const MetricDesc* kMetrics[] = {&kNow,     &kAverage,    &kMin,        &kMax,
                                          &kScaling, &kScalingMin, &kScalingMax, &kGovernor};

struct Frequency {
  std::string_view file;
  const MetricDesc& desc;
};
constexpr Frequency kFrequencies[] = {
    {"cpuinfo_cur_freq", kNow},        {"cpuinfo_avg_freq", kAverage}, {"cpuinfo_min_freq", kMin},
    {"cpuinfo_max_freq", kMax},        {"scaling_cur_freq", kScaling}, {"scaling_min_freq", kScalingMin},
    {"scaling_max_freq", kScalingMax},
};

constexpr const char* kNothing = "no frequency scaling";
constexpr std::string_view kCpus = "sys/devices/system/cpu";

// Whether a list like "1,4-7" holds the number. What makes no sense in it holds nothing.
bool holds(std::string_view list, std::uint64_t number) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view range = list.substr(0, comma);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    const std::size_t dash = range.find('-');
    const auto first = to_u64(range.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : to_u64(range.substr(dash + 1));
    if (first && last && *first <= number && number <= *last) return true;
  }
  return false;
}

class Cpufreq final : public Collector {
 public:
  explicit Cpufreq(const Environment& environment) : fs_(environment.fs), clock_(environment.clock) {}

  Result<> collect(const Run& run, SampleSink& out) override {
    UPKEEP_TRY(const auto entries, sysfs::list(fs_, kCpus, kNothing));
    const std::string offline = sysfs::text(fs_, kCpus, "offline").value_or("");
    bool any = false;
    Result<> result;
    for (const DirectoryEntry& entry : entries) {
      const std::string_view cpu = sysfs::number_after(entry.name, "cpu");
      if (cpu.empty() || holds(offline, to_u64(cpu).value_or(0))) continue;
      if (clock_.now() > run.deadline) return fail(ErrorCode::kTimeout, fmt::format("cpu {}: no time left", cpu));
      const auto added = add(out, cpu);
      if (!added) result = std::unexpected(added.error());
      any = any || added.value_or(true);
    }
    if (!any) return fail(ErrorCode::kNoData, kNothing);
    return result;
  }

 private:
  // Whether the CPU has frequencies.
  Result<bool> add(SampleSink& out, std::string_view cpu) {
    const std::string directory = fmt::format("{}/cpu{}/cpufreq", kCpus, cpu);
    bool any = false;
    Result<> result;
    for (const Frequency& frequency : kFrequencies) {
      const auto khz = sysfs::text(fs_, directory, frequency.file);
      if (!khz || *khz == "<unknown>") continue;  // few drivers have all of them
      const auto value = to_u64(*khz);
      if (value) {
        out.add(frequency.desc, static_cast<double>(*value) * 1000, {cpu});
      } else {
        result = fail(ErrorCode::kParse, fmt::format("{}/{}: an integer expected", directory, frequency.file));
      }
      any = true;
    }
    const auto governor = sysfs::text(fs_, directory, "scaling_governor");
    const auto available = sysfs::text(fs_, directory, "scaling_available_governors");
    if (governor && available) {
      Words words(*available);
      for (std::string_view one = words.next(); !one.empty(); one = words.next()) {
        out.add(kGovernor, one == *governor ? 1 : 0, {cpu, one});
      }
    }
    if (!result) return std::unexpected(result.error());
    return any;
  }

  FileSystem& fs_;
  const Clock& clock_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<Cpufreq>(environment);
}

}  // namespace

const CollectorType cpufreq_collector = {
    .name = "cpufreq",
    .section = "host",
    .help = "Clock frequencies of the CPUs.",
    .cadence = Cadence::kInterval,
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
