// The list of every collector. To add one: one file that defines its `NAME_collector`, one line here.
#pragma once

#include <span>

#include "exporter/collector.h"

// In the order of the page.
#define UPKEEP_COLLECTORS(X) \
  X(conntrack)               \
  X(cpu)                     \
  X(diskstats)               \
  X(entropy)                 \
  X(filefd)                  \
  X(interrupts)              \
  X(loadavg)                 \
  X(meminfo)                 \
  X(netclass)                \
  X(netdev)                  \
  X(pressure)                \
  X(schedstat)               \
  X(softnet)                 \
  X(stat)                    \
  X(vmstat)

namespace upkeep {

#define UPKEEP_DECLARE(name) extern const CollectorType name##_collector;
UPKEEP_COLLECTORS(UPKEEP_DECLARE)
#undef UPKEEP_DECLARE

std::span<const CollectorType* const> all_collectors();

}  // namespace upkeep
