#include "collectors/probes/on_demand.h"

#include <gtest/gtest.h>

#include "exporter/config.h"

namespace upkeep::probes {
namespace {

class OnDemandTest : public ::testing::Test {
 protected:
  OnDemandTest() : document_("upkeep.yml", kText) {
    ConfigReader reader = document_.root();
    options_ = read_options(reader);
    EXPECT_EQ(document_.mistakes(), std::vector<std::string>{});
  }
  Result<Target> ask(std::string_view text) { return target_of(options_, *parse_query(text)); }
  // Where, or why not.
  std::string answer(std::string_view text) {
    const auto target = ask(text);
    return target ? target->module + " " + target->endpoint : target.error().message;
  }

 private:
  static constexpr const char* kText = R"(
targets:
  - {name: shop, url: "http://10.0.0.1:8080/health?deep=1"}
  - {name: db, tcp: "10.0.0.2:5432", module: postgres}
modules:
  - {name: http_2xx, allow: ["*.example.com", 127.0.0.0/8], timeout: 2s, expect: {status: [204]}, method: HEAD}
  - {name: redis, prober: tcp, allow: [10.0.0.0/24], send: "PING\r\n", expect: {body: PONG}}
  - {name: names, prober: dns, allow: [9.9.9.9], query: example.com}
)";
  ConfigDocument document_;
  Options options_;
};

TEST_F(OnDemandTest, KnowsTheTargetsOfTheConfiguration) {
  const std::string shop = "http http://10.0.0.1:8080/health";
  EXPECT_EQ(answer("target=shop"), shop);
  EXPECT_EQ(answer("target=shop&module=http"), shop);
  EXPECT_EQ(answer("target=http://10.0.0.1:8080/health?deep=1"), shop);
  EXPECT_EQ(answer("target=10.0.0.2:5432"), "postgres tcp://10.0.0.2:5432");
  EXPECT_EQ(answer("target=tcp://10.0.0.2:5432&module=postgres"), "postgres tcp://10.0.0.2:5432");
  EXPECT_EQ(ask("target=shop")->allowed, nullptr);
}

TEST_F(OnDemandTest, AsksOthersAsAModuleSays) {
  const auto target = ask("target=www.example.com");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->name, "www.example.com");
  EXPECT_EQ(target->module, "http_2xx");
  EXPECT_EQ(target->url.whole, "http://www.example.com/");
  EXPECT_EQ(target->method, "HEAD");
  EXPECT_EQ(target->timeout, std::chrono::seconds(2));
  EXPECT_EQ(target->expect.status.front().first, 204);
  ASSERT_NE(target->allowed, nullptr);
  EXPECT_EQ(answer("module=http_2xx&target=https://www.example.com/a%3Fb=c"), "http_2xx https://www.example.com:443/a");
  EXPECT_EQ(answer("module=redis&target=10.0.0.9:6379"), "redis tcp://10.0.0.9:6379");
  EXPECT_EQ(answer("module=names&target=9.9.9.9"), "names dns://9.9.9.9:53");
}

TEST_F(OnDemandTest, RefusesEverythingElse) {
  EXPECT_EQ(answer(""), "target: the name or the place of an endpoint expected");
  EXPECT_EQ(answer("module=redis"), "target: the name or the place of an endpoint expected");
  EXPECT_EQ(answer("target=" + std::string(257, 'a')), "target: at most 256 bytes expected");
  EXPECT_EQ(answer("target=shop&module=other"),
            "\"shop\" is neither a target of the configuration, nor is there a module \"other\" to ask it with");
  EXPECT_EQ(answer("target=10.0.0.1:8080"), "module \"http_2xx\" does not allow \"10.0.0.1\"");
  EXPECT_EQ(answer("target=example.com.evil.net"), "module \"http_2xx\" does not allow \"example.com.evil.net\"");
  EXPECT_EQ(answer("target=http://www.example.com@10.0.0.1/").find("target: "), 0u);
  EXPECT_EQ(answer("target=file:///etc/passwd").find("target: "), 0u);
  EXPECT_EQ(answer("target=10.0.1.9:6379&module=redis"), "module \"redis\" does not allow \"10.0.1.9\"");
  EXPECT_EQ(answer("target=10.0.0.9&module=redis"), "target: HOST:PORT expected, an address of IPv6 in brackets");
  EXPECT_EQ(answer("target=www.example.com&hostname=a%0d%0ab"), "hostname: the name of a host expected");
}

// However an address is written, it is the one that counts.
TEST_F(OnDemandTest, SeesThroughDisguises) {
  for (const char* host : {"0x0a.0.0.1", "167772161", "012.0.0.1", "10.1", "[::ffff:10.0.0.1]"}) {
    const std::string text = answer("target=http://" + std::string(host) + "/");
    EXPECT_NE(text.find("does not allow"), std::string::npos) << host << ": " << text;
  }
  EXPECT_EQ(answer("target=http://0x7f.1/"), "http_2xx http://127.0.0.1:80/");
}

TEST_F(OnDemandTest, TakesAnotherNameForTheHost) {
  const auto target = ask("target=https://127.0.0.1/&hostname=www.example.com");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->headers, std::vector<std::string>{"Host: www.example.com"});
  EXPECT_EQ(target->tls_options.server_name, "www.example.com");
}

}  // namespace
}  // namespace upkeep::probes
