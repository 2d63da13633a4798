// The program between start and stop: reads the configuration, builds the collectors, swaps them on reload, serves.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "exporter/build.h"
#include "exporter/filesystem.h"
#include "exporter/kernel.h"
#include "exporter/log.h"
#include "exporter/scheduler.h"
#include "exporter/settings.h"
#include "exporter/telemetry.h"
#include "exporter/web.h"

namespace upkeep {

// What the command line says. An optional that is set wins over the file.
struct Options {
  std::string config_file;  // empty: defaults, and what is found on the machine
  std::vector<std::string> listen;
  std::optional<std::string> telemetry_path;
  std::optional<LogLevel> log_level;
  std::optional<LogFormat> log_format;
  std::optional<int> max_requests;
  std::optional<double> timeout_offset_seconds;
  bool lifecycle = false;
  bool disable_exporter_metrics = false;
  Roots roots;
  Selection selection;
};

// A configuration read and built, or everything that is wrong with it.
struct Loaded {
  Settings settings;
  std::vector<std::shared_ptr<Instance>> instances;
  std::vector<std::string> mistakes;
};

// Lives until the process ends: collectors that are stuck may outlive every stop.
class App final : public WebBackend {
 public:
  App(Options options, std::span<const CollectorType* const> types);

  // Reads and builds without starting anything.
  Loaded load();

  // Serves until SIGTERM or SIGINT, and then ends the process with status 0; SIGHUP reloads. Returns only when it
  // cannot start, with the exit status.
  int serve();

  // What collectors are given under these settings.
  Environment environment(const Settings& settings);
  Result<std::string> config_text() const;

  // Runs the command of a collector; `words` begins with the name of the item that it is for. Returns the exit status:
  // 2 when it could not begin.
  int run_command(const CollectorType& type, std::span<const std::string> words, std::ostream& out, std::ostream& err);

  Log& log() { return log_; }
  const Clock& clock() const { return clock_; }

  Result<std::shared_ptr<const Page>> scrape(std::span<const std::string> collect, std::span<const std::string> exclude,
                                             Clock::time_point deadline) override;
  Result<std::shared_ptr<const Page>> answer(std::string_view path, const Query& query,
                                             Clock::time_point deadline) override;
  bool answers(std::string_view path) override;
  std::vector<CollectorRow> collectors() override;
  bool ready() override;
  Result<> reload() override;

 private:
  std::shared_ptr<Scheduler> scheduler();
  std::shared_ptr<Scheduler> start(std::vector<std::shared_ptr<Instance>> instances);
  void watch_over();
  void wait_for_signals();

  const Options options_;
  const std::span<const CollectorType* const> types_;
  SystemClock clock_;
  std::unique_ptr<FileSystem> fs_;
  std::unique_ptr<Kernel> kernel_;
  Log log_;
  Telemetry telemetry_;

  std::mutex reloading_;  // one reload at a time
  std::mutex current_;    // guards scheduler_
  std::shared_ptr<Scheduler> scheduler_;
  std::unique_ptr<Web> web_;
};

}  // namespace upkeep
