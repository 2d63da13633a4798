// Walking netlink answers and building requests; see the header.
#include "collectors/host/netlink.h"

#include <linux/netlink.h>

namespace upkeep {

namespace {

// Cuts an item of `length` bytes and its padding to four off `rest`. The last item's padding may be missing.
std::string_view cut(std::string_view& rest, std::size_t length) {
  const std::string_view item = rest.substr(0, length);
  const std::size_t padded = (length + 3) & ~std::size_t{3};
  rest.remove_prefix(padded < rest.size() ? padded : rest.size());
  return item;
}

}  // namespace

std::string netlink_dump_request(std::uint16_t type, std::string_view body) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + body.size());
  header.nlmsg_type = type;
  header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  return std::string(bytes_of(header)).append(body);
}

bool NetlinkMessages::next() {
  if (rest_.empty()) return false;
  const auto header = structure_in<nlmsghdr>(rest_);
  if (!header || header->nlmsg_len < sizeof(nlmsghdr) || header->nlmsg_len > rest_.size()) {
    broken_ = true;
    rest_ = {};
    return false;
  }
  type_ = header->nlmsg_type;
  payload_ = cut(rest_, header->nlmsg_len).substr(sizeof(nlmsghdr));
  return true;
}

bool NetlinkAttributes::next() {
  if (rest_.empty()) return false;
  const auto header = structure_in<nlattr>(rest_);
  if (!header || header->nla_len < sizeof(nlattr) || header->nla_len > rest_.size()) {
    broken_ = true;
    rest_ = {};
    return false;
  }
  type_ = header->nla_type & NLA_TYPE_MASK;
  value_ = cut(rest_, header->nla_len).substr(sizeof(nlattr));
  return true;
}

}  // namespace upkeep
