// Runs the collectors of one configuration: those on scrape inside a scrape that concurrent scrapes share, those on an
// interval on a thread each. A scrape never waits for an interval, and goes round a collector that is stuck.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "exporter/exposition.h"
#include "exporter/instance.h"
#include "exporter/limits.h"
#include "exporter/log.h"

namespace upkeep {

// Thread-safe once started.
class Scheduler {
 public:
  // `own_metrics` adds what the program says of itself to each page; may be empty.
  using OwnMetrics = std::function<void(SampleSink&)>;
  Scheduler(std::vector<std::shared_ptr<Instance>> instances, const Clock& clock, Log& log, OwnMetrics own_metrics);
  // Stops the threads; gives up on those that are stuck after limits::kShutdown (they keep what they use alive).
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Makes the threads. One that cannot be made is logged, shows as a failing collector, and is made by a later tend().
  void start();
  void tend();
  // Waits for the threads, at most `patience`. Only the first call does anything.
  void stop(Clock::duration patience = limits::kShutdown);

  // Waits until every collector with a thread has run once, at most `patience`.
  void wait_for_first_runs(Clock::duration patience);

  // Runs every collector once, here and now.
  void run_all();

  // The whole page. Runs the collectors on scrape, or waits for the scrape that is doing so, at most until `deadline`:
  // then the page holds what is there.
  std::shared_ptr<const Page> scrape(Clock::time_point deadline);

  // The page of some collectors alone, by name. An unknown name is kNotFound.
  Result<std::shared_ptr<const Page>> scrape_only(std::span<const std::string> names);
  Result<std::shared_ptr<const Page>> scrape_without(std::span<const std::string> names);

  // What a collector answers to a path of its own; kNotFound: there is none that does.
  [[nodiscard]] bool answers(std::string_view path) const;
  Result<std::shared_ptr<const Page>> answer(std::string_view path, const Query& query, Clock::time_point deadline);

  // Every family that the scheduler itself adds.
  static std::span<const MetricDesc* const> metrics();

  [[nodiscard]] const std::vector<std::shared_ptr<Instance>>& instances() const { return instances_; }

 private:
  struct Workers;
  using Instances = std::vector<std::shared_ptr<Instance>>;
  std::shared_ptr<const Page> lead(std::unique_lock<std::mutex>& lock);
  std::shared_ptr<const Page> build(std::span<const std::shared_ptr<Instance>> instances, bool whole);
  Result<std::shared_ptr<const Page>> scrape_these(const Instances& instances);
  [[nodiscard]] Result<> check_names(std::span<const std::string> names) const;
  std::shared_ptr<Page> free_page();
  void add_own(std::span<const std::shared_ptr<Instance>> instances, bool whole);

  const Instances instances_;
  const Clock& clock_;
  Log& log_;
  const OwnMetrics own_metrics_;
  std::shared_ptr<Workers> workers_;

  std::mutex flight_;  // guards who leads the scrape
  std::condition_variable landed_;
  std::uint64_t leader_ = 0;  // the present leader's number; one that was overtaken is not it any more
  bool leading_ = false;
  Clock::time_point leading_since_;
  std::uint64_t pages_made_ = 0;
  std::shared_ptr<const Page> last_page_;  // until those who waited for it have it
  int waiting_ = 0;

  std::mutex building_;  // guards the page under construction
  Exposition exposition_;
  SampleSink own_sink_;
  std::vector<Exposition::Part> parts_;
  const std::shared_ptr<Gzip> gzip_ = std::make_shared<Gzip>();
  std::vector<std::shared_ptr<Page>> pages_;  // storage to reuse
  std::size_t left_out_ = 0;
};

}  // namespace upkeep
