#include "exporter/listen_address.h"

#include <gtest/gtest.h>

namespace upkeep {
namespace {

TEST(ListenAddress, Good) {
  const auto f = [](std::string_view text, std::string_view host, int port, bool ipv6) {
    const auto address = parse_listen_address(text);
    ASSERT_TRUE(address) << address.error().message;
    EXPECT_EQ(address->host, host) << text;
    EXPECT_EQ(address->port, port) << text;
    EXPECT_EQ(address->ipv6, ipv6) << text;
  };
  f("127.0.0.1:10190", "127.0.0.1", 10190, false);
  f("0.0.0.0:0", "0.0.0.0", 0, false);
  f(":65535", "", 65535, false);
  f("localhost:80", "127.0.0.1", 80, false);
  f("[::1]:10190", "::1", 10190, true);
  f("[::]:1", "::", 1, true);
}

TEST(ListenAddress, Bad) {
  const auto f = [](std::string_view text, std::string_view message) {
    const auto address = parse_listen_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().message, message);
  };
  f("", R"("": HOST:PORT or :PORT expected)");
  f("10190", R"("10190": HOST:PORT or :PORT expected)");
  f("127.0.0.1:", R"("127.0.0.1:": the port is a number from 0 to 65535)");
  f("127.0.0.1:http", R"("127.0.0.1:http": the port is a number from 0 to 65535)");
  f(":65536", R"(":65536": the port is a number from 0 to 65535)");
  f(":-1", R"(":-1": the port is a number from 0 to 65535)");
  f(":80,443", R"(":80,443": the port is a number from 0 to 65535)");
  f("127.0.0.1:443s", R"("127.0.0.1:443s": TLS is not offered; put a proxy in front)");
  f(":80r", R"(":80r": TLS is not offered; put a proxy in front)");
  f("example.org:80", R"("example.org:80": the host is an address of this machine, not a name)");
  f("127.0.0.256:80", R"("127.0.0.256:80": the host is an address of this machine, not a name)");
  f("+:80", R"("+:80": the host is an address of this machine, not a name)");
  f("127.0.0.1,10.0.0.1:80", R"("127.0.0.1,10.0.0.1:80": the host is an address of this machine, not a name)");
  f("::1:80", R"("::1:80": an IPv6 address goes between brackets)");
  f("[::1", R"("[::1": an IPv6 address goes between brackets)");
  f("[fe80::1%eth0]:80", R"("[fe80::1%eth0]:80": no IPv6 address between the brackets)");
  f("[]:80", R"("[]:80": no IPv6 address between the brackets)");
}

TEST(ListenAddress, ToString) {
  EXPECT_EQ(to_string(ListenAddress{"127.0.0.1", 80, false}), "127.0.0.1:80");
  EXPECT_EQ(to_string(ListenAddress{"::1", 80, true}), "[::1]:80");
}

}  // namespace
}  // namespace upkeep
