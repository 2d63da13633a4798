// The endpoints over real sockets; what clients that mean no good can do is in web_abuse_test.cc.
#include "exporter/web.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libdeflate.h>

#include <atomic>
#include <thread>

#include "tests/support/web_world.h"

namespace upkeep {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HttpAnswer;
using testing::HttpClient;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using testing::WebWorld;

std::string gunzipped(const std::string& packed, std::size_t size) {
  std::string text(size, '\0');
  libdeflate_decompressor* const decompressor = libdeflate_alloc_decompressor();
  const auto result =
      libdeflate_gzip_decompress(decompressor, packed.data(), packed.size(), text.data(), text.size(), nullptr);
  libdeflate_free_decompressor(decompressor);
  return result == LIBDEFLATE_SUCCESS ? text : "no gzip";
}

TEST(Web, Metrics) {
  WebWorld world;
  const HttpAnswer answer = HttpClient(world.port()).get("/metrics");
  EXPECT_EQ(
      answer.head,
      "HTTP/1.1 200 OK\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\n"
      "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: 12\r\nVary: Accept-Encoding\r\n");
  EXPECT_EQ(answer.body, "node_load1 1");
}

TEST(Web, MetricsCompressed) {
  WebWorld world;
  const std::string text(200'000, 'x');
  world.backend.set_text(text);
  HttpClient client(world.port());
  const auto f = [&](std::string_view accept, bool gzip) {
    const HttpAnswer answer = client.get("/metrics", "Accept-Encoding: " + std::string(accept) + "\r\n");
    EXPECT_EQ(answer.code, 200);
    EXPECT_EQ(answer.field("Content-Encoding"), gzip ? "gzip" : "");
    EXPECT_EQ(answer.field("Vary"), "Accept-Encoding");
    EXPECT_EQ(gzip ? gunzipped(answer.body, text.size()) : answer.body, text);
  };
  f("gzip", true);
  f("deflate, gzip;q=0.8", true);
  f("gzip;q=0", false);
  f("identity", false);
  f("*", true);
}

TEST(Web, HeadHasTheHeadOfGet) {
  WebWorld world;
  HttpClient client(world.port());
  for (const char* target : {"/metrics", "/", "/-/healthy", "/-/ready"}) {
    const HttpAnswer get = client.get(target);
    EXPECT_EQ(get.code, 200) << target;
    EXPECT_EQ(client.request("HEAD", target).head, get.head);
  }
  EXPECT_EQ(client.get("/-/healthy").body, "Upkeep is healthy.\n");  // nothing was left over
}

TEST(Web, LandingPage) {
  WebWorld world;
  const HttpAnswer answer = HttpClient(world.port()).get("/");
  EXPECT_EQ(answer.code, 200);
  EXPECT_EQ(answer.field("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(answer.field("Content-Security-Policy"),
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
  EXPECT_THAT(answer.body, StartsWith("<!DOCTYPE html>"));
  EXPECT_THAT(answer.body, HasSubstr("<th scope=\"row\">loadavg<small>Load averages.</small>"));
}

TEST(Web, Health) {
  WebWorld world;
  HttpClient client(world.port());
  EXPECT_EQ(client.get("/-/healthy").body, "Upkeep is healthy.\n");
  EXPECT_EQ(client.get("/-/ready").body, "Upkeep is ready.\n");
  world.backend.is_ready = false;
  EXPECT_EQ(client.get("/-/healthy").code, 200);
  const HttpAnswer answer = client.get("/-/ready");
  EXPECT_EQ(answer.code, 503);
  EXPECT_EQ(answer.body, "Upkeep is not ready.\n");
}

TEST(Web, OtherMethods) {
  WebWorld world;
  HttpClient client(world.port());
  for (const char* target : {"/metrics", "/", "/-/healthy", "/-/ready"}) {
    for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
      const HttpAnswer answer = client.request(method, target);
      EXPECT_EQ(answer.code, 405) << method << target;
      EXPECT_EQ(answer.field("Allow"), "GET, HEAD");
    }
  }
  EXPECT_EQ(client.get("/-/reload").code, 405);
  EXPECT_EQ(client.get("/-/reload").field("Allow"), "POST");
}

TEST(Web, NothingElse) {
  WebWorld world;
  HttpClient client(world.port());
  for (const char* target : {"/metrics/", "/metricsx", "/-/quit", "/favicon.ico", "/etc/passwd", "/../etc/passwd",
                             "/%2e%2e/etc/passwd", "/-/", "/index.html", "/x%0d%0aSet-Cookie:%20a=b"}) {
    const HttpAnswer answer = client.get(target);
    EXPECT_EQ(answer.code, 404) << target;
    EXPECT_EQ(answer.body, "Not found.\n");
    EXPECT_EQ(answer.field("Set-Cookie"), "");
  }
  EXPECT_EQ(client.request("POST", "/nowhere").code, 404);
}

TEST(Web, AnotherPathForMetrics) {
  WebSettings settings;
  settings.telemetry_path = "/host/metrics";
  WebWorld world(settings);
  HttpClient client(world.port());
  EXPECT_EQ(client.get("/host/metrics").body, "node_load1 1");
  EXPECT_EQ(client.get("/metrics").code, 404);
  EXPECT_THAT(client.get("/").body, HasSubstr("<a href=\"/host/metrics\">"));
}

TEST(Web, ChoosesCollectors) {
  WebWorld world;
  HttpClient client(world.port());
  EXPECT_EQ(client.get("/metrics?collect[]=cpu&collect%5B%5D=stat").code, 200);
  EXPECT_THAT(world.backend.last().collect, ElementsAre("cpu", "stat"));
  EXPECT_THAT(world.backend.last().exclude, IsEmpty());
  EXPECT_EQ(client.get("/metrics?exclude[]=cpu").code, 200);
  EXPECT_THAT(world.backend.last().exclude, ElementsAre("cpu"));
  EXPECT_EQ(client.get("/metrics?").code, 200);
  EXPECT_THAT(world.backend.last().exclude, IsEmpty());

  const HttpAnswer both = client.get("/metrics?collect[]=cpu&exclude[]=stat");
  EXPECT_EQ(both.code, 400);
  EXPECT_EQ(both.body, "collect[] and exclude[] cannot be combined\n");
  const HttpAnswer unknown = client.get("/metrics?collect[]=unknown");
  EXPECT_EQ(unknown.code, 400);
  EXPECT_EQ(unknown.body, "\"unknown\" is no enabled collector\n");
  EXPECT_EQ(unknown.field("X-Content-Type-Options"), "nosniff");
}

TEST(Web, ScrapeDeadlines) {
  WebWorld world;
  HttpClient client(world.port());
  const auto f = [&](std::string_view fields, Clock::duration left) {
    EXPECT_EQ(client.get("/metrics", fields).code, 200);
    EXPECT_EQ(world.backend.last().deadline - world.clock.now(), left) << fields;
  };
  f("", 9500ms);
  f("X-Prometheus-Scrape-Timeout-Seconds: 3\r\n", 2500ms);
  f("x-prometheus-scrape-timeout-seconds: 1.5\r\n", 1s);
  f("X-Prometheus-Scrape-Timeout-Seconds: soon\r\n", 9500ms);
}

TEST(Web, AScrapeThatFails) {
  WebWorld world;
  HttpClient client(world.port());
  world.backend.failure = Error{ErrorCode::kTimeout, "no page in time"};
  EXPECT_EQ(client.get("/metrics").code, 503);
  world.backend.failure = Error{ErrorCode::kSystem, "out of luck"};
  const HttpAnswer answer = client.get("/metrics");
  EXPECT_EQ(answer.code, 500);
  EXPECT_EQ(answer.body, "out of luck\n");
  world.backend.failure.reset();
  world.backend.no_page = true;
  EXPECT_EQ(client.get("/metrics").code, 503);
}

TEST(Web, AnExceptionEndsOneRequestOnly) {
  WebWorld world;
  world.backend.throws = true;
  HttpClient client(world.port());
  const HttpAnswer answer = client.get("/metrics");
  EXPECT_EQ(answer.code, 500);
  EXPECT_EQ(answer.body, "Internal error.\n");
  EXPECT_TRUE(client.is_closed(5s));
  world.backend.throws = false;
  EXPECT_EQ(HttpClient(world.port()).get("/metrics").code, 200);
}

TEST(Web, LimitsConcurrentScrapes) {
  WebSettings settings;
  settings.max_requests = 2;
  WebWorld world(settings);
  world.backend.hold();
  {
    std::jthread first([&] { EXPECT_EQ(HttpClient(world.port()).get("/metrics").code, 200); });
    std::jthread second([&] { EXPECT_EQ(HttpClient(world.port()).get("/metrics").code, 200); });
    world.backend.wait_for_scrapes(2);
    const HttpAnswer third = HttpClient(world.port()).get("/metrics");
    EXPECT_EQ(third.code, 503);
    EXPECT_EQ(third.body, "Limit of concurrent requests reached (2), try again later.\n");
    EXPECT_EQ(HttpClient(world.port()).get("/-/healthy").code, 200);
    world.backend.release();
  }
  // The right to scrape comes back however a scrape ends.
  world.backend.throws = true;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(HttpClient(world.port()).get("/metrics").code, 500);
  world.backend.throws = false;
  EXPECT_EQ(HttpClient(world.port()).get("/metrics").code, 200);
  EXPECT_THAT(world.own_metrics(), HasSubstr("\nupkeep_http_scrapes_in_flight 0\n"));
}

TEST(Web, ZeroMeansNoLimit) {
  WebSettings settings;
  settings.max_requests = 0;
  WebWorld world(settings);
  EXPECT_EQ(HttpClient(world.port()).get("/metrics").code, 200);
}

TEST(Web, Reload) {
  WebSettings settings;
  settings.lifecycle = true;
  WebWorld world(settings);
  HttpClient client(world.port());
  const HttpAnswer good = client.request("POST", "/-/reload");
  EXPECT_EQ(good.code, 200);
  EXPECT_EQ(good.body, "Configuration reloaded.\n");
  EXPECT_EQ(world.backend.reloads, 1);
  world.backend.failure = Error{ErrorCode::kParse, "upkeep.yml:3:1: <no>"};
  const HttpAnswer bad = client.request("POST", "/-/reload");
  EXPECT_EQ(bad.code, 500);
  EXPECT_EQ(bad.body, "upkeep.yml:3:1: <no>\n");
  EXPECT_EQ(bad.field("Content-Type"), "text/plain; charset=utf-8");
}

TEST(Web, ReloadIsOffByDefault) {
  WebWorld world;
  const HttpAnswer answer = HttpClient(world.port()).request("POST", "/-/reload");
  EXPECT_EQ(answer.code, 403);
  EXPECT_EQ(answer.body, "Reloading by HTTP is off; --web.enable-lifecycle allows it.\n");
  EXPECT_EQ(world.backend.reloads, 0);
}

TEST(Web, KeepsConnections) {
  WebWorld world;
  HttpClient client(world.port());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(client.get("/metrics").code, 200);
  EXPECT_FALSE(client.is_closed());
  const HttpAnswer last = client.get("/metrics", "Connection: Close\r\n");
  EXPECT_EQ(last.code, 200);
  EXPECT_EQ(last.field("Connection"), "close");
  EXPECT_TRUE(client.is_closed(5s));
}

TEST(Web, AnswersRequestsSentTogether) {
  WebWorld world;
  HttpClient client(world.port());
  ASSERT_TRUE(client.send("GET /metrics HTTP/1.1\r\n\r\nGET /-/healthy HTTP/1.1\r\n\r\n"));
  EXPECT_EQ(client.receive().body, "node_load1 1");
  EXPECT_EQ(client.receive().body, "Upkeep is healthy.\n");
}

TEST(Web, OldClientsAreServedOnce) {
  WebWorld world;
  HttpClient client(world.port());
  ASSERT_TRUE(client.send("GET /metrics HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(client.receive().body, "node_load1 1");
  EXPECT_TRUE(client.is_closed(5s));
}

TEST(Web, CountsWhatItAnswers) {
  WebWorld world;
  HttpClient client(world.port());
  client.get("/metrics");
  client.get("/metrics");
  client.get("/metrics?collect[]=unknown");
  client.get("/nowhere");
  client.request("POST", "/-/reload");
  client.get("/");
  const std::string text = world.own_metrics();
  EXPECT_THAT(text, HasSubstr("{handler=\"metrics\",code=\"200\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("{handler=\"metrics\",code=\"400\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("{handler=\"other\",code=\"404\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("{handler=\"reload\",code=\"403\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("{handler=\"landing\",code=\"200\"} 1\n"));
}

TEST(Web, ListensOnSeveralAddresses) {
  WebSettings settings;
  settings.listen = {"127.0.0.1:0", "localhost:0", "127.0.0.3:0"};
  WebWorld world(settings);
  const auto urls = world.web->urls();
  ASSERT_EQ(urls.size(), 3U);
  EXPECT_THAT(urls[0], StartsWith("http://127.0.0.1:"));
  EXPECT_THAT(urls[1], StartsWith("http://127.0.0.1:"));
  EXPECT_THAT(urls[2], StartsWith("http://127.0.0.3:"));
  EXPECT_EQ(HttpClient(world.port(0)).get("/metrics").code, 200);
  EXPECT_EQ(HttpClient(world.port(1)).get("/metrics").code, 200);
}

TEST(Web, EveryAddress) {
  WebSettings settings;
  settings.listen = {":0"};
  WebWorld world(settings);
  EXPECT_THAT(world.web->urls().front(), StartsWith("http://0.0.0.0:"));
  EXPECT_EQ(HttpClient(world.port()).get("/metrics").code, 200);
}

TEST(Web, SaysWhyItCannotListen) {
  WebWorld world;
  const std::string taken = "127.0.0.1:" + std::to_string(world.port());
  const auto f = [&](WebSettings settings, auto message) {
    const auto web = Web::start(settings, world.backend, world.clock, world.log, world.telemetry);
    ASSERT_FALSE(web);
    EXPECT_THAT(web.error().message, message);
  };
  f({.listen = {taken}}, HasSubstr("cannot bind to " + taken + ": 98 (Address already in use)"));
  f({.listen = {"127.0.0.1:0", taken}}, HasSubstr("cannot bind to " + taken));
  f({.listen = {"192.0.2.1:0"}}, HasSubstr("192.0.2.1:0: 99 (Cannot assign requested address)"));
  f({.listen = {"127.0.0.1:443s"}}, "\"127.0.0.1:443s\": TLS is not offered; put a proxy in front");
  f({.listen = {}}, "no address to listen on");
  for (const char* path : {"", "/", "metrics", "/-/metrics", "/a b", "/m?x", "/m%20"}) {
    f({.listen = {"127.0.0.1:0"}, .telemetry_path = path}, HasSubstr("a path for the metrics looks like /metrics"));
  }
  EXPECT_EQ(HttpClient(world.port()).get("/metrics").code, 200);
}

TEST(Web, EndsPromptlyWithIdleConnections) {
  auto world = std::make_unique<WebWorld>();
  HttpClient idle(world->port()), silent(world->port());
  EXPECT_EQ(idle.get("/metrics").code, 200);
  const auto began = std::chrono::steady_clock::now();
  world->web.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
  EXPECT_TRUE(idle.is_closed(5s));
  EXPECT_TRUE(silent.is_closed(5s));
}

TEST(Web, EndsWithoutARequestThatIsStuck) {
  auto world = std::make_unique<WebWorld>();
  world->backend.hold();
  HttpClient stuck(world->port());
  ASSERT_TRUE(stuck.send("GET /metrics HTTP/1.1\r\n\r\n"));
  world->backend.wait_for_scrapes(1);
  const auto began = std::chrono::steady_clock::now();
  world->web.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, limits::kShutdown + 1s);
  EXPECT_TRUE(stuck.is_closed(5s));
  world->backend.release();
  static const WebWorld* const kKept = world.release();  // the thread left behind uses it, to the end of the process
  EXPECT_NE(kKept, nullptr);
}

TEST(Web, OnDemand) {
  WebWorld world;
  HttpClient client(world.port());
  HttpAnswer answer = client.get("/probe?target=a%20b&module=tcp");
  EXPECT_EQ(answer.code, 200);
  EXPECT_EQ(answer.body, "/probe target=a b module=tcp");
  EXPECT_EQ(answer.field("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(world.backend.last().deadline, world.clock.now() + 9500ms);
  client.get("/probe", "X-Prometheus-Scrape-Timeout-Seconds: 3\r\n");
  EXPECT_EQ(world.backend.last().deadline, world.clock.now() + 2500ms);
  EXPECT_EQ(client.get("/probe?target=%").code, 400);
  EXPECT_EQ(client.get("/probes").code, 404);
  EXPECT_EQ(HttpClient(world.port()).request("POST", "/probe").code, 405);
  const auto failing = [&](ErrorCode code) {
    world.backend.failure = Error{code, "why"};
    answer = HttpClient(world.port()).get("/probe");
    EXPECT_EQ(answer.body, "why\n");
    return answer.code;
  };
  EXPECT_EQ(failing(ErrorCode::kParse), 400);
  EXPECT_EQ(failing(ErrorCode::kTimeout), 503);
  EXPECT_EQ(failing(ErrorCode::kSystem), 500);
  EXPECT_THAT(world.own_metrics(), HasSubstr("{handler=\"on_demand\",code=\"400\"} 2\n"));
}

TEST(Web, AnswersFewOnDemandAtATime) {
  WebWorld world;
  world.backend.hold();
  std::vector<std::thread> clients;
  std::atomic<int> good = 0;
  for (int i = 0; i < limits::kConcurrentAnswers; ++i) {
    clients.emplace_back([&] { good += HttpClient(world.port()).get("/probe").code == 200 ? 1 : 0; });
  }
  world.backend.wait_for_scrapes(limits::kConcurrentAnswers);
  const HttpAnswer one_more = HttpClient(world.port()).get("/probe");
  EXPECT_EQ(one_more.code, 503);
  EXPECT_EQ(one_more.body, "8 of these are being answered already, try again later.\n");
  world.backend.release();
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, limits::kConcurrentAnswers);
  EXPECT_EQ(HttpClient(world.port()).get("/probe").code, 200);
}

}  // namespace
}  // namespace upkeep
