// The services of compose projects: which should run and in how many replicas, and which do.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/containers/engine.h"
#include "collectors/containers/options.h"
#include "exporter/collector.h"

namespace upkeep::containers {

// The labels by which containers say to which service they belong, and that they are one-off commands.
inline constexpr const char* kProjectLabel = "com.docker.compose.project";
inline constexpr const char* kServiceLabel = "com.docker.compose.service";
inline constexpr const char* kOneOffLabel = "com.docker.compose.oneoff";
inline constexpr const char* kComposeLabels[] = {kProjectLabel, kServiceLabel, kOneOffLabel};

// What a compose file says should run. Services of a profile are left out, and those that others wait for to be
// completed. Aliases, merge keys, `extends` and `include` are not followed, and of variables the default counts: where
// that leaves the number of replicas open it is 1. An error names the line.
Result<std::vector<ExpectedService>> parse_compose_file(std::string_view text, const std::string& path);

// One thread at a time.
class Compose {
 public:
  Compose(std::vector<ExpectedService> expected, std::vector<std::string> files);

  // An error is of a file, which keeps nobody from publishing the others.
  Result<> publish(const EngineView& view, Clock::time_point now, SampleSink& out);

  static std::span<const MetricDesc> metrics();

 private:
  struct File {
    std::string path, text;
    std::vector<ExpectedService> expected;  // as last understood
    std::optional<Error> error;
  };
  struct Service {
    std::optional<std::int64_t> expected;
    std::size_t running = 0, healthy = 0;
    std::vector<std::string_view> images;  // of those that run, each once
  };

  void read_files(Clock::time_point now);
  void count(const EngineView& view);

  const std::vector<ExpectedService> expected_;
  std::vector<File> files_;
  std::optional<Clock::time_point> read_;
  bool changed_ = true;           // what is expected
  std::uint64_t generation_ = 0;  // of the view that was counted
  struct Counted {
    std::string project, service;
    std::optional<std::int64_t> expected;
    std::size_t running = 0, healthy = 0, versions = 0;
  };
  std::vector<Counted> counted_;
};

}  // namespace upkeep::containers
