// The settings of the program itself.
#include "exporter/settings.h"

#include <gtest/gtest.h>

namespace upkeep {
namespace {

Settings good(std::string text) {
  ConfigDocument document("f.yml", std::move(text));
  Settings settings = read_settings(document.root());
  for (const std::string& mistake : document.mistakes()) ADD_FAILURE() << mistake;
  return settings;
}

// The first line of the first mistake.
std::string bad(std::string text) {
  ConfigDocument document("f.yml", std::move(text));
  read_settings(document.root());
  const auto mistakes = document.mistakes();
  return mistakes.empty() ? std::string() : mistakes[0].substr(0, mistakes[0].find('\n'));
}

TEST(Settings, Defaults) {
  const Settings settings = good("");
  EXPECT_EQ(settings.web.listen, (std::vector<std::string>{"127.0.0.1:10190"}));
  EXPECT_EQ(settings.web.telemetry_path, "/metrics");
  EXPECT_EQ(settings.web.max_requests, 40);
  EXPECT_FALSE(settings.web.lifecycle);
  EXPECT_EQ(settings.log_level, LogLevel::kInfo);
  EXPECT_EQ(settings.log_format, LogFormat::kLogfmt);
  EXPECT_EQ(settings.state, "/var/lib/upkeep");
}

TEST(Settings, AllOfThem) {
  const Settings settings = good(
      "web: {listen: ['0.0.0.0:80', '[::1]:8080', ':0', 'localhost:65535'], telemetry_path: /m, max_requests: 0,\n"
      "      lifecycle: true}\n"
      "log: {level: error, format: json}\n"
      "state: /srv/upkeep\n");
  EXPECT_EQ(settings.web.listen.size(), 4U);
  EXPECT_EQ(settings.web.telemetry_path, "/m");
  EXPECT_EQ(settings.web.max_requests, 0);
  EXPECT_TRUE(settings.web.lifecycle);
  EXPECT_EQ(settings.log_level, LogLevel::kError);
  EXPECT_EQ(settings.log_format, LogFormat::kJson);
  EXPECT_EQ(settings.state, "/srv/upkeep");
}

TEST(Settings, Levels) {
  EXPECT_EQ(good("log: {level: debug}").log_level, LogLevel::kDebug);
  EXPECT_EQ(good("log: {level: info}").log_level, LogLevel::kInfo);
  EXPECT_EQ(good("log: {level: warn}").log_level, LogLevel::kWarn);
}

TEST(Settings, Addresses) {
  const auto f = [](const std::string& address) { return bad("web: {listen: '" + address + "'}"); };
  const auto wrong = [](const std::string& address) {
    return "f.yml:1:15: web.listen: HOST:PORT expected, such as 127.0.0.1:10190, not '" + address + "'";
  };
  EXPECT_EQ(f("[fe80::1]:1"), "");
  for (const char* address : {"", "10190", "host", "host:", "host:x", "host:65536", "host:443s", "::1:80", "[::1]",
                              "[]:80", "[x]:80", "[::1:80", "http://host:80", "a b:80", "host:-1", "80,81:82"}) {
    EXPECT_EQ(f(address), wrong(address));
  }
  EXPECT_EQ(bad("web: {listen: []}"), "f.yml:1:15: web.listen: at least one address expected");
}

TEST(Settings, Paths) {
  EXPECT_EQ(bad("web: {telemetry_path: metrics}"),
            "f.yml:1:23: web.telemetry_path: a path that begins with / expected");
  EXPECT_EQ(bad("web: {telemetry_path: /}"), "f.yml:1:23: web.telemetry_path: / is taken by another page");
  EXPECT_EQ(bad("web: {telemetry_path: /-/ready}"),
            "f.yml:1:23: web.telemetry_path: /-/ready is taken by another page");
  EXPECT_EQ(bad("state: here"), "f.yml:1:8: state: the absolute path of a directory expected");
}

}  // namespace
}  // namespace upkeep
