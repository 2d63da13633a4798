// One collector of one configuration: runs it, measures it, and keeps what it published last. Knows no threads.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "exporter/collector.h"
#include "exporter/query.h"

namespace upkeep {

struct Snapshot {
  Samples samples;
  Clock::time_point at;
};

enum class Outcome : std::uint8_t { kNever, kSuccess, kNoData, kError };

struct InstanceStatus {
  const CollectorType* type = nullptr;
  std::string_view name;  // of an instance of a list, else empty; lives as long as the instance
  Outcome outcome = Outcome::kNever;
  Clock::duration duration{};                    // of the last finished run
  std::optional<Clock::wall_time> last_success;  // end of the last run without error
  std::optional<Clock::duration> running;        // how long the present run has taken
  bool overdue = false;                          // the present run passed its timeout
  bool stale = false;                            // its samples were withdrawn
  std::uint64_t successes = 0, errors = 0;
  std::size_t series = 0;
  std::size_t dropped_series = 0;
};

// Thread-safe; a second run while one is under way is refused.
class Instance {
 public:
  Instance(const CollectorType& type, std::string name, std::unique_ptr<Collector> collector, const Clock& clock,
           std::chrono::milliseconds interval, std::chrono::milliseconds timeout);

  // Runs the collector once and publishes. False: a run was under way. No exception leaves it.
  bool run(std::stop_token stop);

  // Whether the collector answers a path of its own, and its answer. Any thread, at any time. kNotFound: it does not.
  [[nodiscard]] bool answers(std::string_view path) const;
  Result<> answer(const Query& query, const Run& run, SampleSink& out);

  // Counts a run that could not even begin.
  void refuse(Error error);

  // What was published last, or null when it is older than stale_after().
  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const;
  [[nodiscard]] InstanceStatus status() const;
  // The message of the last run's error; empty after a good one.
  [[nodiscard]] std::string error() const;
  // Whether the outcome changed since the last call.
  bool take_change();

  [[nodiscard]] const CollectorType& type() const { return type_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool on_scrape() const { return type_.cadence == Cadence::kOnScrape; }
  [[nodiscard]] std::chrono::milliseconds interval() const { return interval_; }
  [[nodiscard]] std::chrono::milliseconds timeout() const { return timeout_; }
  [[nodiscard]] Clock::duration stale_after() const;

 private:
  void conclude(const Result<>& result, Clock::time_point started);

  const CollectorType& type_;
  const std::string name_;
  const std::unique_ptr<Collector> collector_;
  const Clock& clock_;
  const std::chrono::milliseconds interval_, timeout_;

  std::atomic<bool> busy_ = false;
  SampleSink sink_;                  // of the run under way
  std::shared_ptr<Snapshot> spare_;  // storage to publish into next

  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<Snapshot> current_;
  std::optional<Clock::time_point> started_;
  Outcome outcome_ = Outcome::kNever;
  std::string error_;
  bool changed_ = false;
  Clock::duration duration_{};
  std::optional<Clock::wall_time> last_success_;
  std::uint64_t successes_ = 0, errors_ = 0;
};

}  // namespace upkeep
