//   Inter-|   Receive                                                |  Transmit
//    face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier
//    comp…
//     eth0:    1296      16    0    0    0     0          0         0        0       0    0    0    0     0       0 0
#include "collectors/containers/network.h"

#include <array>

#include "exporter/table.h"

namespace upkeep::containers {
namespace {

constexpr MetricDesc kFamilies[] = {
    counter("container_network_receive_bytes_total", "Bytes received.", {"interface"}),
    counter("container_network_receive_packets_total", "Packets received.", {"interface"}),
    counter("container_network_receive_errors_total", "Packets received with an error.", {"interface"}),
    counter("container_network_receive_packets_dropped_total", "Received packets dropped.", {"interface"}),
    counter("container_network_transmit_bytes_total", "Bytes sent.", {"interface"}),
    counter("container_network_transmit_packets_total", "Packets sent.", {"interface"}),
    counter("container_network_transmit_errors_total", "Packets not sent for an error.", {"interface"}),
    counter("container_network_transmit_packets_dropped_total", "Packets dropped on the way out.", {"interface"}),
};
constexpr std::size_t kEachWay = 4;   // of the families, and the first columns of either half of the table
constexpr std::size_t kReceived = 8;  // columns of the first half

using Counters = std::array<std::uint64_t, 2 * kEachWay>;

Result<Counters> parse(std::string_view columns) {
  Counters counters{};
  Words words(columns);
  for (std::size_t i = 0; i < kReceived + kEachWay; ++i) {
    const auto value = words.next_u64();
    if (!value) return fail(ErrorCode::kParse, "16 counters expected");
    if (i < kEachWay) counters[i] = *value;
    if (i >= kReceived) counters[i - kReceived + kEachWay] = *value;
  }
  return counters;
}

// As cAdvisor leaves them out.
bool is_left_out(std::string_view interface) {
  return interface.starts_with("lo") || interface.starts_with("veth") || interface.starts_with("docker");
}

int first_process_in(FileSystem& fs, const std::string& directory) {
  const auto text = fs.read(directory + "/cgroup.procs", FileKind::kAttribute);
  if (!text) return 0;
  const auto pid = to_u64(text->substr(0, text->find('\n')));
  constexpr std::uint64_t kMost = 1U << 22U;  // PID_MAX_LIMIT
  return pid && *pid <= kMost ? static_cast<int>(*pid) : 0;
}

}  // namespace

std::span<const MetricDesc> network_families() { return kFamilies; }

std::string network_namespace(FileSystem& fs, std::string_view pid) {
  return fs.link_target("proc/" + std::string(pid) + "/ns/net").value_or("");
}

int first_process(FileSystem& fs, const std::string& directory) {
  if (const int pid = first_process_in(fs, directory); pid != 0) return pid;
  const auto entries = fs.list(directory);
  if (!entries) return 0;
  for (const DirectoryEntry& entry : *entries) {
    if (!entry.is_directory) continue;
    if (const int pid = first_process_in(fs, directory + "/" + entry.name); pid != 0) return pid;
  }
  return 0;
}

Result<> publish_network(FileSystem& fs, int pid, std::size_t first, ContainerSamples& out) {
  const std::string path = "proc/" + std::to_string(pid) + "/net/dev";
  UPKEEP_TRY(const std::string text, fs.read(path));
  std::size_t number = 0;
  return each_line(path, text, [&](std::string_view line) -> Result<> {
    if (++number <= 2) return {};
    const std::size_t colon = line.rfind(':');
    if (colon == std::string_view::npos) return fail(ErrorCode::kParse, "`interface: counters` expected");
    const std::string_view interface = trim(line.substr(0, colon));
    if (is_left_out(interface)) return {};
    UPKEEP_TRY(const Counters counters, parse(line.substr(colon + 1)));
    for (std::size_t i = 0; i < counters.size(); ++i) out.add(first + i, static_cast<double>(counters[i]), {interface});
    return {};
  });
}

}  // namespace upkeep::containers
