// What Upkeep counts of its own work, and what it says of itself. The only door to prometheus-cpp.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "exporter/clock.h"
#include "exporter/filesystem.h"
#include "exporter/sample_sink.h"

namespace upkeep {

class Log;

// Thread-safe, but for collect().
class Telemetry {
 public:
  Telemetry(FileSystem& fs, const Clock& clock, const Log& log);
  ~Telemetry();

  // Every family that collect() can add.
  static std::span<const MetricDesc* const> metrics();

  // `handler` is one of a fixed set ("metrics", "landing", "healthy", "ready", "reload",
  // "on_demand", "other"), and so are the
  // codes; anything else counts as "other": no label takes a value from outside.
  void count_response(std::string_view handler, int code);
  void scrape_began();
  void scrape_ended();
  void connection_refused();  // over the cap of its address
  // Also called for the configuration read at the start. Before that nothing is said of reloads.
  void reloaded(bool successful);

  // Adds all of it. Allocates nothing once warm.
  void collect(SampleSink& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace upkeep
