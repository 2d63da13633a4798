// The thread that asks all targets, over and over, a few at a time: one thread, however many there are, beside those of
// the resolver. Nobody else ever waits for an endpoint, but who asks for one at once.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "collectors/probes/options.h"
#include "collectors/probes/outcome.h"
#include "exporter/clock.h"
#include "exporter/log.h"
#include "exporter/result.h"

namespace upkeep::probes {

// What is known of a target. Only the last attempt of a run counts, but for `retries`.
struct Record {
  std::shared_ptr<const Outcome> last;  // null: it was not asked yet
  std::uint64_t runs = 0, failures = 0, retries = 0;
  std::uint64_t failures_in_a_row = 0;
  double last_success = 0;  // Unix seconds; 0: never
};

struct ProberView {
  std::vector<Record> records;  // of the targets, in their order
  std::size_t under_way = 0, names_under_way = 0;
  double behind_seconds = 0;  // of the target that has waited longest for its turn
  std::string error;          // why nothing is asked at all; empty: it is
};

// Thread-safe. `clock` and `log` must live as long as the process: a thread of the resolver may be left behind.
class Prober {
 public:
  Prober(const Options& options, const Clock& clock, Log& log);
  // Ends within a moment, whatever the endpoints do.
  ~Prober();
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  // The first one begins the thread.
  ProberView view();

  // Asks an endpoint at once, beside those of the options, and waits for what comes of it: a moment beyond the deadline
  // at most. kTimeout: nothing did.
  Result<std::shared_ptr<const Outcome>> ask(Target target, Clock::time_point deadline);

 private:
  class Work;
  struct Errand;
  void begin();  // with the mutex held
  void run(const std::stop_token& stop);

  const Options& options_;
  const Clock& clock_;
  Log& log_;
  std::mutex mutex_;  // guards what follows
  ProberView view_;
  std::vector<std::shared_ptr<Errand>> errands_;  // that the thread does not know of yet
  http::Transfers* transfers_ = nullptr;          // of the thread, while it runs
  std::jthread thread_;
};

}  // namespace upkeep::probes
