// Netlink answers are walked without leaving them, whatever lengths stand in them.
#include "collectors/host/netlink.h"

#include <gtest/gtest.h>

#include "tests/collectors/host/netlink_messages.h"

namespace upkeep::testing {
namespace {

// "type:payload type:payload", then " broken" if it was.
std::string walk(std::string_view answer) {
  std::string seen;
  NetlinkMessages messages(answer);
  while (messages.next()) seen += std::to_string(messages.type()) + ":" + std::string(messages.payload()) + " ";
  return seen + (messages.broken() ? "broken" : "whole");
}

std::string walk_attributes(std::string_view bytes) {
  std::string seen;
  NetlinkAttributes attributes(bytes);
  while (attributes.next()) seen += std::to_string(attributes.type()) + ":" + std::string(attributes.value()) + " ";
  return seen + (attributes.broken() ? "broken" : "whole");
}

TEST(NetlinkMessages, AreWalkedWithTheirPadding) {
  EXPECT_EQ(walk(""), "whole");
  EXPECT_EQ(walk(netlink_message(20, "abcd")), "20:abcd whole");
  EXPECT_EQ(walk(netlink_message(20, "")), "20: whole");
  EXPECT_EQ(walk(netlink_message(16, "ab") + netlink_message(17, "cdefg")), "16:ab 17:cdefg whole");
}

TEST(NetlinkMessages, LastPaddingMayBeMissing) {
  std::string message = netlink_message(16, "ab");
  message.resize(message.size() - 2);
  EXPECT_EQ(walk(message), "16:ab whole");
}

TEST(NetlinkMessages, CutShortEndTheWalk) {
  const std::string good = netlink_message(16, "ab");
  const auto with_length = [&](std::uint32_t length) {
    std::string message = netlink_message(17, "cdef");
    std::memcpy(message.data(), &length, sizeof length);
    return walk(good + message);
  };
  EXPECT_EQ(with_length(20), "16:ab 17:cdef whole");
  EXPECT_EQ(with_length(21), "16:ab broken");  // longer than what is there
  EXPECT_EQ(with_length(0xffffffff), "16:ab broken");
  EXPECT_EQ(with_length(15), "16:ab broken");  // shorter than its own header
  EXPECT_EQ(with_length(0), "16:ab broken");
  EXPECT_EQ(walk(good.substr(0, 15)), "broken");
  EXPECT_EQ(walk("x"), "broken");
}

TEST(NetlinkAttributes, AreWalkedWithTheirPadding) {
  EXPECT_EQ(walk_attributes(""), "whole");
  EXPECT_EQ(walk_attributes(netlink_attribute(3, "eth0") + netlink_attribute(4, "x")), "3:eth0 4:x whole");
  EXPECT_EQ(walk_attributes(netlink_attribute(NLA_F_NESTED | 5, "")), "5: whole");
}

TEST(NetlinkAttributes, CutShortEndTheWalk) {
  const auto with_length = [](std::uint16_t length) {
    std::string attribute = netlink_attribute(3, "abcd");
    std::memcpy(attribute.data(), &length, sizeof length);
    return walk_attributes(attribute);
  };
  EXPECT_EQ(with_length(8), "3:abcd whole");
  EXPECT_EQ(with_length(9), "broken");
  EXPECT_EQ(with_length(3), "broken");
  EXPECT_EQ(with_length(0), "broken");
  EXPECT_EQ(walk_attributes("abc"), "broken");
}

TEST(NetlinkAttributes, TextEndsAtItsFirstNul) {
  const std::string bytes = netlink_attribute(3, std::string_view("eth0\0junk", 9)) + netlink_attribute(3, "wlan0");
  NetlinkAttributes attributes(bytes);
  ASSERT_TRUE(attributes.next());
  EXPECT_EQ(attributes.text(), "eth0");
  ASSERT_TRUE(attributes.next());
  EXPECT_EQ(attributes.text(), "wlan0");
}

TEST(NetlinkAttributes, NumberNeedsAllItsBytes) {
  const std::string bytes = netlink_attribute(4, bytes_of(std::uint32_t{1500})) + netlink_attribute(4, "ab");
  NetlinkAttributes attributes(bytes);
  ASSERT_TRUE(attributes.next());
  EXPECT_EQ(attributes.as<std::uint32_t>(), 1500u);
  ASSERT_TRUE(attributes.next());
  EXPECT_EQ(attributes.as<std::uint32_t>(), std::nullopt);
}

TEST(NetlinkDumpRequest, AsksForAWholeTable) {
  const std::string request = netlink_dump_request(RTM_GETLINK, "body");
  const auto header = structure_in<nlmsghdr>(request);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->nlmsg_len, request.size());
  EXPECT_EQ(header->nlmsg_type, RTM_GETLINK);
  EXPECT_EQ(header->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
  EXPECT_EQ(request.substr(sizeof(nlmsghdr)), "body");
}

}  // namespace
}  // namespace upkeep::testing
