// TCP connections by state, counted over one dump of the kernel's sockets a version of IP.
// https://man7.org/linux/man-pages/man7/sock_diag.7.html
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>

#include "collectors/all.h"
#include "collectors/host/netlink.h"
#include "exporter/kernel.h"

namespace upkeep {

namespace {

constexpr MetricDesc kStates = gauge("node_tcp_connection_states",
                                     "TCP sockets in a state; bytes in their queues, where a listening socket counts "
                                     "with its backlog and the backlog's limit.",
                                     {"state"});
constexpr const MetricDesc* kMetrics[] = {&kStates};

// By TCP_ESTABLISHED (1) ... TCP_CLOSING (11).
constexpr std::array<std::string_view, 12> kNames = {"",           "established", "syn_sent",  "syn_recv",
                                                     "fin_wait1",  "fin_wait2",   "time_wait", "close",
                                                     "close_wait", "last_ack",    "listen",    "closing"};
constexpr std::uint32_t kAllStates = (1u << kNames.size()) - 1;

struct Sockets {
  std::array<std::uint64_t, kNames.size()> by_state{};
  std::uint64_t receiving_bytes = 0, sending_bytes = 0;
};

// Counts the sockets of some messages into `sum`.
Result<> parse(std::string_view messages, Sockets& sum) {
  NetlinkMessages walk(messages);
  while (walk.next()) {
    if (walk.type() != SOCK_DIAG_BY_FAMILY) continue;
    const auto socket = structure_in<inet_diag_msg>(walk.payload());
    if (!socket) return fail(ErrorCode::kParse, "sock_diag: a socket shorter than its structure");
    if (socket->idiag_state < sum.by_state.size()) ++sum.by_state[socket->idiag_state];
    sum.receiving_bytes += socket->idiag_rqueue;
    sum.sending_bytes += socket->idiag_wqueue;
  }
  if (walk.broken()) return fail(ErrorCode::kParse, "sock_diag: a message is cut short");
  return {};
}

std::string request(std::uint8_t family) {
  inet_diag_req_v2 body{};
  body.sdiag_family = family;
  body.sdiag_protocol = IPPROTO_TCP;
  body.idiag_states = kAllStates;
  return netlink_dump_request(SOCK_DIAG_BY_FAMILY, bytes_of(body));
}

class Tcpstat final : public Collector {
 public:
  explicit Tcpstat(const Environment& environment) : netlink_(environment.kernel.open_netlink(NETLINK_SOCK_DIAG)) {}

  Result<> collect(const Run& run, SampleSink& out) override {
    Sockets sum;
    const auto count = [&](std::string_view messages) -> Result<> {
      if (run.stop.stop_requested()) return fail(ErrorCode::kTimeout, "sock_diag: stopped");
      return parse(messages, sum);
    };
    UPKEEP_CHECK(netlink_->stream(v4_, count));
    UPKEEP_CHECK(netlink_->stream(v6_, count));
    for (std::size_t state = 1; state < kNames.size(); ++state) {
      out.add(kStates, static_cast<double>(sum.by_state[state]), {kNames[state]});
    }
    out.add(kStates, static_cast<double>(sum.receiving_bytes), {"rx_queued_bytes"});
    out.add(kStates, static_cast<double>(sum.sending_bytes), {"tx_queued_bytes"});
    return {};
  }

 private:
  std::unique_ptr<Netlink> netlink_;
  const std::string v4_ = request(AF_INET), v6_ = request(AF_INET6);
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<Tcpstat>(environment);
}

}  // namespace

const CollectorType tcpstat_collector = {
    .name = "tcpstat",
    .section = "host",
    .help = "TCP connections by state.",
    .cadence = Cadence::kInterval,  // a host with many sockets makes it dear
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
