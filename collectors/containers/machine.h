// What the machine has that its containers share. Names are cAdvisor's.
#pragma once

#include <string>

#include "collectors/host/refresh.h"
#include "exporter/filesystem.h"
#include "exporter/sample_sink.h"

namespace upkeep::containers {

std::span<const MetricDesc> machine_families();

// One thread at a time.
class Machine {
 public:
  explicit Machine(FileSystem& fs) : fs_(fs) {}
  void publish(Clock::time_point now, SampleSink& out);

 private:
  void read();

  FileSystem& fs_;
  Refresh due_{std::chrono::minutes(5)};
  std::string machine_id_, system_uuid_, boot_id_;
  double cores_ = 0, memory_bytes_ = 0, swap_bytes_ = 0;  // 0: not known
  bool knows_swap_ = false;
};

}  // namespace upkeep::containers
