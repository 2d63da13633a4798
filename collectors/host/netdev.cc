// Traffic and errors of network interfaces, from the kernel's link table; where netlink is not to be had, from
// proc/net/dev. https://docs.kernel.org/networking/statistics.html
//   Inter-|   Receive                                                |  Transmit
//    face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier
//    comp…
//     eth0: 4807316   25017    0    0    0     0          0         0   938311    4214    0    0    0     0       0 0
#include <array>
#include <cstddef>
#include <utility>

#include "collectors/all.h"
#include "collectors/host/links.h"
#include "collectors/host/netlink.h"
#include "exporter/filesystem.h"
#include "exporter/table.h"
#include "exporter/text.h"

namespace upkeep {

namespace {

// In the order of proc/net/dev's columns; what only netlink knows comes last.
constexpr MetricDesc kFamilies[] = {
    counter("node_network_receive_bytes_total", "Bytes received.", {"device"}),
    counter("node_network_receive_packets_total", "Packets received.", {"device"}),
    counter("node_network_receive_errs_total", "Packets received with an error of any kind.", {"device"}),
    counter("node_network_receive_drop_total", "Received packets dropped by the host or missed by the device.",
            {"device"}),
    counter("node_network_receive_fifo_total", "Receive errors from a full FIFO.", {"device"}),
    counter("node_network_receive_frame_total", "Receive errors of framing, length, CRC and ring overrun.", {"device"}),
    counter("node_network_receive_compressed_total", "Compressed packets received.", {"device"}),
    counter("node_network_receive_multicast_total", "Multicast packets received.", {"device"}),
    counter("node_network_transmit_bytes_total", "Bytes sent.", {"device"}),
    counter("node_network_transmit_packets_total", "Packets sent.", {"device"}),
    counter("node_network_transmit_errs_total", "Packets not sent for an error of any kind.", {"device"}),
    counter("node_network_transmit_drop_total", "Packets dropped on the way out.", {"device"}),
    counter("node_network_transmit_fifo_total", "Transmit errors from an empty FIFO.", {"device"}),
    counter("node_network_transmit_colls_total", "Collisions while sending.", {"device"}),
    counter("node_network_transmit_carrier_total", "Transmit errors of carrier, aborts, heartbeat and window.",
            {"device"}),
    counter("node_network_transmit_compressed_total", "Compressed packets sent.", {"device"}),
    counter("node_network_receive_nohandler_total", "Received packets that no protocol wanted.", {"device"}),
};
constexpr std::size_t kTableColumns = std::size(kFamilies) - 1;

constexpr auto kMetrics = [] {
  std::array<const MetricDesc*, std::size(kFamilies)> metrics{};
  for (std::size_t i = 0; i < metrics.size(); ++i) metrics[i] = &kFamilies[i];
  return metrics;
}();

// Of one interface, in the order of the families; fewer of them where the source knows no more.
struct Counters {
  std::array<std::uint64_t, std::size(kFamilies)> values{};
  std::size_t count = 0;
};

// Sums as the kernel itself makes them for proc/net/dev (net/core/net-procfs.c).
std::optional<Counters> counters_of(std::string_view stats) {
  rtnl_link_stats64 s{};
  if (stats.size() < offsetof(rtnl_link_stats64, rx_nohandler)) return std::nullopt;
  const bool whole = stats.size() >= offsetof(rtnl_link_stats64, rx_nohandler) + sizeof s.rx_nohandler;
  std::memcpy(&s, stats.data(), stats.size() < sizeof s ? stats.size() : sizeof s);
  const std::uint64_t frame = s.rx_frame_errors + s.rx_length_errors + s.rx_over_errors + s.rx_crc_errors;
  const std::uint64_t carrier = s.tx_carrier_errors + s.tx_aborted_errors + s.tx_window_errors + s.tx_heartbeat_errors;
  return Counters{.values = {s.rx_bytes, s.rx_packets, s.rx_errors, s.rx_dropped + s.rx_missed_errors, s.rx_fifo_errors,
                             frame, s.rx_compressed, s.multicast, s.tx_bytes, s.tx_packets, s.tx_errors, s.tx_dropped,
                             s.tx_fifo_errors, s.collisions, carrier, s.tx_compressed, s.rx_nohandler},
                  .count = whole ? std::size(kFamilies) : kTableColumns};
}

struct Row {
  std::string_view device;
  Counters counters;
};

// A line of proc/net/dev below its two headers.
Result<Row> parse_row(std::string_view line) {
  const std::size_t colon = line.rfind(':');
  if (colon == std::string_view::npos) return fail(ErrorCode::kParse, "`interface: counters` expected");
  Row row{.device = trim(line.substr(0, colon)), .counters = {}};
  if (row.device.empty()) return fail(ErrorCode::kParse, "a line without an interface");
  Words words(line.substr(colon + 1));
  for (std::size_t i = 0; i < kTableColumns; ++i) {
    const auto value = to_u64(words.next());
    if (!value) return fail(ErrorCode::kParse, "16 counters expected");
    row.counters.values[i] = *value;
  }
  row.counters.count = kTableColumns;
  return row;
}

class Netdev final : public Collector {
 public:
  Netdev(NameFilter filter, const Environment& environment)
      : filter_(std::move(filter)),
        links_(environment.kernel),
        table_(environment.fs.open("proc/net/dev", FileKind::kTable)) {}

  Result<> collect(const Run&, SampleSink& out) override {
    const auto links = links_.read();
    if (!links) return collect_from_table(links.error(), out);
    for (const Link& link : *links) {
      if (!filter_.keeps(link.name)) continue;
      if (const auto counters = counters_of(link.stats)) add(link.name, *counters, out);
    }
    return {};
  }

 private:
  Result<> collect_from_table(const Error& netlink_error, SampleSink& out) {
    const auto text = table_->read();
    if (!text) return fail(netlink_error.code, netlink_error.message + "; " + text.error().message);
    std::size_t number = 0;
    UPKEEP_CHECK(each_line("proc/net/dev", *text, [&](std::string_view line) -> Result<> {
      if (++number <= 2) return {};
      UPKEEP_TRY(const Row row, parse_row(line));
      if (filter_.keeps(row.device)) add(row.device, row.counters, out);
      return {};
    }));
    if (number < 2) return fail(ErrorCode::kParse, "proc/net/dev: two header lines expected");
    return {};
  }

  static void add(std::string_view device, const Counters& counters, SampleSink& out) {
    for (std::size_t i = 0; i < counters.count; ++i) {
      out.add(kFamilies[i], static_cast<double>(counters.values[i]), {device});
    }
  }

  NameFilter filter_;
  LinkTable links_;
  std::unique_ptr<File> table_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader& config, const Environment& environment) {
  return std::make_unique<Netdev>(interface_filter(config), environment);
}

}  // namespace

const CollectorType netdev_collector = {
    .name = "netdev",
    .section = "host",
    .help = "Traffic and errors of network interfaces.",
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
