#include "exporter/scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stop_token>
#include <system_error>
#include <thread>

#include "exporter/limits.h"
#include "exporter/unshared.h"

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
constexpr MetricDesc kLeftOut = gauge("upkeep_exposition_families_left_out",
                                      "Families that were not published because another collector has their name.");
constexpr const MetricDesc* kMetrics[] = {&kNodeDuration, &kNodeSuccess, &kSuccess, &kDuration,
                                          &kLastSuccess,  &kRuns,        &kRunning, &kStale,
                                          &kInterval,     &kTimeout,     &kDropped, &kLeftOut};

// In whole microseconds: more digits than anyone reads would only make the page harder to compress.
double micro(Clock::duration duration) {
  return static_cast<double>(std::chrono::duration_cast<std::chrono::microseconds>(duration).count()) / 1e6;
}

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

void run_and_log(Instance& instance, std::stop_token stop, Log& log) {
  if (!instance.run(std::move(stop)) || !instance.take_change()) return;
  const InstanceStatus status = instance.status();
  const LogField collector{"collector", status.type->name};
  const LogField name{"name", status.name};
  switch (status.outcome) {
    case Outcome::kError:
      log.error("Collector failed", {collector, name, {"err", instance.error()}});
      break;
    case Outcome::kSuccess:
      if (status.errors > 0) log.info("Collector works again", {collector, name});
      break;
    case Outcome::kNoData:
      log.debug("Nothing here for collector", {collector, name, {"reason", instance.error()}});
      break;
    case Outcome::kNever:
      break;
  }
}

}  // namespace

// The threads of the collectors with an interval. Shared with them, so that one which is stuck may be left behind.
struct Scheduler::Workers {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::condition_variable changed;  // one of the counts below
  std::stop_source stop;
  std::size_t alive = 0;      // threads that have not ended
  std::size_t first_run = 0;  // threads that have not run their collector once
  Instances waiting;          // for a thread

  void work(Instance& instance, Log& log);
};

// A thread's life. It owns what it uses but for the log, which lives as long as the process.
void Scheduler::Workers::work(Instance& instance, Log& log) {
  const std::stop_token token = stop.get_token();
  auto next = std::chrono::steady_clock::now();
  for (bool first = true; !token.stop_requested(); first = false) {
    run_and_log(instance, token, log);
    next = std::max(next + instance.interval(), std::chrono::steady_clock::now());
    std::unique_lock lock(mutex);
    if (first) --first_run;
    changed.notify_all();
    woken.wait_until(lock, token, next, [] { return false; });
  }
  const std::lock_guard lock(mutex);
  --alive;
  changed.notify_all();
}

Scheduler::Scheduler(std::vector<std::shared_ptr<Instance>> instances, const Clock& clock, Log& log,
                     OwnMetrics own_metrics)
    : instances_(std::move(instances)),
      clock_(clock),
      log_(log),
      own_metrics_(std::move(own_metrics)),
      workers_(std::make_shared<Workers>()),
      own_sink_(limits::kSeriesPerCollector) {}

Scheduler::~Scheduler() { stop(); }

std::span<const MetricDesc* const> Scheduler::metrics() { return kMetrics; }

void Scheduler::start() {
  {
    const std::lock_guard lock(workers_->mutex);
    for (const auto& instance : instances_) {
      if (!instance->on_scrape()) workers_->waiting.push_back(instance);
    }
  }
  tend();
}

void Scheduler::tend() {
  const std::lock_guard lock(workers_->mutex);
  std::erase_if(workers_->waiting, [this](const std::shared_ptr<Instance>& instance) {
    try {
      std::thread([workers = workers_, instance, &log = log_] { workers->work(*instance, log); }).detach();
      ++workers_->alive;
      ++workers_->first_run;
      return true;
    } catch (const std::system_error& error) {
      instance->refuse({ErrorCode::kSystem, fmt::format("no thread for it: {}", error.code().message())});
      if (instance->take_change()) {
        log_.error("Collector has no thread", {{"collector", instance->type().name}, {"err", error.code().message()}});
      }
      return false;
    }
  });
}

void Scheduler::stop() {
  workers_->stop.request_stop();
  std::unique_lock lock(workers_->mutex);
  workers_->waiting.clear();
  const bool all = workers_->changed.wait_for(lock, limits::kShutdown, [this] { return workers_->alive == 0; });
  if (!all) log_.warn("Left stuck collectors behind", {{"threads", std::to_string(workers_->alive)}});
}

void Scheduler::wait_for_first_runs(Clock::duration patience) {
  std::unique_lock lock(workers_->mutex);
  workers_->changed.wait_for(lock, patience, [this] { return workers_->first_run == 0; });
}

void Scheduler::run_all() {
  for (const auto& instance : instances_) run_and_log(*instance, {}, log_);
}

std::shared_ptr<const Page> Scheduler::scrape(Clock::time_point deadline) {
  std::unique_lock lock(flight_);
  const std::uint64_t wanted = pages_made_ + 1;
  for (;;) {
    const Clock::time_point now = clock_.now();
    const Clock::time_point overdue = leading_since_ + limits::kLeaderOverdue;
    if (!leading_ || now >= overdue) return lead(lock);
    if (now >= deadline) break;
    landed_.wait_for(lock, std::min(deadline, overdue) - now);
    if (pages_made_ >= wanted) return last_page_;
  }
  lock.unlock();
  return build(instances_, true);
}

// Makes the page for everyone who waits. Called and left with `lock` on flight_ held or released, never torn.
std::shared_ptr<const Page> Scheduler::lead(std::unique_lock<std::mutex>& lock) {
  const std::uint64_t number = ++leader_;
  leading_ = true;
  leading_since_ = clock_.now();
  lock.unlock();
  for (const auto& instance : instances_) {
    if (instance->on_scrape()) run_and_log(*instance, {}, log_);
  }
  std::shared_ptr<const Page> page = build(instances_, true);
  lock.lock();
  if (leader_ == number) {  // else somebody went round us
    leading_ = false;
    last_page_ = page;
    ++pages_made_;
    landed_.notify_all();
  }
  return page;
}

std::shared_ptr<Page> Scheduler::free_page() {
  for (const auto& page : pages_) {
    if (is_unshared(page)) return page;
  }
  constexpr std::size_t kPages = 8;  // more than that are freed with their last reader
  auto page = std::make_shared<Page>();
  if (pages_.size() < kPages) pages_.push_back(page);
  return page;
}

std::shared_ptr<const Page> Scheduler::build(std::span<const std::shared_ptr<Instance>> instances, bool whole) {
  const std::lock_guard lock(building_);
  snapshots_.clear();
  parts_.clear();
  for (const auto& instance : instances) {
    if (auto snapshot = instance->snapshot()) {
      parts_.push_back({&snapshot->samples, &instance->type()});
      snapshots_.push_back(std::move(snapshot));
    }
  }
  add_own(instances, whole);
  parts_.push_back({&own_samples_, this});
  const std::shared_ptr<Page> page = free_page();
  page->clear();
  left_out_ = exposition_.join(parts_, page->text);
  snapshots_.clear();
  return page;
}

void Scheduler::add_own(std::span<const std::shared_ptr<Instance>> instances, bool whole) {
  own_sink_.begin();
  for (const auto& instance : instances) add_status(own_sink_, *instance);
  own_sink_.add(kLeftOut, static_cast<double>(left_out_));  // of the page before: this one is not joined yet
  if (whole && own_metrics_) own_metrics_(own_sink_);
  own_sink_.render(own_samples_);
}

Result<> Scheduler::check_names(std::span<const std::string> names) const {
  for (const std::string& name : names) {
    const auto is_it = [&](const std::shared_ptr<Instance>& instance) { return instance->type().name == name; };
    if (std::ranges::none_of(instances_, is_it)) {
      return fail(ErrorCode::kNotFound, fmt::format("{:?} is no enabled collector", name));
    }
  }
  return {};
}

Result<std::shared_ptr<const Page>> Scheduler::scrape_these(const Instances& instances) {
  for (const auto& instance : instances) {
    if (instance->on_scrape()) run_and_log(*instance, {}, log_);
  }
  return build(instances, false);
}

Result<std::shared_ptr<const Page>> Scheduler::scrape_only(std::span<const std::string> names) {
  UPKEEP_CHECK(check_names(names));
  Instances chosen;
  std::ranges::copy_if(instances_, std::back_inserter(chosen), [&](const std::shared_ptr<Instance>& instance) {
    return std::ranges::find(names, instance->type().name) != names.end();
  });
  return scrape_these(chosen);
}

Result<std::shared_ptr<const Page>> Scheduler::scrape_without(std::span<const std::string> names) {
  UPKEEP_CHECK(check_names(names));
  Instances chosen;
  std::ranges::copy_if(instances_, std::back_inserter(chosen), [&](const std::shared_ptr<Instance>& instance) {
    return std::ranges::find(names, instance->type().name) == names.end();
  });
  return scrape_these(chosen);
}

}  // namespace upkeep
