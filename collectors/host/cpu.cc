// CPU time by mode, thermal throttling, and which CPUs are online or isolated.
// https://docs.kernel.org/filesystems/proc.html ("stat"), https://docs.kernel.org/admin-guide/cputopology.html
//   cpu  2869 0 2364 251580 859 0 35 52 0 0
//   cpu0 826 0 824 127213 44 0 4 22 0 0
#include <algorithm>
#include <array>

#include "collectors/all.h"
#include "exporter/filesystem.h"
#include "exporter/kernel.h"
#include "exporter/table.h"

namespace upkeep {

namespace {

constexpr std::size_t kModes = 8, kGuestModes = 2;
constexpr std::array<std::string_view, kModes + kGuestModes> kModeNames = {
    "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "user", "nice"};
constexpr std::size_t kIdle = 3;
constexpr std::size_t kLeastModes = 4;      // Linux 2.4 had no more
constexpr std::uint64_t kMostCpus = 65536;  // Linux is built for 8192 at most

constexpr MetricDesc kSeconds = counter("node_cpu_seconds_total", "Time the CPU spent in each mode.", {"cpu", "mode"});
constexpr MetricDesc kGuestSeconds =
    counter("node_cpu_guest_seconds_total", "Time the CPU ran virtual machines; part of user and nice as well.",
            {"cpu", "mode"});
constexpr MetricDesc kCoreThrottles = counter(
    "node_cpu_core_throttles_total", "How often the core was slowed down because of heat.", {"package", "core"});
constexpr MetricDesc kPackageThrottles =
    counter("node_cpu_package_throttles_total", "How often the package was slowed down because of heat.", {"package"});
constexpr MetricDesc kIsolated =
    gauge("node_cpu_isolated", "1 for CPUs that the scheduler leaves alone (isolcpus).", {"cpu"});
constexpr MetricDesc kOnline = gauge("node_cpu_online", "Whether the CPU is in use.", {"cpu"});
constexpr const MetricDesc* kMetrics[] = {&kSeconds,          &kGuestSeconds, &kCoreThrottles,
                                          &kPackageThrottles, &kIsolated,     &kOnline};

struct Ticks {
  std::array<std::uint64_t, kModes + kGuestModes> values{};
  std::size_t modes = 0;
};

// `words` stand behind the name of the CPU. Older kernels know fewer modes.
Result<Ticks> parse(Words words) {
  Ticks ticks;
  for (std::uint64_t& value : ticks.values) {
    const auto number = words.next_u64();
    if (!number) break;
    value = *number;
    ++ticks.modes;
  }
  const bool all_read = ticks.modes == ticks.values.size() || words.next().empty();
  if (!all_read || ticks.modes < kLeastModes) return fail(ErrorCode::kParse, "ticks of a CPU expected");
  return ticks;
}

// "1,3-5" -> 1 3 4 5
Result<std::vector<std::uint64_t>> parse_cpu_list(std::string_view text) {
  std::vector<std::uint64_t> cpus;
  for (text = trim(text); !text.empty();) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(item.size() + 1, text.size()));
    const std::size_t dash = std::min(item.find('-'), item.size());
    const auto first = to_u64(item.substr(0, dash));
    const auto last = dash < item.size() ? to_u64(item.substr(dash + 1)) : first;
    const bool ascends = cpus.empty() || (first && *first > cpus.back());
    if (!first || !last || !ascends || *last >= kMostCpus) return fail(ErrorCode::kParse, "a list of CPUs expected");
    for (std::uint64_t cpu = *first; cpu <= *last; ++cpu) cpus.push_back(cpu);
  }
  return cpus;
}

class Cpu final : public Collector {
 public:
  explicit Cpu(const Environment& environment)
      : fs_(environment.fs),
        file_(environment.fs.open(kPath, FileKind::kTable)),
        ticks_per_second_(environment.kernel.clock_ticks_per_second()) {}

  Result<> collect(const Run&, SampleSink& out) override {
    Result<> times = add_times(out);
    if (!topology_known_) UPKEEP_CHECK(read_topology());
    UPKEEP_CHECK(add_throttles(kPackageThrottles, package_throttles_, out));
    UPKEEP_CHECK(add_throttles(kCoreThrottles, core_throttles_, out));
    for (const std::string& cpu : isolated_) out.add(kIsolated, 1, {cpu});
    if (times)  // else nobody knows
      for (const Present& cpu : present_) out.add(kOnline, is_online(cpu.number) ? 1 : 0, {cpu.label});
    return times;
  }

 private:
  static constexpr std::string_view kPath = "proc/stat";
  static constexpr std::string_view kDirectory = "sys/devices/system/cpu";

  struct State {
    Ticks shown;                   // the highest seen
    std::uint64_t generation = 0;  // the last run that saw the CPU
  };
  struct Present {
    std::uint64_t number;
    std::string label;
  };
  struct ThrottleCount {
    std::string package, core, path;
    std::unique_ptr<File> file;
  };

  Result<> add_times(SampleSink& out) {
    UPKEEP_TRY(const std::string_view text, file_->read());
    ++generation_;
    std::size_t online = 0;
    Result<> result = each_line(kPath, text, [&](std::string_view line) -> Result<> {
      if (!line.starts_with("cpu")) return {};
      Words words(line.substr(3));
      if (line.starts_with("cpu ")) return {};  // the sum
      ++online;
      return add_cpu(words.next(), words, out);
    });
    if (online != online_) topology_known_ = false;
    online_ = online;
    if (result && online == 0) return fail(ErrorCode::kParse, "proc/stat: no CPU found");
    return result;
  }

  Result<> add_cpu(std::string_view cpu, Words words, SampleSink& out) {
    const auto number = to_u64(cpu);
    if (!number || *number >= kMostCpus) return fail(ErrorCode::kParse, "the number of a CPU expected");
    if (*number >= states_.size()) states_.resize(*number + 1);
    State& state = states_[*number];
    if (state.generation + 1 != generation_) {  // new, or back
      state.shown = {};
      topology_known_ = false;
    }
    state.generation = generation_;
    UPKEEP_TRY(const Ticks now, parse(words));
    advance(state.shown, now);
    for (std::size_t i = 0; i < now.modes; ++i)
      out.add(i < kModes ? kSeconds : kGuestSeconds, static_cast<double>(state.shown.values[i]) / ticks_per_second_,
              {cpu, kModeNames[i]});
    return {};
  }

  // The kernel adds these times up without a lock, and some step back a little now and then: a counter must not. Idle
  // time that fell by seconds means that the CPU was taken out and put back: it starts again.
  void advance(Ticks& shown, const Ticks& now) const {
    constexpr double kResetSeconds = 3;
    const auto seconds = [&](std::uint64_t ticks) { return static_cast<double>(ticks) / ticks_per_second_; };
    if (seconds(shown.values[kIdle]) - seconds(now.values[kIdle]) >= kResetSeconds) shown = {};
    shown.modes = now.modes;
    for (std::size_t i = 0; i < now.modes; ++i) shown.values[i] = std::max(shown.values[i], now.values[i]);
  }

  [[nodiscard]] bool is_online(std::uint64_t number) const {
    return number < states_.size() && states_[number].generation == generation_;
  }

  // What only changes when CPUs come or go.
  Result<> read_topology() {
    present_.clear();
    package_throttles_.clear();
    core_throttles_.clear();
    isolated_.clear();
    auto entries = fs_.list(kDirectory);
    if (!entries && entries.error().code == ErrorCode::kNotFound) return {};  // a /sys without CPUs
    if (!entries) return std::unexpected(std::move(entries).error());
    for (const DirectoryEntry& entry : *entries) {
      if (!entry.name.starts_with("cpu")) continue;
      const auto number = to_u64(std::string_view(entry.name).substr(3));
      if (!number) continue;  // cpufreq, cpuidle
      present_.push_back({*number, std::to_string(*number)});
      UPKEEP_CHECK(find_throttles(std::string(kDirectory) + "/" + entry.name));
    }
    UPKEEP_CHECK(read_isolated());
    topology_known_ = true;
    return {};
  }

  // One count a package and one a core: those of their first CPU that has them.
  Result<> find_throttles(const std::string& cpu) {
    UPKEEP_TRY(const auto package_number, read_number(cpu + "/topology/physical_package_id"));
    UPKEEP_TRY(const auto core_number, read_number(cpu + "/topology/core_id"));
    if (!package_number || !core_number) return {};  // offline
    const std::string package = std::to_string(*package_number), core = std::to_string(*core_number);
    const auto keep_first = [&](std::vector<ThrottleCount>& counts, const std::string& core_label,
                                const std::string& path) -> Result<> {
      const auto same = [&](const ThrottleCount& count) {
        return count.package == package && count.core == core_label;
      };
      if (std::ranges::any_of(counts, same)) return {};
      UPKEEP_TRY(const auto count, read_number(path));
      if (count) counts.push_back({package, core_label, path, fs_.open(path, FileKind::kAttribute)});
      return {};
    };
    UPKEEP_CHECK(keep_first(core_throttles_, core, cpu + "/thermal_throttle/core_throttle_count"));
    return keep_first(package_throttles_, "", cpu + "/thermal_throttle/package_throttle_count");
  }

  Result<> read_isolated() {
    const auto text = fs_.read(std::string(kDirectory) + "/isolated", FileKind::kAttribute);
    if (!text && text.error().code == ErrorCode::kNotFound) return {};
    if (!text) return std::unexpected(text.error());
    auto cpus = parse_cpu_list(*text);
    if (!cpus) return fail(cpus.error().code, std::string(kDirectory) + "/isolated: " + cpus.error().message);
    for (const std::uint64_t cpu : *cpus) isolated_.push_back(std::to_string(cpu));
    return {};
  }

  // Nothing where the file is not there or holds no such number ("-1": not known).
  Result<std::optional<std::uint64_t>> read_number(const std::string& path) {
    const auto text = fs_.read(path, FileKind::kAttribute);
    if (!text && text.error().code == ErrorCode::kNotFound) return std::nullopt;
    if (!text) return std::unexpected(text.error());
    return to_u64(trim(*text));
  }

  static Result<> add_throttles(const MetricDesc& family, const std::vector<ThrottleCount>& counts, SampleSink& out) {
    for (const ThrottleCount& count : counts) {
      const auto text = count.file->read();
      if (!text && text.error().code == ErrorCode::kNotFound) continue;  // its CPU was just taken offline
      if (!text) return std::unexpected(text.error());
      const auto number = to_u64(trim(*text));
      if (!number) return fail(ErrorCode::kParse, count.path + ": a number expected");
      const std::array<std::string_view, 2> labels = {count.package, count.core};
      out.add(family, static_cast<double>(*number), std::span(labels).first(family.label_count));
    }
    return {};
  }

  FileSystem& fs_;
  std::unique_ptr<File> file_;
  const double ticks_per_second_;
  std::vector<State> states_;  // by the CPU's number
  std::uint64_t generation_ = 0;
  std::size_t online_ = 0;
  bool topology_known_ = false;
  std::vector<Present> present_;
  std::vector<ThrottleCount> package_throttles_, core_throttles_;
  std::vector<std::string> isolated_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<Cpu>(environment);
}

}  // namespace

const CollectorType cpu_collector = {
    .name = "cpu",
    .section = "host",
    .help = "CPU time by mode, thermal throttling, CPUs online and isolated.",
    .metrics = kMetrics,
    .make = make,
    .max_series = limits::kSeriesByCpu,
    .node_exporter = true,
};

}  // namespace upkeep
