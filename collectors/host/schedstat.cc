// How long tasks ran and waited on each CPU. https://docs.kernel.org/scheduler/sched-stats.html
//   version 15
//   cpu0 498494191 0 3533438552 2553969831 3853684107 2465731542 2045936778163 343796328169361 4767485306
#include "collectors/all.h"
#include "exporter/filesystem.h"
#include "exporter/table.h"

namespace upkeep {

namespace {

struct Times {
  std::uint64_t running_ns = 0, waiting_ns = 0, timeslices = 0;
};

// `words` stand behind the name of the CPU. Versions 10 to 17 of the file keep these three in the same place.
Result<Times> parse(Words words) {
  for (int i = 0; i < 6; ++i) words.next();
  const auto running = words.next_u64();
  const auto waiting = words.next_u64();
  const auto timeslices = words.next_u64();
  if (!running || !waiting || !timeslices) return fail(ErrorCode::kParse, "nine numbers of a CPU expected");
  return Times{*running, *waiting, *timeslices};
}

constexpr MetricDesc kRunning =
    counter("node_schedstat_running_seconds_total", "Time tasks spent running on the CPU.", {"cpu"});
constexpr MetricDesc kWaiting =
    counter("node_schedstat_waiting_seconds_total", "Time tasks spent ready and waiting for the CPU.", {"cpu"});
constexpr MetricDesc kTimeslices =
    counter("node_schedstat_timeslices_total", "How often a task was put on the CPU.", {"cpu"});
constexpr const MetricDesc* kMetrics[] = {&kRunning, &kWaiting, &kTimeslices};

class Schedstat final : public Collector {
 public:
  explicit Schedstat(const Environment& environment) : file_(environment.fs.open(kPath, FileKind::kTable)) {}

  Result<> collect(const Run&, SampleSink& out) override {
    const auto text = file_->read();
    if (!text && text.error().code == ErrorCode::kNotFound)
      return fail(ErrorCode::kNoData, "proc/schedstat: this kernel has none");
    if (!text) return std::unexpected(text.error());
    UPKEEP_CHECK(each_line(kPath, *text, [&](std::string_view line) { return add_line(line, out); }));
    if (out.size() == 0) return fail(ErrorCode::kParse, "proc/schedstat: no CPU found");
    return {};
  }

 private:
  static constexpr std::string_view kPath = "proc/schedstat";

  static Result<> add_line(std::string_view line, SampleSink& out) {
    constexpr double kNanosecondsPerSecond = 1e9;
    if (!line.starts_with("cpu")) return {};  // version, timestamp, domains
    Words words(line.substr(3));
    const std::string_view cpu = words.next();
    UPKEEP_TRY(const Times times, parse(words));
    out.add(kRunning, static_cast<double>(times.running_ns) / kNanosecondsPerSecond, {cpu});
    out.add(kWaiting, static_cast<double>(times.waiting_ns) / kNanosecondsPerSecond, {cpu});
    out.add(kTimeslices, static_cast<double>(times.timeslices), {cpu});
    return {};
  }

  std::unique_ptr<File> file_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<Schedstat>(environment);
}

}  // namespace

const CollectorType schedstat_collector = {
    .name = "schedstat",
    .section = "host",
    .help = "Running and waiting time of tasks by CPU.",
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
