// Counters of the network protocols: IP, ICMP, TCP, UDP, v4 and v6.
// https://docs.kernel.org/networking/snmp_counter.html
//   proc/net/netstat, proc/net/snmp: a line of names, then a line of values
//     Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors
//     Udp: 29 0 0 30 0 0 0 0 0
//   proc/net/snmp6: a name and its value a line
//     Udp6InDatagrams 0
#include <array>
#include <utility>
#include <vector>

#include "collectors/all.h"
#include "exporter/config.h"
#include "exporter/filesystem.h"
#include "exporter/text.h"

namespace upkeep {

namespace {

constexpr std::string_view kPrefix = "node_netstat_";

// node_exporter's choice, and Tcp_MaxConn that dashboards ask for. `netstat_fields` widens or narrows it.
constexpr std::string_view kDefaultFields =
    "^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)|"
    "TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)|"
    "Tcp_(ActiveOpens|PassiveOpens|CurrEstab|InSegs|OutSegs|OutRsts|RetransSegs|MaxConn)|"
    "Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$";

// What the default choice finds in today's kernels. Any other field chosen becomes a family when it is first seen.
constexpr MetricDesc kFamilies[] = {
    untyped("node_netstat_TcpExt_SyncookiesSent", "SYN cookies sent."),
    untyped("node_netstat_TcpExt_SyncookiesRecv", "SYN cookies received."),
    untyped("node_netstat_TcpExt_SyncookiesFailed", "SYN cookies received that were not valid."),
    untyped("node_netstat_TcpExt_ListenOverflows", "Connections lost to a full accept queue."),
    untyped("node_netstat_TcpExt_ListenDrops", "Connections lost while listening, for any reason."),
    untyped("node_netstat_TcpExt_TCPTimeouts", "Retransmission timers that ran out."),
    untyped("node_netstat_TcpExt_TCPRcvQDrop", "Packets dropped for want of room in a receive queue."),
    untyped("node_netstat_TcpExt_TCPOFOQueue", "Packets queued because they came out of order."),
    untyped("node_netstat_TcpExt_TCPSynRetrans", "SYN and SYN/ACK sent again."),
    untyped("node_netstat_IpExt_InOctets", "Bytes received by IPv4."),
    untyped("node_netstat_IpExt_OutOctets", "Bytes sent by IPv4."),
    untyped("node_netstat_Ip_Forwarding", "Whether IPv4 forwards: 1 yes, 2 no."),
    untyped("node_netstat_Icmp_InMsgs", "ICMP messages received."),
    untyped("node_netstat_Icmp_InErrors", "ICMP messages received with an error."),
    untyped("node_netstat_Icmp_OutMsgs", "ICMP messages sent."),
    untyped("node_netstat_Tcp_MaxConn", "Most TCP connections allowed; -1 when there is no limit."),
    untyped("node_netstat_Tcp_ActiveOpens", "TCP connections opened from here."),
    untyped("node_netstat_Tcp_PassiveOpens", "TCP connections accepted."),
    untyped("node_netstat_Tcp_CurrEstab", "TCP connections established now."),
    untyped("node_netstat_Tcp_InSegs", "TCP segments received."),
    untyped("node_netstat_Tcp_OutSegs", "TCP segments sent, without those sent again."),
    untyped("node_netstat_Tcp_RetransSegs", "TCP segments sent again."),
    untyped("node_netstat_Tcp_InErrs", "TCP segments received with an error."),
    untyped("node_netstat_Tcp_OutRsts", "TCP resets sent."),
    untyped("node_netstat_Udp_InDatagrams", "UDP datagrams delivered."),
    untyped("node_netstat_Udp_NoPorts", "UDP datagrams for a port where nobody listens."),
    untyped("node_netstat_Udp_InErrors", "UDP datagrams received but not delivered."),
    untyped("node_netstat_Udp_OutDatagrams", "UDP datagrams sent."),
    untyped("node_netstat_Udp_RcvbufErrors", "UDP datagrams lost to a full receive buffer."),
    untyped("node_netstat_Udp_SndbufErrors", "UDP datagrams lost to a full send buffer."),
    untyped("node_netstat_UdpLite_InErrors", "UDP-Lite datagrams received but not delivered."),
    untyped("node_netstat_Ip6_InOctets", "Bytes received by IPv6."),
    untyped("node_netstat_Ip6_OutOctets", "Bytes sent by IPv6."),
    untyped("node_netstat_Icmp6_InMsgs", "ICMPv6 messages received."),
    untyped("node_netstat_Icmp6_InErrors", "ICMPv6 messages received with an error."),
    untyped("node_netstat_Icmp6_OutMsgs", "ICMPv6 messages sent."),
    untyped("node_netstat_Udp6_InDatagrams", "UDP datagrams delivered over IPv6."),
    untyped("node_netstat_Udp6_NoPorts", "UDP datagrams over IPv6 for a port where nobody listens."),
    untyped("node_netstat_Udp6_InErrors", "UDP datagrams received over IPv6 but not delivered."),
    untyped("node_netstat_Udp6_OutDatagrams", "UDP datagrams sent over IPv6."),
    untyped("node_netstat_Udp6_RcvbufErrors", "UDP datagrams over IPv6 lost to a full receive buffer."),
    untyped("node_netstat_Udp6_SndbufErrors", "UDP datagrams over IPv6 lost to a full send buffer."),
    untyped("node_netstat_UdpLite6_InErrors", "UDP-Lite datagrams received over IPv6 but not delivered."),
};

constexpr auto kMetrics = [] {
  std::array<const MetricDesc*, std::size(kFamilies)> metrics{};
  for (std::size_t i = 0; i < metrics.size(); ++i) metrics[i] = &kFamilies[i];
  return metrics;
}();

// Counters are unsigned but for a few such as Tcp's MaxConn.
std::optional<double> parse_value(std::string_view word) {
  if (const auto value = to_u64(word)) return static_cast<double>(*value);
  if (const auto value = to_i64(word)) return static_cast<double>(*value);
  return std::nullopt;
}

// Which fields are wanted, and the family of each.
class Fields {
 public:
  explicit Fields(std::optional<Pattern> wanted) : wanted_(std::move(wanted)) {}
  // Null: not wanted.
  Result<const MetricDesc*> family(std::string_view protocol, std::string_view field) {
    std::string name(kPrefix);
    name.append(protocol).append("_").append(field);
    if (wanted_ && !wanted_->matches(std::string_view(name).substr(kPrefix.size()))) return nullptr;
    for (const MetricDesc& known : kFamilies) {
      if (known.name == name) return &known;
    }
    return families_.get(name, MetricType::kUntyped, "Counter of a network protocol, by the kernel's name for it.");
  }

 private:
  std::optional<Pattern> wanted_;
  RuntimeFamilies families_;
};

// A file of pairs of lines. The lines of names seldom change: what was made of one is kept as long as it stays the
// same.
class PairedLines {
 public:
  explicit PairedLines(std::unique_ptr<File> file) : file_(std::move(file)) {}

  Result<> collect(Fields& fields, SampleSink& out) {
    UPKEEP_TRY(const std::string_view text, file_->read());
    const Lines lines(text);
    std::size_t row = 0;
    for (auto line = lines.begin(); line != lines.end(); ++line, ++row) {
      if (row == kMaxRows) return fail(ErrorCode::kLimit, "more protocols than expected");
      if (row == rows_.size()) rows_.emplace_back();
      if (rows_[row].names != *line) UPKEEP_CHECK(plan(*line, fields, rows_[row]));
      ++line;
      if (!(line != lines.end())) return fail(ErrorCode::kParse, rows_[row].protocol + " values expected");
      UPKEEP_CHECK(add_values(rows_[row], *line, out));
    }
    if (row == 0) return fail(ErrorCode::kParse, "names and values of protocols expected");
    return {};
  }

 private:
  static constexpr std::size_t kMaxRows = 64;

  struct Row {
    std::string names;                       // the line they were made of
    std::string protocol;                    // "TcpExt:"
    std::vector<const MetricDesc*> columns;  // up to the last one wanted; null: not wanted
  };

  static Result<> plan(std::string_view names, Fields& fields, Row& row) {
    row = {};
    Words words(names);
    const std::string_view protocol = words.next();
    if (protocol.size() < 2 || !protocol.ends_with(':')) return fail(ErrorCode::kParse, "`Protocol: names` expected");
    std::size_t wanted = 0;
    for (std::string_view field = words.next(); !field.empty(); field = words.next()) {
      UPKEEP_TRY(const MetricDesc* desc, fields.family(protocol.substr(0, protocol.size() - 1), field));
      row.columns.push_back(desc);
      if (desc != nullptr) wanted = row.columns.size();
    }
    row.columns.resize(wanted);
    row.protocol = protocol;
    row.names = names;
    return {};
  }

  static Result<> add_values(const Row& row, std::string_view line, SampleSink& out) {
    Words words(line);
    if (words.next() != row.protocol) return fail(ErrorCode::kParse, row.protocol + " values expected");
    for (const MetricDesc* desc : row.columns) {
      const std::string_view word = words.next();
      if (word.empty()) return fail(ErrorCode::kParse, row.protocol + " fewer values than names");
      if (desc == nullptr) continue;
      const auto value = parse_value(word);
      if (!value) return fail(ErrorCode::kParse, row.protocol + " a value is not a number");
      out.add(*desc, *value);
    }
    return {};
  }

  std::unique_ptr<File> file_;
  std::vector<Row> rows_;
};

// A file of a name and a value a line: "Ip6InOctets 128" is Ip6's InOctets.
class NamedLines {
 public:
  explicit NamedLines(std::unique_ptr<File> file) : file_(std::move(file)) {}

  Result<> collect(Fields& fields, SampleSink& out) {
    const auto text = file_->read();
    if (!text && text.error().code == ErrorCode::kNotFound) return {};  // IPv6 is switched off
    if (!text) return std::unexpected(text.error());
    std::size_t number = 0;
    for (std::string_view line : Lines(*text)) {
      if (number == kMaxLines) return fail(ErrorCode::kLimit, "more lines than expected");
      Words words(line);
      const std::string_view name = words.next();
      if (number == known_.size()) known_.emplace_back();
      Known& known = known_[number++];
      if (known.name != name) UPKEEP_CHECK(plan(name, fields, known));
      if (known.desc == nullptr) continue;
      const auto value = parse_value(words.next());
      if (!value) return fail(ErrorCode::kParse, known.name + ": a number expected");
      out.add(*known.desc, *value);
    }
    return {};
  }

 private:
  static constexpr std::size_t kMaxLines = 1024;

  struct Known {
    std::string name;
    const MetricDesc* desc = nullptr;  // null: not wanted
  };

  static Result<> plan(std::string_view name, Fields& fields, Known& known) {
    known = {};
    const std::size_t six = name.find('6');
    if (six != std::string_view::npos) {
      UPKEEP_TRY(known.desc, fields.family(name.substr(0, six + 1), name.substr(six + 1)));
    }
    known.name = name;
    return {};
  }

  std::unique_ptr<File> file_;
  std::vector<Known> known_;  // by line
};

Result<> at(std::string_view path, Result<> result) {
  if (result || result.error().message.starts_with(path)) return result;
  return fail(result.error().code, std::string(path) + ": " + result.error().message);
}

class Netstat final : public Collector {
 public:
  Netstat(std::optional<Pattern> wanted, FileSystem& fs)
      : fields_(std::move(wanted)),
        netstat_(fs.open("proc/net/netstat", FileKind::kTable)),
        snmp_(fs.open("proc/net/snmp", FileKind::kTable)),
        snmp6_(fs.open("proc/net/snmp6", FileKind::kTable)) {}

  Result<> collect(const Run&, SampleSink& out) override {
    UPKEEP_CHECK(at("proc/net/netstat", netstat_.collect(fields_, out)));
    UPKEEP_CHECK(at("proc/net/snmp", snmp_.collect(fields_, out)));
    return at("proc/net/snmp6", snmp6_.collect(fields_, out));
  }

 private:
  Fields fields_;
  PairedLines netstat_, snmp_;
  NamedLines snmp6_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader& config, const Environment& environment) {
  return std::make_unique<Netstat>(config.pattern("netstat_fields", kDefaultFields), environment.fs);
}

}  // namespace

const CollectorType netstat_collector = {
    .name = "netstat",
    .section = "host",
    .help = "Counters of IP, ICMP, TCP and UDP.",
    .metrics = kMetrics,
    .open_prefixes = {kPrefix},
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
