// Traffic of a container, seen from inside: its network namespace is that of one of its processes.
// https://man7.org/linux/man-pages/man5/proc_pid_net.5.html
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "collectors/containers/families.h"
#include "exporter/filesystem.h"

namespace upkeep::containers {

// Families with a fixed name, with their own labels only.
std::span<const MetricDesc> network_families();

// The link target that names the network namespace of a process ("net:[4026531840]"); empty where it is not to be had.
std::string network_namespace(FileSystem& fs, std::string_view pid);

// The first process in a control group, or in one just below it; 0: none.
int first_process(FileSystem& fs, const std::string& directory);

// Adds the samples of every interface in proc/PID/net/dev but the loopback and what belongs to containers in there.
// `first`: where network_families() begin in the ContainerFamilies. kNotFound: the process is gone. The file is not
// kept open, which would keep the namespace alive after the container.
Result<> publish_network(FileSystem& fs, int pid, std::size_t first, ContainerSamples& out);

}  // namespace upkeep::containers
