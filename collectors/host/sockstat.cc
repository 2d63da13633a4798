// Sockets in use, and the memory they hold. https://docs.kernel.org/filesystems/proc.html ("sockstat")
//   proc/net/sockstat                            proc/net/sockstat6
//     sockets: used 17                             TCP6: inuse 0
//     TCP: inuse 2 orphan 0 tw 0 alloc 2 mem 168   UDP6: inuse 0
//     UDP: inuse 0 mem 0                           UDPLITE6: inuse 0
//     UDPLITE: inuse 0                             RAW6: inuse 0
//     RAW: inuse 0                                 FRAG6: inuse 0 memory 0
//     FRAG: inuse 0 memory 0
#include <array>

#include "collectors/all.h"
#include "exporter/filesystem.h"
#include "exporter/kernel.h"
#include "exporter/table.h"
#include "exporter/text.h"

namespace upkeep {

namespace {

struct Field {
  std::string_view protocol, name;
  MetricDesc desc;
};

// In the order of the files.
constexpr Field kFields[] = {
    {"sockets:", "used", gauge("node_sockstat_sockets_used", "Sockets in use, of every kind.")},
    {"TCP:", "inuse", gauge("node_sockstat_TCP_inuse", "TCP sockets over IPv4 that are bound or connected.")},
    {"TCP:", "orphan", gauge("node_sockstat_TCP_orphan", "TCP sockets that no process holds any more.")},
    {"TCP:", "tw", gauge("node_sockstat_TCP_tw", "TCP connections in TIME_WAIT.")},
    {"TCP:", "alloc", gauge("node_sockstat_TCP_alloc", "TCP sockets allocated.")},
    {"TCP:", "mem", gauge("node_sockstat_TCP_mem", "Memory of TCP buffers, in pages.")},
    {"UDP:", "inuse", gauge("node_sockstat_UDP_inuse", "UDP sockets over IPv4 that are bound.")},
    {"UDP:", "mem", gauge("node_sockstat_UDP_mem", "Memory of UDP buffers, in pages.")},
    {"UDPLITE:", "inuse", gauge("node_sockstat_UDPLITE_inuse", "UDP-Lite sockets over IPv4 that are bound.")},
    {"RAW:", "inuse", gauge("node_sockstat_RAW_inuse", "Raw sockets over IPv4.")},
    {"FRAG:", "inuse", gauge("node_sockstat_FRAG_inuse", "IPv4 packets being put together from fragments.")},
    {"FRAG:", "memory", gauge("node_sockstat_FRAG_memory", "Bytes that fragments of IPv4 packets hold.")},
    {"TCP6:", "inuse", gauge("node_sockstat_TCP6_inuse", "TCP sockets over IPv6 that are bound or connected.")},
    {"UDP6:", "inuse", gauge("node_sockstat_UDP6_inuse", "UDP sockets over IPv6 that are bound.")},
    {"UDPLITE6:", "inuse", gauge("node_sockstat_UDPLITE6_inuse", "UDP-Lite sockets over IPv6 that are bound.")},
    {"RAW6:", "inuse", gauge("node_sockstat_RAW6_inuse", "Raw sockets over IPv6.")},
    {"FRAG6:", "inuse", gauge("node_sockstat_FRAG6_inuse", "IPv6 packets being put together from fragments.")},
    {"FRAG6:", "memory", gauge("node_sockstat_FRAG6_memory", "Bytes that fragments of IPv6 packets hold.")},
};

constexpr MetricDesc kTcpBytes = gauge("node_sockstat_TCP_mem_bytes", "Memory of TCP buffers.");
constexpr MetricDesc kUdpBytes = gauge("node_sockstat_UDP_mem_bytes", "Memory of UDP buffers.");

constexpr auto kMetrics = [] {
  std::array<const MetricDesc*, std::size(kFields) + 2> metrics{};
  for (std::size_t i = 0; i < std::size(kFields); ++i) metrics[i] = &kFields[i].desc;
  metrics[std::size(kFields)] = &kTcpBytes;
  metrics[std::size(kFields) + 1] = &kUdpBytes;
  return metrics;
}();

// Looks from `cursor` on, where the last field was found: the next one is nearly always there. Null: not known.
const Field* find(std::string_view protocol, std::string_view name, std::size_t& cursor) {
  for (std::size_t i = 0; i < std::size(kFields); ++i) {
    const Field& field = kFields[cursor];
    cursor = (cursor + 1) % std::size(kFields);
    if (field.name == name && field.protocol == protocol) return &field;
  }
  return nullptr;
}

class Sockstat final : public Collector {
 public:
  explicit Sockstat(const Environment& environment)
      : page_bytes_(static_cast<double>(environment.kernel.page_size())),
        v4_(environment.fs.open("proc/net/sockstat", FileKind::kTable)),
        v6_(environment.fs.open("proc/net/sockstat6", FileKind::kTable)) {}

  Result<> collect(const Run&, SampleSink& out) override {
    UPKEEP_TRY(const std::string_view v4, v4_->read());
    std::size_t cursor = 0;
    UPKEEP_CHECK(add("proc/net/sockstat", v4, cursor, out));
    const auto v6 = v6_->read();
    if (!v6 && v6.error().code == ErrorCode::kNotFound) return {};  // IPv6 is switched off
    if (!v6) return std::unexpected(v6.error());
    return add("proc/net/sockstat6", *v6, cursor, out);
  }

 private:
  Result<> add(std::string_view path, std::string_view text, std::size_t& cursor, SampleSink& out) const {
    return each_line(path, text, [&](std::string_view line) -> Result<> {
      Words words(line);
      const std::string_view protocol = words.next();
      if (!protocol.ends_with(':')) return fail(ErrorCode::kParse, "`protocol: ...` expected");
      for (std::string_view name = words.next(); !name.empty(); name = words.next()) {
        const auto value = to_i64(words.next());
        if (!value) return fail(ErrorCode::kParse, "a name without a number");
        if (const Field* field = find(protocol, name, cursor)) add(*field, static_cast<double>(*value), out);
      }
      return {};
    });
  }

  void add(const Field& field, double value, SampleSink& out) const {
    out.add(field.desc, value);
    if (field.name != "mem") return;
    out.add(field.protocol == "TCP:" ? kTcpBytes : kUdpBytes, value * page_bytes_);
  }

  double page_bytes_;
  std::unique_ptr<File> v4_, v6_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<Sockstat>(environment);
}

}  // namespace

const CollectorType sockstat_collector = {
    .name = "sockstat",
    .section = "host",
    .help = "Sockets in use.",
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
