// The figures that are the same for backups in directories and for those a tool reports.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "collectors/backups/catalogue.h"
#include "collectors/backups/options.h"
#include "collectors/backups/records.h"
#include "collectors/backups/reports.h"
#include "exporter/sample_sink.h"

namespace upkeep::backups {

struct Overview {
  double last = 0;  // Unix time of the newest; 0: there is none
  std::optional<double> oldest, size, previous_size, next_size;
  double files = 0, total_bytes = 0, expired = 0;
  double in_progress = 0, future = 0;
};

// `history`: what was the newest before, in case the file is gone.
Overview overview_of(const Catalogue& catalogue, std::span<const Newest> history, const Options& options, double now);
Overview overview_of(const Report& report, const Options& options, double now);

void publish(const Overview& overview, const Options& options, SampleSink& out);
// Thresholds, for the rules.
void publish_expectations(const Options& options, SampleSink& out);

}  // namespace upkeep::backups
