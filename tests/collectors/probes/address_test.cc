#include "collectors/probes/address.h"

#include <gtest/gtest.h>

namespace upkeep::probes {
namespace {

TEST(ProbeAddress, ReadsWhatItWrites) {
  for (const char* text : {"127.0.0.1", "0.0.0.0", "255.255.255.255", "::1", "::", "2001:db8::7"}) {
    const auto address = parse_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(to_string(*address), text);
  }
  for (const char* text : {"", "127.1", "0x7f.0.0.1", "2130706433", "127.0.0.01", "1.2.3.4.5", "localhost", "[::1]"})
    EXPECT_FALSE(parse_address(text)) << text;
  EXPECT_FALSE(parse_address(std::string_view("127.0.0.1\0", 10)));
  EXPECT_EQ(with_port(*parse_address("::1"), 80), "[::1]:80");
  EXPECT_EQ(with_port(*parse_address("10.0.0.1"), 80), "10.0.0.1:80");
}

// As Go's hash/fnv has it.
TEST(ProbeAddress, HasAHash) { EXPECT_EQ(hash_of(*parse_address("127.0.0.1")), 3668918509u); }

TEST(ProbeAddress, KnowsWhatIsInternal) {
  for (const char* text : {"127.0.0.1",
                           "127.255.255.255",
                           "0.0.0.0",
                           "10.1.2.3",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.168.0.1",
                           "169.254.169.254",
                           "100.64.0.1",
                           "224.0.0.1",
                           "255.255.255.255",
                           "::1",
                           "::",
                           "fe80::1",
                           "fd00::1",
                           "ff02::1",
                           "::ffff:127.0.0.1",
                           "::ffff:10.0.0.1",
                           "64:ff9b::7f00:1",
                           "2002:7f00:1::",
                           "::127.0.0.1"})
    EXPECT_TRUE(is_internal(*parse_address(text))) << text;
  for (const char* text : {"8.8.8.8", "172.32.0.1", "172.15.255.255", "100.128.0.1", "192.169.0.1", "2001:4860::8888",
                           "::ffff:8.8.8.8", "64:ff9b::808:808"})
    EXPECT_FALSE(is_internal(*parse_address(text))) << text;
}

TEST(ProbeAddress, Networks) {
  const auto holds = [](const char* network, const char* address) {
    return contains(*parse_network(network), *parse_address(address));
  };
  EXPECT_TRUE(holds("10.1.0.0/16", "10.1.255.255"));
  EXPECT_FALSE(holds("10.1.0.0/16", "10.2.0.0"));
  EXPECT_TRUE(holds("10.1.2.128/25", "10.1.2.129"));
  EXPECT_FALSE(holds("10.1.2.128/25", "10.1.2.127"));
  EXPECT_TRUE(holds("0.0.0.0/0", "1.2.3.4"));
  EXPECT_FALSE(holds("0.0.0.0/0", "::1"));
  EXPECT_TRUE(holds("::1/128", "::1"));
  EXPECT_FALSE(holds("::1/128", "::2"));
  for (const char* text : {"10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "a/8", "10.0.0.0/8x", "/8"})
    EXPECT_FALSE(parse_network(text)) << text;
}

TEST(ProbeAddress, HostsWithPorts) {
  const auto good = [](const char* text, std::uint16_t port = 0) {
    const auto parsed = parse_host_port(text, port);
    return parsed ? parsed->host + " " + std::to_string(parsed->port) : "";
  };
  EXPECT_EQ(good("db.example.com:5432"), "db.example.com 5432");
  EXPECT_EQ(good("127.0.0.1:80"), "127.0.0.1 80");
  EXPECT_EQ(good("[::1]:80"), "::1 80");
  EXPECT_EQ(good("127.0.0.1", 53), "127.0.0.1 53");
  EXPECT_EQ(good("[::1]", 53), "::1 53");
  for (const char* text : {"", ":80", "a", "a:", "a:0", "a:65536", "a:8x", "::1:80", "[::1", "[::1]80", "[a]:80",
                           "a b:80", "a/b:80", "-a:80", "a@b:80", "[127.0.0.1]:80"})
    EXPECT_EQ(good(text), "") << text;
}

}  // namespace
}  // namespace upkeep::probes
