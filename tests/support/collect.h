// Running one collector on a made-up world and looking at what it published.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tests/support/fakes.h"

namespace upkeep::testing {

// A world with a collector in it. Example:
//   World world;
//   world.fs.put("proc/loadavg", "0.20 0.18 0.12 1/80 11206\n");
//   EXPECT_EQ(world.samples(loadavg_collector), "node_load1 0.2\nnode_load5 0.18\nnode_load15 0.12\n");
class World {
 public:
  FakeFileSystem fs;
  FakeKernel kernel;
  FakeClock clock;
  Environment environment{fs, kernel, clock, no_log()};
  // The collector's own section of upkeep.yml, e.g. "devices: {exclude: '^loop'}". Set before the first run.
  std::string config;

  // Runs the collector of this type (made on the first call) and returns its page, or the samples alone: without HELP
  // and TYPE, in page order. A failed run's samples are returned too; see error().
  std::string page(const CollectorType& type);
  std::string samples(const CollectorType& type);
  // The last run's error, "" when it was good.
  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] ErrorCode error_code() const { return code_; }
  // Forgets the collector made, so that the next call makes a new one.
  void restart() { collector_.reset(); }

 private:
  std::unique_ptr<Collector> collector_;
  std::unique_ptr<SampleSink> sink_;
  std::string error_;
  ErrorCode code_{};
};

// What was added to a sink, without HELP and TYPE. None of it may be dropped.
std::string samples_of(SampleSink& sink);

}  // namespace upkeep::testing
