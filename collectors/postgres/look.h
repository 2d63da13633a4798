// What is said of a look into a server itself: whether the server is up, its connections, and how the queries fared.
#pragma once

#include <cstdint>
#include <span>

#include "collectors/postgres/asked.h"
#include "collectors/postgres/connections.h"
#include "collectors/postgres/facts.h"
#include "collectors/postgres/target.h"
#include "exporter/sample_sink.h"

namespace upkeep::postgres {

struct Look {
  const Target& target;
  const Facts& facts;
  const Connections& connections;
  const AllAsked& asked;
  std::uint64_t looks;  // this one included
  bool is_up;
  Clock::duration took;
};
void publish_look(const Look& look, SampleSink& out);

std::span<const MetricDesc* const> look_metrics();

}  // namespace upkeep::postgres
