// The whole contract between the program and a collector.
#pragma once

#include <array>
#include <chrono>
#include <iosfwd>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "exporter/clock.h"
#include "exporter/limits.h"
#include "exporter/metric.h"
#include "exporter/result.h"
#include "exporter/sample_sink.h"

namespace upkeep {

class ConfigReader;
class FileSystem;
class Kernel;
class Log;
class OnDemand;

// All that a collector may touch besides its configuration. What it refers to outlives every collector; itself it may
// not.
struct Environment {
  FileSystem& fs;
  Kernel& kernel;
  const Clock& clock;
  Log& log;                // for changes of what is watched; errors of the collector itself are its result
  std::string state = {};  // directory of what is remembered between two lives of the program; empty: nothing is
};

struct Run {
  Clock::time_point deadline;  // hand what is left of the time to every call that waits
  std::stop_token stop;        // set when the program stops or reloads
};

class Collector {
 public:
  virtual ~Collector() = default;
  // Looks once at the world and adds what it saw. Never runs twice at a time. Samples added before an error are
  // published beside the error. A thing watched that is down is a sample, not an error; kNoData says that there is
  // nothing of this kind on this machine.
  virtual Result<> collect(const Run& run, SampleSink& out) = 0;
  // What answers a path of its own; null: there is none. The same as long as the collector lives.
  virtual OnDemand* on_demand() { return nullptr; }
};

enum class Cadence : std::uint8_t {
  kOnScrape,  // inside the scrape: only for what reads /proc, /sys or the kernel's tables and cannot hang
  kInterval,  // on a thread of its own: for everything that can wait or is dear
};

// A subcommand that a collector brings: `upkeep NAME ITEM [ARGUMENTS]`, for an item of its list.
struct CollectorCommand {
  std::string_view name;
  std::string_view help;
  std::string_view arguments;  // what may follow the name of the item, for the help; empty: nothing
  // Called with the settings of the item when the configuration has no mistakes. Returns the exit status.
  int (*run)(ConfigReader& item, std::span<const std::string> arguments, const Environment& environment,
             std::ostream& out, std::ostream& err) = nullptr;
};

// What is known of a kind of collector before one is made: constant data.
struct CollectorType {
  std::string_view name;     // its `collector` label, and what `collect[]` calls it
  std::string_view section;  // its key below `collectors:` in upkeep.yml; several types may share one ("host")
  std::string_view help;     // one line
  Cadence cadence = Cadence::kOnScrape;
  std::span<const MetricDesc* const> metrics = {};     // every family with a fixed name that it can emit
  std::array<std::string_view, 2> open_prefixes = {};  // families it names at run time all begin with one of these
  Result<std::unique_ptr<Collector>> (*make)(ConfigReader& config, const Environment& environment) = nullptr;
  std::size_t max_series = limits::kSeriesPerCollector;           // those beyond are dropped and counted
  std::chrono::milliseconds interval = limits::kInterval;         // default; `interval:` of its section overrides
  std::chrono::milliseconds timeout = limits::kCollectorTimeout;  // default; `timeout:` likewise
  bool list = false;           // its section is a list of maps with a `name` each: one instance, thread and label each
  bool node_exporter = false;  // also reports node_scrape_collector_* as node_exporter does
  const CollectorCommand* command = nullptr;
};

}  // namespace upkeep
