#include "exporter/instance.h"

#include <exception>
#include <utility>

#include "exporter/unshared.h"

namespace upkeep {

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

// The one catch-all of the program: a collector that throws fails like one that returns an Error.
Result<> Instance::collect(std::stop_token stop, Clock::time_point started) {
  try {
    return collector_->collect(Run{started + timeout_, std::move(stop)}, sink_);
  } catch (const std::exception& exception) {
    return fail(ErrorCode::kSystem, std::string("unexpected: ") + exception.what());
  } catch (...) {
    return fail(ErrorCode::kSystem, "unexpected: an exception of unknown type");
  }
}

bool Instance::run(std::stop_token stop) {
  if (busy_.exchange(true)) return false;
  const Clock::time_point started = clock_.now();
  {
    const std::lock_guard lock(mutex_);
    started_ = started;
  }
  sink_.begin();
  conclude(collect(std::move(stop), started), started);
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
