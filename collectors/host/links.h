// The kernel's table of network interfaces, by one RTM_GETLINK dump, and which of them are worth a time series.
// https://docs.kernel.org/networking/netlink_spec/rt_link.html
#pragma once

#include <linux/if_link.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/config.h"
#include "exporter/kernel.h"
#include "exporter/result.h"

namespace upkeep {

// One interface. What the kernel did not say is absent.
struct Link {
  std::uint32_t index = 0;
  std::uint16_t type = 0;   // ARPHRD_*
  std::uint32_t flags = 0;  // IFF_*
  std::string_view name, alias;
  std::string_view address, broadcast;  // raw bytes
  std::optional<std::uint8_t> operstate, link_mode, carrier;
  std::optional<std::uint32_t> mtu, group, queue_length, promiscuity, all_multicast;
  std::optional<std::uint32_t> lower;  // the interface it lies on, when that is not itself
  std::optional<std::uint32_t> carrier_changes, carrier_up_changes, carrier_down_changes;
  std::string_view stats;  // rtnl_link_stats64, in old kernels without its last fields
};

// Appends what the messages of an answer tell. Views point into `answer`.
Result<> parse_links(std::string_view answer, std::vector<Link>& links);

// The flags as sysfs has them, without the state that netlink adds.
std::uint32_t administrative_flags(const Link& link);

// Reads the table again and again.
class LinkTable {
 public:
  explicit LinkTable(Kernel& kernel);
  // Valid until the next call.
  Result<std::span<const Link>> read();

 private:
  std::unique_ptr<Netlink> netlink_;
  std::string request_;
  std::vector<Link> links_;
};

// Interfaces that containers and virtual machines come and go with: left out unless `interfaces:` says otherwise. What
// an administrator makes stays: lo, eth*, en*, wl*, bond*, vlans, br0, tun*, tap0, wg*, dummy*.
inline constexpr std::string_view kTransientInterfaces =
    "^(veth.*|br-[0-9a-f]{12}|docker[0-9]+|docker_gwbridge|podman[0-9]+|cni.*|cali.*|flannel.*|cilium.*|lxc.*|"
    "lxdbr.*|virbr.*|vnet[0-9]+|tap([0-9]+i[0-9]+|[0-9a-f-]{11})|fw(br|ln|pr)[0-9]+.*|ifb[0-9]+|kube-.*|nodelocaldns)$";

// The one filter for every collector with a series an interface.
NameFilter interface_filter(ConfigReader& config);

}  // namespace upkeep
