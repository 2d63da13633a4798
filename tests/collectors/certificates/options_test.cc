#include "collectors/certificates/options.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace upkeep::certificates {
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

TEST(CertificateOptions, HaveDefaults) {
  const Read plain = read("{}");
  EXPECT_EQ(plain.mistakes, std::vector<std::string>{});
  const Options& options = plain.options;
  EXPECT_EQ(options.notice.warn, 21 * 24h);
  EXPECT_EQ(options.notice.critical, 7 * 24h);
  ASSERT_FALSE(options.sources.empty());
  EXPECT_EQ(options.sources.front().pattern, "/etc/letsencrypt/live/*/fullchain.pem");
  for (const Source& source : options.sources) EXPECT_FALSE(source.is_expected) << source.pattern;
  EXPECT_TRUE(options.endpoints.empty());
  EXPECT_EQ(options.connections, 32u);
  EXPECT_TRUE(options.certbot.enabled);
  EXPECT_EQ(options.certbot.attempt_within, 72h);
}

TEST(CertificateOptions, ReadAll) {
  testing::TemporaryDirectory directory;
  directory.write("password", "secret\n");
  const Read all = read(
      "warn_before: 30d\n"
      "critical_before: 10d\n"
      "files: [/etc/a/*.pem, /etc/b.crt]\n"
      "stores: [{path: /etc/c.p12, password_file: " +
      (directory.path() / "password").string() +
      ", key: /etc/c.key, critical_before: 1d}]\n"
      "endpoints:\n"
      "  - {name: shop, address: shop.example.com, file: /etc/b.crt, warn_before: 14d}\n"
      "  - {name: db, address: '[::1]:5433', starttls: postgres, server_name: db, ca_file: /etc/ca.pem, verify: "
      "false,\n"
      "     timeout: 2s, reload_within: 5m}\n"
      "connections: 4\n"
      "certbot: false\n");
  EXPECT_EQ(all.mistakes, std::vector<std::string>{});
  const Options& options = all.options;
  ASSERT_EQ(options.sources.size(), 3u);
  EXPECT_TRUE(options.sources[0].is_expected);
  EXPECT_EQ(options.sources[1].notice.warn, 30 * 24h);
  EXPECT_EQ(options.sources[2].pattern, "/etc/c.p12");
  EXPECT_EQ(options.sources[2].password->reveal(), "secret");
  EXPECT_EQ(options.sources[2].key, "/etc/c.key");
  EXPECT_EQ(options.sources[2].notice.critical, 24h);
  ASSERT_EQ(options.endpoints.size(), 2u);
  const Endpoint& shop = options.endpoints[0];
  EXPECT_EQ(shop.host, "shop.example.com");
  EXPECT_EQ(shop.port, 443);
  EXPECT_EQ(shop.server_name, "shop.example.com");
  EXPECT_EQ(shop.file, "/etc/b.crt");
  EXPECT_EQ(shop.notice.warn, 14 * 24h);
  EXPECT_EQ(shop.notice.critical, 10 * 24h);
  EXPECT_EQ(shop.timeout, 5s);
  EXPECT_EQ(shop.reload_within, 1h);
  EXPECT_TRUE(shop.verify);
  const Endpoint& db = options.endpoints[1];
  EXPECT_EQ(db.host, "::1");
  EXPECT_EQ(db.port, 5433);
  EXPECT_EQ(db.starttls, Starttls::kPostgres);
  EXPECT_EQ(db.server_name, "db");
  EXPECT_EQ(db.ca_file, "/etc/ca.pem");
  EXPECT_FALSE(db.verify);
  EXPECT_EQ(options.connections, 4u);
  EXPECT_FALSE(options.certbot.enabled);
}

TEST(CertificateOptions, StoresAddToTheUsualPlaces) {
  const Read stores = read("{stores: [{path: /etc/c.p12}]}");
  EXPECT_GT(stores.options.sources.size(), 1u);
  EXPECT_EQ(stores.options.sources.back().password, nullptr);
  EXPECT_TRUE(read("{files: []}").options.sources.empty());
}

TEST(CertificateOptions, SayWhatIsWrong) {
  const auto first = [](const std::string& text) {
    const Read wrong = read(text);
    EXPECT_FALSE(wrong.mistakes.empty()) << text;
    return wrong.mistakes.empty() ? "" : wrong.mistakes.front();
  };
  EXPECT_EQ(first("{files: [etc/a.pem]}\n"),
            "upkeep.yml:1:9: files: an absolute path expected, without . and .., not 'etc/a.pem'");
  EXPECT_EQ(first("{files: [/a, /a]}\n"), "upkeep.yml:1:9: files: '/a' is listed more than once");
  EXPECT_EQ(first("{critical_before: 30d}\n"), "upkeep.yml:1:19: critical_before: at most warn_before expected");
  EXPECT_NE(first("{endpoints: [{name: a, address: 'a:0'}]}\n").find("HOST:PORT expected"), std::string::npos);
  for (const char* address : {"a:", "a:x", "a:70000", "::1", "[::1", "[::1]x", "[::1]:", "https://a", "a b:1", ":443"})
    EXPECT_NE(first("{endpoints: [{name: a, address: '" + std::string(address) + "'}]}\n").find("HOST:PORT"),
              std::string::npos);
  EXPECT_NE(first("{endpoints: [{name: a, address: a}, {name: a, address: b}]}\n").find("name of another one"),
            std::string::npos);
  EXPECT_NE(first("{endpoints: [{name: a, address: a, starttls: gopher}]}\n").find("starttls"), std::string::npos);
  EXPECT_NE(first("{endpoints: [{address: a}]}\n").find("name"), std::string::npos);
  EXPECT_NE(first("{stores: [{key: /a}]}\n").find("path"), std::string::npos);
  EXPECT_NE(first("{connections: 0}\n"), "");
}

}  // namespace
}  // namespace upkeep::certificates
