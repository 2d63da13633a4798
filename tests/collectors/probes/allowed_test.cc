#include "collectors/probes/allowed.h"

#include <gtest/gtest.h>

#include "exporter/text.h"

namespace upkeep::probes {
namespace {

// One a word.
void each(const char* addresses, bool is_expected) {
  Words words(addresses);
  for (std::string_view text = words.next(); !text.empty(); text = words.next())
    EXPECT_EQ(is_public(*parse_address(text)), is_expected) << text;
}

TEST(Allowed, KnowsPublicAddresses) {
  each(
      "8.8.8.8 1.1.1.1 11.0.0.1 172.32.0.1 100.128.0.1 223.255.255.255 2606:4700::1111 2a00:1450::1 ::ffff:8.8.8.8 "
      "64:ff9b::8.8.8.8 2002:808:808::1",
      true);
  each(
      "0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.255.255.255 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 "
      "192.0.2.1 192.168.1.1 198.19.255.255 203.0.113.9 224.0.0.1 240.0.0.1 255.255.255.255",
      false);
  each(
      ":: ::1 fe80::1 fc00::1 fdff::1 ff02::1 2001:db8::1 2001::1 3fff::1 ::ffff:127.0.0.1 ::127.0.0.1 "
      "64:ff9b::10.0.0.1 64:ff9b:1::1 2002:7f00:1::1 100::1",
      false);
}

TEST(Allowed, NamesLeadToPublicAddressesAlone) {
  Allowed allowed;
  ASSERT_TRUE(allowed.add("shop.example.com"));
  ASSERT_TRUE(allowed.add("*.Example.ORG"));
  for (const char* host : {"shop.example.com", "SHOP.example.com.", "a.example.org", "a.b.example.org"})
    EXPECT_TRUE(allowed.allows(host)) << host;
  for (const char* host : {"example.com", "x.shop.example.com", "example.org", "evilexample.org", "", ".", "8.8.8.8",
                           "shop.example.com.evil.net", "::1"})
    EXPECT_FALSE(allowed.allows(host)) << host;
  EXPECT_TRUE(allowed.allows(*parse_address("8.8.8.8")));
  EXPECT_FALSE(allowed.allows(*parse_address("127.0.0.1")));
}

TEST(Allowed, NetworksAreAllowedWhereTheyAreListed) {
  Allowed allowed;
  ASSERT_TRUE(allowed.add("10.20.0.0/14"));
  ASSERT_TRUE(allowed.add("127.0.0.1"));
  ASSERT_TRUE(allowed.add("fd00::/9"));
  for (const char* host : {"10.20.0.1", "10.23.255.255", "127.0.0.1", "fd7f::1"}) {
    EXPECT_TRUE(allowed.allows(std::string_view(host))) << host;
    EXPECT_TRUE(allowed.allows(*parse_address(host))) << host;
  }
  for (const char* host : {"10.24.0.1", "10.19.255.255", "127.0.0.2", "fd80::1", "shop.example.com", "0x7f.1", "127.1"})
    EXPECT_FALSE(allowed.allows(std::string_view(host))) << host;
  EXPECT_FALSE(allowed.allows(*parse_address("10.24.0.1")));
}

TEST(Allowed, EveryNameAndEveryAddress) {
  Allowed names, addresses;
  ASSERT_TRUE(names.add("*"));
  EXPECT_TRUE(names.allows("anything.example.com"));
  EXPECT_FALSE(names.allows(*parse_address("127.0.0.1")));
  ASSERT_TRUE(addresses.add("0.0.0.0/0"));
  EXPECT_TRUE(addresses.allows("127.0.0.1"));
  EXPECT_FALSE(addresses.allows("::1"));
}

TEST(Allowed, RefusesWhatIsNeither) {
  for (const char* entry : {"", "*.", "a*b", "**", "10.0.0.0/33", "10.0.0.0/x", "10.0.0.0/", "fe80::/129", "host:80",
                            "http://host", "host/8", "-host", "."}) {
    Allowed allowed;
    EXPECT_FALSE(allowed.add(entry)) << entry;
    EXPECT_TRUE(allowed.is_empty()) << entry;
  }
}

}  // namespace
}  // namespace upkeep::probes
