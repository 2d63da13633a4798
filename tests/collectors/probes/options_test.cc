#include "collectors/probes/options.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace upkeep::probes {
namespace {

using namespace std::chrono_literals;

struct Read {
  Options options;
  std::vector<std::string> mistakes;
};

Read read(const std::string& text) {
  ConfigDocument document("upkeep.yml", text);
  ConfigReader reader = document.root();
  Read result{read_options(reader), {}};
  for (const std::string& mistake : document.mistakes())
    result.mistakes.push_back(mistake.substr(0, mistake.find('\n')));
  return result;
}

TEST(ProbeOptions, HaveDefaults) {
  EXPECT_TRUE(read("{}").options.targets.empty());
  const Read plain = read("targets: [{name: shop, url: 'http://127.0.0.1:8080/health?key=x#y'}]");
  EXPECT_EQ(plain.mistakes, std::vector<std::string>{});
  EXPECT_EQ(plain.options.concurrency, 20u);
  ASSERT_EQ(plain.options.targets.size(), 1u);
  const Target& target = plain.options.targets[0];
  EXPECT_EQ(target.name, "shop");
  EXPECT_EQ(target.module, "http");
  EXPECT_EQ(target.endpoint, "http://127.0.0.1:8080/health");
  EXPECT_EQ(target.url.whole, "http://127.0.0.1:8080/health?key=x");
  EXPECT_EQ(target.url.port, 8080);
  EXPECT_EQ(target.method, "GET");
  EXPECT_EQ(target.interval, 15s);
  EXPECT_EQ(target.timeout, 5s);
  EXPECT_EQ(target.slow_after, 1s);
  EXPECT_EQ(target.retries, 1);
  EXPECT_EQ(target.max_bytes, 1u << 20);
  EXPECT_EQ(target.max_redirects, 5);
  EXPECT_TRUE(target.follows_redirects && target.tls_options.verifies);
  EXPECT_FALSE(target.decodes);
  EXPECT_EQ(target.tls_options.warn_before, 21 * 24h);
  EXPECT_EQ(target.tls_options.critical_before, 7 * 24h);
}

TEST(ProbeOptions, ReadAll) {
  testing::TemporaryDirectory directory;
  directory.write("password", "secret\n");
  const Read all = read(
      "interval: 30s\ntimeout: 3s\nconcurrency: 7\n"
      "tls: {warn_before: 30d}\n"
      "targets:\n"
      "  - name: shop\n"
      "    module: http_2xx\n"
      "    url: https://shop.example.com/api/health\n"
      "    method: POST\n"
      "    headers: {Accept: application/json, X-Empty: ''}\n"
      "    body: '{}'\n"
      "    basic_auth: {username: me, password_file: " +
      (directory.path() / "password").string() +
      "}\n"
      "    follow_redirects: false\n"
      "    max_redirects: 0\n"
      "    compression: true\n"
      "    max_body: 2MiB\n"
      "    expect: {status: [200, 3xx, 401-403], header: {Content-Type: json}, body: ok, not_body: [a, b]}\n"
      "    tls: {insecure: true, ca_file: /ca.pem, server_name: other.example.com, critical_before: 1d}\n"
      "    interval: 5s\n"
      "    timeout: 2s\n"
      "    retries: 3\n"
      "    slow_after: 200ms\n"
      "    ip: 4\n"
      "  - {name: redis, tcp: '[::1]:6379', send: \"PING\\r\\n\", expect: {body: PONG}, tls: true}\n"
      "  - {name: names, dns: 127.0.0.1, query: a.b, type: SOA, expect: {rcode: NXDOMAIN, answer: x, not_answer: "
      "y}}\n");
  EXPECT_EQ(all.mistakes, std::vector<std::string>{});
  ASSERT_EQ(all.options.targets.size(), 3u);
  const Target &shop = all.options.targets[0], &redis = all.options.targets[1], &names = all.options.targets[2];
  EXPECT_EQ(shop.module, "http_2xx");
  EXPECT_EQ(shop.url.port, 443);
  EXPECT_EQ(shop.headers, (std::vector<std::string>{"Accept: application/json", "X-Empty;"}));
  EXPECT_EQ(shop.password->reveal(), "secret");
  EXPECT_EQ(shop.expect.status, (std::vector<std::pair<int, int>>{{200, 200}, {300, 399}, {401, 403}}));
  EXPECT_EQ(shop.expect.not_body.size(), 2u);
  EXPECT_EQ(shop.tls_options.server_name, "other.example.com");
  EXPECT_EQ(shop.tls_options.warn_before, 30 * 24h);
  EXPECT_EQ(shop.tls_options.critical_before, 24h);
  EXPECT_EQ(shop.interval, 5s);
  EXPECT_EQ(shop.family, Family::kIpv4);
  EXPECT_EQ(redis.endpoint, "tcp://[::1]:6379");
  EXPECT_EQ(redis.say, "PING\r\n");
  EXPECT_TRUE(redis.tls);
  EXPECT_EQ(redis.interval, 30s);
  EXPECT_EQ(redis.timeout, 3s);
  EXPECT_EQ(names.endpoint, "dns://127.0.0.1:53");
  EXPECT_EQ(names.expect.rcodes, std::vector<int>{3});
}

TEST(ProbeOptions, EveryMistakeIsToldAtOnce) {
  const Read bad = read(
      "concurrency: 0\n"
      "targets:\n"
      "  - {name: a, url: 'http://me:hunter2@127.0.0.1/'}\n"
      "  - {name: a, url: 'ftp://127.0.0.1/'}\n"
      "  - {url: 'http://127.0.0.1/', tcp: '127.0.0.1:1'}\n"
      "  - {name: b}\n"
      "  - {name: c, tcp: localhost}\n"
      "  - {name: d, dns: localhost, query: a, type: X, expect: {rcode: OK}}\n"
      "  - {name: e, url: 'http://a/', method: 'G T', headers: {'a b': c}, expect: {status: 600, body: '('}, retries: "
      "9}\n"
      "  - {name: f, url: 'http://a/', interval: 2s, timeout: 3s, tls: {ca_file: ca.pem}, send: x}\n");
  std::string all;
  for (const std::string& mistake : bad.mistakes) all += mistake + "\n";
  for (const char* place : {":1:", ":3:", ":4:", ":5:", ":6:", ":7:", ":8:", ":9:", ":10:"})
    EXPECT_NE(all.find("upkeep.yml" + std::string(place)), std::string::npos) << place << "\n" << all;
  EXPECT_EQ(all.find("hunter2"), std::string::npos);
  for (const char* words :
       {"a user or password in the URL", "is the name of another one", "one of url, tcp and dns",
        "neither http nor https", "a response code of DNS", "not a header field", "no longer than the interval",
        "absolute path", "unknown key", "not a regular expression", "a status expected"})
    EXPECT_NE(all.find(words), std::string::npos) << words << "\n" << all;
}

TEST(ProbeOptions, AShortIntervalHasAShortTimeout) {
  const Read quick =
      read("{interval: 1s, targets: [{name: a, url: 'http://a/'}, {name: b, url: 'http://a/', interval: 2s}]}");
  EXPECT_EQ(quick.mistakes, std::vector<std::string>{});
  EXPECT_EQ(quick.options.targets[0].timeout, 1s);
  EXPECT_EQ(quick.options.targets[1].timeout, 2s);
}

TEST(ProbeOptions, ReadModules) {
  const Read all = read(
      "timeout: 3s\n"
      "modules:\n"
      "  - {name: web, allow: ['*.example.com'], expect: {status: [2xx]}}\n"
      "  - {name: redis, prober: tcp, allow: [10.0.0.0/8], send: PING, timeout: 1s}\n");
  EXPECT_EQ(all.mistakes, std::vector<std::string>{});
  ASSERT_EQ(all.options.modules.size(), 2u);
  EXPECT_EQ(all.options.modules[0].module, "web");
  EXPECT_EQ(all.options.modules[0].timeout, 3s);
  EXPECT_TRUE(all.options.modules[0].allowed->allows("a.example.com"));
  EXPECT_EQ(all.options.modules[1].kind, Kind::kTcp);
  EXPECT_EQ(all.options.modules[1].say, "PING");
  const Read bad = read(
      "modules:\n"
      "  - {name: web}\n"
      "  - {name: web, allow: ['a b'], url: 'http://x'}\n");
  EXPECT_EQ(bad.mistakes,
            (std::vector<std::string>{
                "upkeep.yml:2:5: modules[0].allow: names of hosts or networks expected: who may be asked for",
                "upkeep.yml:3:12: modules[1].name: 'web' is the name of another one",
                "upkeep.yml:3:24: modules[1].allow: the name of a host expected, *.DOMAIN, *, an address or a network, "
                "not a b",
                "upkeep.yml:3:33: modules[1].url: unknown key"}));
}

}  // namespace
}  // namespace upkeep::probes
