// Netlink answers for tests: built byte by byte, as the kernel lays them out.
#pragma once

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "collectors/host/netlink.h"

namespace upkeep::testing {

inline std::string netlink_attribute(std::uint16_t type, std::string_view value) {
  nlattr header{};
  header.nla_len = static_cast<std::uint16_t>(sizeof header + value.size());
  header.nla_type = type;
  std::string out(bytes_of(header));
  out.append(value);
  out.resize((out.size() + 3) & ~std::size_t{3});
  return out;
}

inline std::string netlink_message(std::uint16_t type, std::string_view body) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + body.size());
  header.nlmsg_type = type;
  header.nlmsg_flags = NLM_F_MULTI;
  std::string out(bytes_of(header));
  out.append(body);
  out.resize((out.size() + 3) & ~std::size_t{3});
  return out;
}

// An interface as RTM_GETLINK tells of it: `LinkMessage(2, "eth0").number<std::uint32_t>(IFLA_MTU, 1500).message()`.
class LinkMessage {
 public:
  LinkMessage(int index, std::string_view name, std::uint32_t flags = 0, std::uint16_t type = 1) {
    header_.ifi_index = index;
    header_.ifi_flags = flags;
    header_.ifi_type = type;
    if (!name.empty()) text(IFLA_IFNAME, name);
  }
  LinkMessage& text(std::uint16_t attribute, std::string_view value) {
    attributes_ += netlink_attribute(attribute, std::string(value) + '\0');
    return *this;
  }
  LinkMessage& bytes(std::uint16_t attribute, std::string_view value) {
    attributes_ += netlink_attribute(attribute, value);
    return *this;
  }
  template <class T>
  LinkMessage& number(std::uint16_t attribute, T value) {
    return bytes(attribute, bytes_of(value));
  }
  [[nodiscard]] std::string message() const {
    return netlink_message(RTM_NEWLINK, std::string(bytes_of(header_)) + attributes_);
  }

 private:
  ifinfomsg header_{};
  std::string attributes_;
};

}  // namespace upkeep::testing
