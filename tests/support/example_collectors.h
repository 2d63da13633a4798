// Collectors that read settings of every kind and collect nothing: a configuration to make mistakes in.
#pragma once

#include <span>

#include "exporter/collector.h"

namespace upkeep::testing {

// cpu, disks and mounts share the section `host`; `textfile` stands alone; `postgres` is a list. Only mounts, textfile
// and postgres run on an interval.
std::span<const CollectorType* const> example_collectors();

}  // namespace upkeep::testing
