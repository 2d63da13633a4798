// Bytes waiting in the queues of UDP sockets. https://docs.kernel.org/networking/proc_net_tcp.html (udp likewise)
//    sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
//   366: 00000000:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 15431 2 …
#include <utility>

#include "collectors/all.h"
#include "exporter/filesystem.h"
#include "exporter/table.h"
#include "exporter/text.h"

namespace upkeep {

namespace {

constexpr MetricDesc kQueues =
    gauge("node_udp_queues", "Bytes in the queues of all UDP sockets of an IP version.", {"queue", "ip"});
constexpr const MetricDesc* kMetrics[] = {&kQueues};

struct Queues {
  std::uint64_t sending_bytes = 0, receiving_bytes = 0;
};

Result<Queues> parse_line(std::string_view line) {
  Words words(line);
  for (int column = 0; column < 4; ++column) words.next();
  const std::string_view queues = words.next();
  const std::size_t colon = queues.find(':');
  if (colon == std::string_view::npos) return fail(ErrorCode::kParse, "tx_queue:rx_queue expected");
  const auto sending = to_u64(queues.substr(0, colon), 16);
  const auto receiving = to_u64(queues.substr(colon + 1), 16);
  if (!sending || !receiving) return fail(ErrorCode::kParse, "tx_queue:rx_queue expected");
  return Queues{*sending, *receiving};
}

Result<Queues> parse(std::string_view path, std::string_view text) {
  if (!trim(text).starts_with("sl ")) return fail(ErrorCode::kParse, std::string(path) + ": header expected");
  Queues sum;
  bool header = true;
  UPKEEP_CHECK(each_line(path, text, [&](std::string_view line) -> Result<> {
    if (std::exchange(header, false)) return {};
    UPKEEP_TRY(const Queues queues, parse_line(line));
    sum.sending_bytes += queues.sending_bytes;
    sum.receiving_bytes += queues.receiving_bytes;
    return {};
  }));
  return sum;
}

class UdpQueues final : public Collector {
 public:
  explicit UdpQueues(const Environment& environment)
      : v4_(environment.fs.open("proc/net/udp", FileKind::kTable)),
        v6_(environment.fs.open("proc/net/udp6", FileKind::kTable)) {}

  Result<> collect(const Run&, SampleSink& out) override {
    UPKEEP_TRY(const bool has_v4, add("proc/net/udp", *v4_, "v4", out));
    UPKEEP_TRY(const bool has_v6, add("proc/net/udp6", *v6_, "v6", out));
    if (!has_v4 && !has_v6) return fail(ErrorCode::kNoData, "proc/net: no udp, no udp6");
    return {};
  }

 private:
  // Whether the file is there: without IPv6 it is not.
  static Result<bool> add(std::string_view path, File& file, std::string_view ip, SampleSink& out) {
    const auto text = file.read();
    if (!text && text.error().code == ErrorCode::kNotFound) return false;
    if (!text) return std::unexpected(text.error());
    UPKEEP_TRY(const Queues queues, parse(path, *text));
    out.add(kQueues, static_cast<double>(queues.sending_bytes), {"tx", ip});
    out.add(kQueues, static_cast<double>(queues.receiving_bytes), {"rx", ip});
    return true;
  }

  std::unique_ptr<File> v4_, v6_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<UdpQueues>(environment);
}

}  // namespace

const CollectorType udp_queues_collector = {
    .name = "udp_queues",
    .section = "host",
    .help = "Bytes waiting in UDP sockets.",
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
