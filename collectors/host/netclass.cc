// What network interfaces are and how they are set: state, addresses, MTU, speed. From the kernel's link table; the few
// properties it lacks from sys/class/net, when something changed or a minute has passed.
// https://docs.kernel.org/admin-guide/abi-testing-files.html (sysfs-class-net)
//   sys/class/net/eth0/{speed,duplex}: "1000", "full"; both fail with EINVAL while the interface is down
#include <linux/if.h>

#include <array>
#include <chrono>
#include <unordered_map>
#include <utility>

#include "collectors/all.h"
#include "collectors/host/links.h"
#include "collectors/host/refresh.h"
#include "exporter/filesystem.h"
#include "exporter/text.h"

namespace upkeep {

namespace {

constexpr auto kRefresh = std::chrono::seconds(60);

constexpr MetricDesc kUp = gauge("node_network_up", "Whether the operational state is up.", {"device"});
constexpr MetricDesc kInfo =
    gauge("node_network_info", "Always 1; labels tell addresses, duplex, operational and administrative state, alias.",
          {"device", "address", "broadcast", "duplex", "operstate", "adminstate", "ifalias"});
constexpr MetricDesc kAddressAssignType =
    gauge("node_network_address_assign_type",
          "Where the address comes from: 0 burnt in, 1 random, 2 stolen from another, 3 set.", {"device"});
constexpr MetricDesc kCarrier = gauge("node_network_carrier", "Whether there is a carrier.", {"device"});
constexpr MetricDesc kCarrierChanges =
    counter("node_network_carrier_changes_total", "Times the carrier came or went.", {"device"});
constexpr MetricDesc kCarrierUp =
    counter("node_network_carrier_up_changes_total", "Times the carrier came.", {"device"});
constexpr MetricDesc kCarrierDown =
    counter("node_network_carrier_down_changes_total", "Times the carrier went.", {"device"});
constexpr MetricDesc kDeviceId =
    gauge("node_network_device_id", "Tells devices apart that share one address.", {"device"});
constexpr MetricDesc kDormant = gauge("node_network_dormant", "Whether it waits for something, as 802.1X.", {"device"});
constexpr MetricDesc kFlags = gauge("node_network_flags", "Flags (IFF_*) as a number.", {"device"});
constexpr MetricDesc kIfaceId = gauge("node_network_iface_id", "Index of the interface.", {"device"});
constexpr MetricDesc kIfaceLink =
    gauge("node_network_iface_link", "Index of the interface this one lies on, or its own.", {"device"});
constexpr MetricDesc kIfaceLinkMode =
    gauge("node_network_iface_link_mode", "Link policy: 0 default, 1 dormant.", {"device"});
constexpr MetricDesc kMtu = gauge("node_network_mtu_bytes", "Largest packet.", {"device"});
constexpr MetricDesc kNameAssignType =
    gauge("node_network_name_assign_type", "Who named it: 1 kernel by count, 2 kernel, 3 user, 4 renamed.", {"device"});
constexpr MetricDesc kGroup = gauge("node_network_net_dev_group", "Group the interface is in.", {"device"});
constexpr MetricDesc kSpeed =
    gauge("node_network_speed_bytes", "Speed of the link in bytes a second; -125000 when unknown.", {"device"});
constexpr MetricDesc kQueueLength =
    gauge("node_network_transmit_queue_length", "Packets the transmit queue may hold.", {"device"});
constexpr MetricDesc kProtocolType = gauge("node_network_protocol_type", "Kind of hardware (ARPHRD_*).", {"device"});

constexpr const MetricDesc* kMetrics[] = {
    &kUp,        &kInfo,        &kAddressAssignType, &kCarrier,     &kCarrierChanges,
    &kCarrierUp, &kCarrierDown, &kDeviceId,          &kDormant,     &kFlags,
    &kIfaceId,   &kIfaceLink,   &kIfaceLinkMode,     &kMtu,         &kNameAssignType,
    &kGroup,     &kSpeed,       &kQueueLength,       &kProtocolType};

// IF_OPER_*, as sysfs spells them (net/core/net-sysfs.c).
constexpr std::array<std::string_view, 7> kOperstates = {"unknown", "notpresent", "down", "lowerlayerdown",
                                                         "testing", "dormant",    "up"};
constexpr std::uint8_t kOperationalUp = 6;

// "02:fc:00:00:00:01" in a buffer of its own.
class Address {
 public:
  explicit Address(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (const char byte : bytes.substr(0, kMaxBytes)) {
      if (size_ > 0) text_[size_++] = ':';
      text_[size_++] = kDigits[static_cast<unsigned char>(byte) >> 4];
      text_[size_++] = kDigits[static_cast<unsigned char>(byte) & 15];
    }
  }
  operator std::string_view() const { return {text_.data(), size_}; }  // NOLINT(google-explicit-constructor): a text

 private:
  static constexpr std::size_t kMaxBytes = 32;  // MAX_ADDR_LEN
  std::array<char, kMaxBytes * 3> text_{};
  std::size_t size_ = 0;
};

// A property of sysfs: "2", "0x0", "-1".
std::optional<double> parse_property(std::string_view text) {
  text = trim(text);
  if (text.starts_with("0x")) {
    const auto value = to_u64(text.substr(2), 16);
    return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
  }
  const auto value = to_i64(text);
  return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
}

// What the link table lacks, and what it was when that was read.
struct Properties {
  std::uint64_t seen = 0;
  std::string name, address;
  std::uint32_t flags = 0;
  std::optional<std::uint32_t> carrier_changes;
  Refresh refresh{kRefresh};
  std::optional<double> address_assign_type, device_id, name_assign_type, speed_bytes;
  std::string duplex;
};

class Netclass final : public Collector {
 public:
  Netclass(NameFilter filter, const Environment& environment)
      : filter_(std::move(filter)), fs_(environment.fs), clock_(environment.clock), links_(environment.kernel) {}

  Result<> collect(const Run&, SampleSink& out) override {
    UPKEEP_TRY(const std::span<const Link> links, links_.read());
    ++runs_;
    std::size_t kept = 0;
    const Clock::time_point now = clock_.now();
    for (const Link& link : links) {
      if (!filter_.keeps(link.name)) continue;
      ++kept;
      add(link, properties_of(link, now), out);
    }
    if (kept != properties_.size()) {
      std::erase_if(properties_, [this](const auto& entry) { return entry.second.seen != runs_; });
    }
    return {};
  }

 private:
  // Asking for the speed of a network card can take it a millisecond: not at every scrape.
  const Properties& properties_of(const Link& link, Clock::time_point now) {
    Properties& p = properties_[link.index];
    p.seen = runs_;
    const bool changed = p.name != link.name || p.address != link.address || p.flags != link.flags ||
                         p.carrier_changes != link.carrier_changes;
    if (changed) p.refresh.hurry();
    if (!p.refresh.due(now)) return p;
    p.name = link.name;
    p.address = link.address;
    p.flags = link.flags;
    p.carrier_changes = link.carrier_changes;
    p.address_assign_type = property(link, "addr_assign_type");
    p.device_id = property(link, "dev_id");
    p.name_assign_type = property(link, "name_assign_type");
    p.speed_bytes.reset();
    p.duplex.clear();
    if ((link.flags & IFF_UP) == 0) return p;
    if (const auto megabits = property(link, "speed")) p.speed_bytes = *megabits * (1'000'000 / 8);
    if (const auto duplex = attribute(link, "duplex")) p.duplex = trim(*duplex);
    return p;
  }

  // Kernels and drivers differ in which they have, and some fail on purpose: unreadable is absent.
  std::optional<std::string> attribute(const Link& link, std::string_view name) {
    std::string path = "sys/class/net/";
    path.append(link.name).append("/").append(name);
    auto text = fs_.read(path, FileKind::kAttribute);
    return text ? std::optional(*std::move(text)) : std::nullopt;
  }
  std::optional<double> property(const Link& link, std::string_view name) {
    const auto text = attribute(link, name);
    return text ? parse_property(*text) : std::nullopt;
  }

  static void add(const Link& link, const Properties& p, SampleSink& out) {
    const auto add_one = [&](const MetricDesc& desc, const auto& value) {
      if (value) out.add(desc, static_cast<double>(*value), {link.name});
    };
    const bool administratively_up = (link.flags & IFF_UP) != 0;
    std::string_view operstate;
    if (link.operstate) {
      if (*link.operstate < kOperstates.size()) operstate = kOperstates[*link.operstate];
      out.add(kUp, *link.operstate == kOperationalUp ? 1 : 0, {link.name});
    }
    out.add(kInfo, 1,
            {link.name, Address(link.address), Address(link.broadcast), p.duplex, operstate,
             administratively_up ? "up" : "down", link.alias});
    add_one(kAddressAssignType, p.address_assign_type);
    // An interface that is down has neither, says sysfs.
    if (administratively_up) add_one(kCarrier, link.carrier);
    add_one(kCarrierChanges, link.carrier_changes);
    add_one(kCarrierUp, link.carrier_up_changes);
    add_one(kCarrierDown, link.carrier_down_changes);
    add_one(kDeviceId, p.device_id);
    if (administratively_up) out.add(kDormant, (link.flags & IFF_DORMANT) != 0 ? 1 : 0, {link.name});
    out.add(kFlags, administrative_flags(link), {link.name});
    out.add(kIfaceId, link.index, {link.name});
    out.add(kIfaceLink, link.lower.value_or(link.index), {link.name});
    add_one(kIfaceLinkMode, link.link_mode);
    add_one(kMtu, link.mtu);
    add_one(kNameAssignType, p.name_assign_type);
    add_one(kGroup, link.group);
    add_one(kSpeed, p.speed_bytes);
    add_one(kQueueLength, link.queue_length);
    out.add(kProtocolType, link.type, {link.name});
  }

  NameFilter filter_;
  FileSystem& fs_;
  const Clock& clock_;
  LinkTable links_;
  std::uint64_t runs_ = 0;
  std::unordered_map<std::uint32_t, Properties> properties_;  // by index, of the links seen in the last run
};

Result<std::unique_ptr<Collector>> make(ConfigReader& config, const Environment& environment) {
  return std::make_unique<Netclass>(interface_filter(config), environment);
}

}  // namespace

const CollectorType netclass_collector = {
    .name = "netclass",
    .section = "host",
    .help = "State and settings of network interfaces.",
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
