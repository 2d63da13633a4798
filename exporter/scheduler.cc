#include "exporter/scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>

#include "exporter/limits.h"
#include "exporter/status_metrics.h"
#include "exporter/unshared.h"

namespace upkeep {
namespace {

constexpr MetricDesc kLeftOut = gauge("upkeep_exposition_families_left_out",
                                      "Families that were not published because another collector has their name.");
constexpr const MetricDesc* kMetrics[] = {&kLeftOut};

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

void Scheduler::stop(Clock::duration patience) {
  if (!workers_->stop.request_stop()) return;
  std::unique_lock lock(workers_->mutex);
  workers_->waiting.clear();
  const bool all = workers_->changed.wait_for(lock, patience, [this] { return workers_->alive == 0; });
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
    ++waiting_;
    landed_.wait_for(lock, std::min(deadline, overdue) - now);
    --waiting_;
    if (pages_made_ >= wanted) return waiting_ > 0 ? last_page_ : std::exchange(last_page_, nullptr);
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
    last_page_ = waiting_ > 0 ? page : nullptr;
    ++pages_made_;
    landed_.notify_all();
  }
  return page;
}

std::shared_ptr<Page> Scheduler::free_page() {
  for (const auto& page : pages_) {
    if (is_unshared(page)) return page;
  }
  constexpr std::size_t kPages = 3;  // more than that are freed with their last reader
  auto page = std::make_shared<Page>(gzip_);
  if (pages_.size() < kPages) pages_.push_back(page);
  return page;
}

std::shared_ptr<const Page> Scheduler::build(std::span<const std::shared_ptr<Instance>> instances, bool whole) {
  const std::lock_guard lock(building_);
  const std::shared_ptr<Page> page = free_page();
  page->clear();
  Page::Content& content = page->content();
  parts_.clear();
  for (const auto& instance : instances) {
    if (auto snapshot = instance->snapshot()) {
      parts_.push_back({&snapshot->samples, &instance->type()});
      content.owners.push_back(std::move(snapshot));
    }
  }
  add_own(instances, whole);
  own_sink_.publish(content.own);
  parts_.push_back({&content.own, this});
  left_out_ = exposition_.arrange(parts_, content.entries);
  page->finish();
  if (page->is_large()) std::erase(pages_, page);
  return page;
}

void Scheduler::add_own(std::span<const std::shared_ptr<Instance>> instances, bool whole) {
  own_sink_.begin();
  for (const auto& instance : instances) add_status(own_sink_, *instance);
  own_sink_.add(kLeftOut, static_cast<double>(left_out_));  // of the page before: this one is not joined yet
  if (whole && own_metrics_) own_metrics_(own_sink_);
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

bool Scheduler::answers(std::string_view path) const {
  return std::ranges::any_of(instances_, [&](const auto& instance) { return instance->answers(path); });
}

Result<std::shared_ptr<const Page>> Scheduler::answer(std::string_view path, const Query& query,
                                                      Clock::time_point deadline) {
  const auto found = std::ranges::find_if(instances_, [&](const auto& instance) { return instance->answers(path); });
  if (found == instances_.end()) return fail(ErrorCode::kNotFound, fmt::format("no collector answers {}", path));
  SampleSink sink((*found)->type().max_series);
  sink.begin();
  UPKEEP_CHECK((*found)->answer(query, {deadline, workers_->stop.get_token()}, sink));
  auto page = std::make_shared<Page>(gzip_);
  Samples samples;
  sink.publish(samples);
  page->finish(text_of(samples));
  return page;
}

}  // namespace upkeep
