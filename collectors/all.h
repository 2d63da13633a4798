// The list of every collector. To add one: one file that defines its `NAME_collector`, one line here.
#pragma once

#include <span>

#include "exporter/collector.h"

// In the order of the page.
#define UPKEEP_COLLECTORS(X) \
  X(arp)                     \
  X(bonding)                 \
  X(conntrack)               \
  X(cpu)                     \
  X(cpufreq)                 \
  X(diskstats)               \
  X(edac)                    \
  X(entropy)                 \
  X(filefd)                  \
  X(filesystem)              \
  X(fserrors)                \
  X(fstab)                   \
  X(hwmon)                   \
  X(interrupts)              \
  X(loadavg)                 \
  X(mdadm)                   \
  X(meminfo)                 \
  X(netclass)                \
  X(netdev)                  \
  X(netstat)                 \
  X(os_release)              \
  X(powersupplyclass)        \
  X(pressure)                \
  X(processes)               \
  X(schedstat)               \
  X(sockstat)                \
  X(softnet)                 \
  X(stat)                    \
  X(tcpstat)                 \
  X(thermal_zone)            \
  X(time)                    \
  X(timex)                   \
  X(udp_queues)              \
  X(uname)                   \
  X(vmstat)                  \
  X(backups)                 \
  X(certificates)            \
  X(container_storage)       \
  X(containers)              \
  X(postgres)                \
  X(probes)                  \
  X(textfile)

namespace upkeep {

#define UPKEEP_DECLARE(name) extern const CollectorType name##_collector;
UPKEEP_COLLECTORS(UPKEEP_DECLARE)
#undef UPKEEP_DECLARE

std::span<const CollectorType* const> all_collectors();

}  // namespace upkeep
