#include "exporter/status_metrics.h"

#include <chrono>
#include <cmath>

namespace upkeep {
namespace {

constexpr MetricDesc kNodeDuration =
    gauge("node_scrape_collector_duration_seconds", "How long a host collector's last run took.", {"collector"});
constexpr MetricDesc kNodeSuccess = gauge(
    "node_scrape_collector_success", "Whether a host collector's last run found data without error.", {"collector"});
constexpr MetricDesc kSuccess =
    gauge("upkeep_collector_success",
          "Whether a collector's last run ended without error and none is past its timeout; 1 also where there is "
          "nothing of its kind.",
          {"collector", "name"});
constexpr MetricDesc kDuration =
    gauge("upkeep_collector_duration_seconds", "How long a collector's last run took.", {"collector", "name"});
constexpr MetricDesc kLastSuccess = gauge("upkeep_collector_last_success_timestamp_seconds",
                                          "When a collector's last run without error ended.", {"collector", "name"});
constexpr MetricDesc kRuns =
    counter("upkeep_collector_runs_total", "Runs of a collector by outcome.", {"outcome", "collector", "name"});
constexpr MetricDesc kRunning = gauge(
    "upkeep_collector_running_seconds",
    "How long the present run of a collector with an interval has taken; 0 while it rests.", {"collector", "name"});
constexpr MetricDesc kStale =
    gauge("upkeep_collector_stale", "Whether the samples of a collector with an interval were withdrawn for their age.",
          {"collector", "name"});
constexpr MetricDesc kInterval =
    gauge("upkeep_collector_interval_seconds", "Time between two runs of a collector.", {"collector", "name"});
constexpr MetricDesc kTimeout =
    gauge("upkeep_collector_timeout_seconds", "Time after which a collector's run is late.", {"collector", "name"});
constexpr MetricDesc kDropped =
    gauge("upkeep_collector_dropped_series",
          "Series of a collector's last run that were duplicates or over the limit; absent when there were none.",
          {"collector", "name"});
constexpr const MetricDesc* kMetrics[] = {&kNodeDuration, &kNodeSuccess, &kSuccess,  &kDuration, &kLastSuccess, &kRuns,
                                          &kRunning,      &kStale,       &kInterval, &kTimeout,  &kDropped};

// In whole microseconds: more digits than anyone reads would only make the page harder to compress.
double micro(Clock::duration duration) {
  return static_cast<double>(std::chrono::duration_cast<std::chrono::microseconds>(duration).count()) / 1e6;
}

}  // namespace

std::span<const MetricDesc* const> status_metrics() { return kMetrics; }

void add_status(SampleSink& out, const Instance& instance) {
  const InstanceStatus status = instance.status();
  const std::string_view collector = status.type->name;
  const std::string_view both[] = {collector, status.name};
  const std::span<const std::string_view> labels(both, status.name.empty() ? 1 : 2);
  const bool success = (status.outcome == Outcome::kSuccess || status.outcome == Outcome::kNoData) && !status.overdue;
  if (status.type->node_exporter) {
    out.add(kNodeDuration, micro(status.duration), {collector});
    out.add(kNodeSuccess, success && status.outcome == Outcome::kSuccess ? 1 : 0, {collector});
  }
  out.add(kSuccess, success ? 1 : 0, labels);
  out.add(kDuration, micro(status.duration), labels);
  if (status.last_success) {
    out.add(kLastSuccess, std::floor(unix_seconds(*status.last_success) * 1e3) / 1e3, labels);
  }
  const auto add_runs = [&](std::string_view outcome, std::uint64_t runs) {
    const std::string_view all[] = {outcome, collector, status.name};
    out.add(kRuns, static_cast<double>(runs), std::span<const std::string_view>(all, labels.size() + 1));
  };
  add_runs("success", status.successes);
  add_runs("error", status.errors);
  if (status.dropped_series > 0) out.add(kDropped, static_cast<double>(status.dropped_series), labels);
  if (instance.on_scrape()) return;
  out.add(kRunning, status.running ? micro(*status.running) : 0, labels);
  out.add(kStale, status.stale ? 1 : 0, labels);
  out.add(kInterval, to_seconds(instance.interval()), labels);
  out.add(kTimeout, to_seconds(instance.timeout()), labels);
}

}  // namespace upkeep
