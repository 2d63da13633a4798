// Looks at directories without waiting for those that do not answer: a dead NFS server may hold a thread for ever, and
// nothing can call it off.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "collectors/backups/options.h"
#include "collectors/backups/places.h"
#include "collectors/backups/reports.h"
#include "exporter/collector.h"

namespace upkeep::backups {

struct ReportSeen {
  Result<Report> report;
  double modified = 0;  // of the file, Unix time
};

// All that one look at the file systems brings.
struct Look {
  Findings backups, archive;
  std::optional<double> free_bytes;  // where the newest backup lies
  std::optional<ReportSeen> report;
};

// What is looked at, apart from everything else: a thread that hangs outlives the collector.
struct Places {
  std::vector<std::string> files, archive;
  std::optional<ReportOptions> report;
};

// On the caller's thread, and for as long as the file systems like.
Look look_at(const Places& places, FileSystem& fs, Kernel& kernel);

// One thread at a time.
class Looker {
 public:
  Looker(Places places, const Environment& environment);

  // kTimeout: no answer came within `patience`, or before `stop`. What hangs is not asked again before its thread came
  // back: then that answer counts.
  Result<Look> look(std::chrono::nanoseconds patience, const std::stop_token& stop);

 private:
  struct Answer;
  Result<> ask();

  const std::shared_ptr<const Places> places_;
  FileSystem& fs_;
  Kernel& kernel_;
  std::shared_ptr<Answer> pending_;
};

}  // namespace upkeep::backups
