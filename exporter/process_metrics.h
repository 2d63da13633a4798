// What the kernel says of this process: the process_* families that every Prometheus client publishes.
// https://docs.kernel.org/filesystems/proc.html ("stat"), proc_pid_stat(5), proc_pid_limits(5)
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "exporter/clock.h"
#include "exporter/filesystem.h"
#include "exporter/metric.h"
#include "exporter/sample_sink.h"

namespace upkeep {

// Of one line of /proc/PID/stat.
struct ProcessStat {
  std::uint64_t user_ticks = 0, system_ticks = 0;
  std::uint64_t threads = 0;
  std::uint64_t start_ticks = 0;  // since boot
  std::uint64_t virtual_bytes = 0;
  std::uint64_t resident_pages = 0;
};
std::optional<ProcessStat> parse_process_stat(std::string_view text);

// The soft limit called `name` in the text of /proc/PID/limits; infinite is the largest number there is, as other
// clients say.
std::optional<std::uint64_t> parse_process_limit(std::string_view text, std::string_view name);

// One thread at a time.
class ProcessMetrics {
 public:
  ProcessMetrics(FileSystem& fs, const Clock& clock);
  static std::span<const MetricDesc* const> metrics();
  // Leaves out what cannot be read.
  void collect(SampleSink& out);

 private:
  void learn_constants();
  std::optional<std::uint64_t> open_descriptors();

  FileSystem& fs_;
  const Clock& clock_;
  std::unique_ptr<File> stat_;
  bool learned_ = false;
  std::optional<std::uint64_t> boot_unix_seconds_, max_descriptors_, max_virtual_bytes_;
  std::optional<Clock::time_point> counted_;  // the descriptors, one by one
  std::optional<std::uint64_t> count_;
};

}  // namespace upkeep
