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
