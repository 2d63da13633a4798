// Reading RTM_NEWLINK messages; see the header.
#include "collectors/host/links.h"

#include <linux/if.h>
#include <linux/rtnetlink.h>

#include "collectors/host/netlink.h"

namespace upkeep {

namespace {

void take(const NetlinkAttributes& attribute, Link& link) {
  switch (attribute.type()) {
    case IFLA_IFNAME:
      link.name = attribute.text();
      break;
    case IFLA_IFALIAS:
      link.alias = attribute.text();
      break;
    case IFLA_ADDRESS:
      link.address = attribute.value();
      break;
    case IFLA_BROADCAST:
      link.broadcast = attribute.value();
      break;
    case IFLA_OPERSTATE:
      link.operstate = attribute.as<std::uint8_t>();
      break;
    case IFLA_LINKMODE:
      link.link_mode = attribute.as<std::uint8_t>();
      break;
    case IFLA_CARRIER:
      link.carrier = attribute.as<std::uint8_t>();
      break;
    case IFLA_MTU:
      link.mtu = attribute.as<std::uint32_t>();
      break;
    case IFLA_GROUP:
      link.group = attribute.as<std::uint32_t>();
      break;
    case IFLA_TXQLEN:
      link.queue_length = attribute.as<std::uint32_t>();
      break;
    case IFLA_PROMISCUITY:
      link.promiscuity = attribute.as<std::uint32_t>();
      break;
    case IFLA_ALLMULTI:
      link.all_multicast = attribute.as<std::uint32_t>();
      break;
    case IFLA_LINK:
      link.lower = attribute.as<std::uint32_t>();
      break;
    case IFLA_CARRIER_CHANGES:
      link.carrier_changes = attribute.as<std::uint32_t>();
      break;
    case IFLA_CARRIER_UP_COUNT:
      link.carrier_up_changes = attribute.as<std::uint32_t>();
      break;
    case IFLA_CARRIER_DOWN_COUNT:
      link.carrier_down_changes = attribute.as<std::uint32_t>();
      break;
    case IFLA_STATS64:
      link.stats = attribute.value();
      break;
    default:
      break;
  }
}

// `bit` as the count of those who asked for it says; as it stands when the kernel gives no count.
std::uint32_t counted(std::uint32_t flags, std::uint32_t bit, std::optional<std::uint32_t> count) {
  if (!count) return flags & bit;
  return *count > 0 ? bit : 0;
}

}  // namespace

Result<> parse_links(std::string_view answer, std::vector<Link>& links) {
  NetlinkMessages messages(answer);
  while (messages.next()) {
    if (messages.type() != RTM_NEWLINK) continue;
    const auto header = structure_in<ifinfomsg>(messages.payload());
    if (!header) return fail(ErrorCode::kParse, "a link shorter than its header");
    Link link;
    link.index = static_cast<std::uint32_t>(header->ifi_index);
    link.type = header->ifi_type;
    link.flags = header->ifi_flags;
    NetlinkAttributes attributes(messages.payload().substr(sizeof(ifinfomsg)));
    while (attributes.next()) take(attributes, link);
    if (attributes.broken()) return fail(ErrorCode::kParse, "a link's attribute is cut short");
    if (link.name.empty()) return fail(ErrorCode::kParse, "a link without a name");
    links.push_back(link);
  }
  if (messages.broken()) return fail(ErrorCode::kParse, "a message is cut short");
  return {};
}

std::uint32_t administrative_flags(const Link& link) {
  constexpr std::uint32_t kState = IFF_RUNNING | IFF_LOWER_UP | IFF_DORMANT;
  constexpr std::uint32_t kCounted = IFF_PROMISC | IFF_ALLMULTI;
  return (link.flags & ~(kState | kCounted)) | counted(link.flags, IFF_PROMISC, link.promiscuity) |
         counted(link.flags, IFF_ALLMULTI, link.all_multicast);
}

LinkTable::LinkTable(Kernel& kernel)
    : netlink_(kernel.open_netlink(NETLINK_ROUTE)),
      request_(netlink_dump_request(RTM_GETLINK, bytes_of(ifinfomsg{}))) {}

Result<std::span<const Link>> LinkTable::read() {
  UPKEEP_TRY(const std::string_view answer, netlink_->dump(request_));
  links_.clear();
  if (auto parsed = parse_links(answer, links_); !parsed) {
    return fail(parsed.error().code, "netlink: " + parsed.error().message);
  }
  return links_;
}

NameFilter interface_filter(ConfigReader& config) { return config.filter("interfaces", "", kTransientInterfaces); }

}  // namespace upkeep
