// What is known of targets, as samples.
#pragma once

#include "collectors/probes/options.h"
#include "collectors/probes/outcome.h"
#include "collectors/probes/prober.h"
#include "exporter/sample_sink.h"

namespace upkeep::probes {

// What came of a probe, under blackbox_exporter's names.
void publish(const Target& target, const Outcome& outcome, SampleSink& out);
// What is asked, and what it is measured by.
void publish(const Target& target, SampleSink& out);
// That it is watched, and what is remembered of it: always all of it.
void publish(const Target& target, const Record& record, SampleSink& out);

}  // namespace upkeep::probes
