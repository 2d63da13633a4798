// What the page says of each collector: did it work, when, how long did it take, is it late.
#pragma once

#include <span>

#include "exporter/instance.h"
#include "exporter/metric.h"
#include "exporter/sample_sink.h"

namespace upkeep {

// Every family that add_status() can add.
std::span<const MetricDesc* const> status_metrics();

void add_status(SampleSink& out, const Instance& instance);

}  // namespace upkeep
