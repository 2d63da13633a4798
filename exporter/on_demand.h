// A path of its own that a collector answers, beside its part of the page of metrics: GET PATH?KEY=VALUE&…
#pragma once

#include <string_view>

#include "exporter/collector.h"
#include "exporter/query.h"
#include "exporter/result.h"
#include "exporter/sample_sink.h"

namespace upkeep {

class OnDemand {
 public:
  virtual ~OnDemand() = default;
  [[nodiscard]] virtual std::string_view path() const = 0;  // "/probe"
  // Adds what it was asked for, and nothing else. Runs for several clients at once, and beside collect(); returns by
  // the deadline. kParse: the question is not a good one, or not allowed. kLimit, kTimeout: not now.
  virtual Result<> answer(const Query& query, const Run& run, SampleSink& out) = 0;
};

}  // namespace upkeep
