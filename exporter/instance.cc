#include "exporter/instance.h"

#include <exception>
#include <utility>

#include "exporter/on_demand.h"
#include "exporter/unshared.h"

namespace upkeep {
namespace {

// The one catch-all of the program: a collector that throws fails like one that returns an Error.
template <class Work>
Result<> guarded(const Work& work) {
  try {
    return work();
  } catch (const std::exception& exception) {
    return fail(ErrorCode::kSystem, std::string("unexpected: ") + exception.what());
  } catch (...) {
    return fail(ErrorCode::kSystem, "unexpected: an exception of unknown type");
  }
}

}  // namespace

Instance::Instance(const CollectorType& type, std::string name, std::unique_ptr<Collector> collector,
                   const Clock& clock, std::chrono::milliseconds interval, std::chrono::milliseconds timeout)
    : type_(type),
      name_(std::move(name)),
      collector_(std::move(collector)),
      clock_(clock),
      interval_(interval),
      timeout_(timeout),
      sink_(type.max_series) {}

Clock::duration Instance::stale_after() const { return on_scrape() ? timeout_ : 3 * interval_ + timeout_; }

bool Instance::answers(std::string_view path) const {
  const OnDemand* const on_demand = collector_->on_demand();
  return on_demand != nullptr && on_demand->path() == path;
}

Result<> Instance::answer(const Query& query, const Run& run, SampleSink& out) {
  OnDemand* const on_demand = collector_->on_demand();
  if (on_demand == nullptr) return fail(ErrorCode::kNotFound, "nothing that answers");
  return guarded([&] { return on_demand->answer(query, run, out); });
}

bool Instance::run(std::stop_token stop) {
  if (busy_.exchange(true)) return false;
  const Clock::time_point started = clock_.now();
  {
    const std::lock_guard lock(mutex_);
    started_ = started;
  }
  sink_.begin();
  const Run run{started + timeout_, std::move(stop)};
  conclude(guarded([&] { return collector_->collect(run, sink_); }), started);
  busy_ = false;
  return true;
}

void Instance::refuse(Error error) {
  if (busy_.exchange(true)) return;
  sink_.begin();
  conclude(std::unexpected(std::move(error)), clock_.now());
  busy_ = false;
}

// Publishes what the sink holds, and remembers how the run went.
void Instance::conclude(const Result<>& result, Clock::time_point started) {
  if (!is_unshared(spare_)) spare_ = std::make_shared<Snapshot>();  // a reader still holds it
  sink_.publish(spare_->samples);
  const Clock::time_point ended = clock_.now();
  spare_->at = ended;

  const std::lock_guard lock(mutex_);
  std::swap(current_, spare_);
  started_.reset();
  duration_ = ended - started;
  const Outcome before = outcome_;
  if (result) {
    outcome_ = Outcome::kSuccess;
    error_.clear();
  } else {
    outcome_ = result.error().code == ErrorCode::kNoData ? Outcome::kNoData : Outcome::kError;
    error_ = result.error().message;
  }
  changed_ = changed_ || outcome_ != before;
  if (outcome_ == Outcome::kError) {
    ++errors_;
  } else {
    ++successes_;
    last_success_ = clock_.wall();
  }
}

std::shared_ptr<const Snapshot> Instance::snapshot() const {
  const std::lock_guard lock(mutex_);
  if (!current_ || clock_.now() - current_->at > stale_after()) return nullptr;
  return current_;
}

InstanceStatus Instance::status() const {
  const Clock::time_point now = clock_.now();
  const std::lock_guard lock(mutex_);
  InstanceStatus status{.type = &type_,
                        .name = name_,
                        .outcome = outcome_,
                        .duration = duration_,
                        .last_success = last_success_,
                        .successes = successes_,
                        .errors = errors_};
  if (started_) {
    status.running = now - *started_;
    status.overdue = *status.running > timeout_;
  }
  if (current_) {
    status.stale = now - current_->at > stale_after();
    status.series = current_->samples.values.size();
    status.dropped_series = current_->samples.dropped;
  }
  return status;
}

std::string Instance::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

bool Instance::take_change() {
  const std::lock_guard lock(mutex_);
  return std::exchange(changed_, false);
}

}  // namespace upkeep
