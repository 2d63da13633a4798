// Clients that mean no good: silent, slow, greedy, malformed. They come from other loopback addresses than Prometheus,
// which must hardly notice them.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "exporter/web.h"
#include "tests/support/web_world.h"

namespace upkeep {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::HttpAnswer;
using testing::HttpClient;
using testing::WebWorld;

// How long a new client waits for a page.
std::chrono::steady_clock::duration time_scrape(const WebWorld& world, const char* from = "127.0.0.1") {
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(HttpClient(world.port(), from).get("/metrics", "Accept-Encoding: gzip\r\n").code, 200);
  return std::chrono::steady_clock::now() - began;
}

std::vector<HttpClient> open_many(const WebWorld& world, int count, const char* from, std::string_view begin) {
  std::vector<HttpClient> clients;
  for (int i = 0; i < count; ++i) {
    clients.emplace_back(world.port(), from);
    clients.back().send(begin);
  }
  return clients;
}

std::size_t count_closed(std::vector<HttpClient>& clients) {
  return static_cast<std::size_t>(
      std::ranges::count_if(clients, [](HttpClient& client) { return client.is_closed(); }));
}

// Until all are closed; how long that took.
std::chrono::steady_clock::duration wait_until_closed(std::vector<HttpClient>& clients) {
  const auto began = std::chrono::steady_clock::now();
  for (HttpClient& client : clients) EXPECT_TRUE(client.is_closed(20s));
  return std::chrono::steady_clock::now() - began;
}

TEST(WebAbuse, HalfOpenClientsDelayNobodyAndAreClosed) {
  WebWorld world;
  constexpr std::string_view kBegin = "GET /metrics HTTP/1.1\r\nHo";
  // The best of a few, and far from the two seconds that one waits for a thread: the machine has other things to do.
  // The faults tests measure closer.
  std::chrono::steady_clock::duration best = 1h;
  for (int round = 0; round < 10; ++round) {
    const std::vector<HttpClient> clients = open_many(world, 300, "127.0.0.2", kBegin);
    best = std::min(best, time_scrape(world));
  }
  EXPECT_LT(best, 500ms);
  std::vector<HttpClient> clients = open_many(world, 300, "127.0.0.2", kBegin);
  EXPECT_LT(wait_until_closed(clients), 5s);
  // The cap counts by address: nearly all of them were turned away at once.
  EXPECT_THAT(world.own_metrics(), ::testing::ContainsRegex("upkeep_http_connections_refused_total [23][0-9]{3}\n"));
}

TEST(WebAbuse, SilentClientsToo) {
  WebWorld world;
  std::vector<HttpClient> clients = open_many(world, 300, "127.0.0.2", "");
  EXPECT_LT(time_scrape(world), 1s);
  EXPECT_GE(count_closed(clients) + limits::kConnectionsPerAddress, 200U);
  EXPECT_LT(wait_until_closed(clients), 5s);
}

TEST(WebAbuse, ClientsThatDripAreClosed) {
  WebWorld world;
  std::vector<HttpClient> clients = open_many(world, 60, "127.0.0.2", "GET /metrics HTTP/1.1\r\nX: ");
  const auto began = std::chrono::steady_clock::now();
  auto slowest = time_scrape(world);
  // Each byte comes well before the server would take the client for dead.
  while (count_closed(clients) < clients.size() && std::chrono::steady_clock::now() - began < 10s) {
    for (const HttpClient& client : clients) client.send("x");
    slowest = std::max(slowest, time_scrape(world));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
  EXPECT_LT(slowest, 1s);
}

// From three addresses at once there are more than all threads together.
TEST(WebAbuse, AFewThreadsAreKeptForTheModest) {
  WebWorld world;
  std::vector<std::vector<HttpClient>> crowds;
  for (const char* from : {"127.0.0.2", "127.0.0.3", "127.0.0.4"}) {
    crowds.push_back(open_many(world, 40, from, "GET /"));
  }
  EXPECT_LT(time_scrape(world), 1s);
  for (auto& crowd : crowds) EXPECT_LT(wait_until_closed(crowd), 5s);
}

constexpr std::size_t kHuge = std::size_t{16} << 20;  // more than any socket buffers

TEST(WebAbuse, ReadersThatTakeNothingAreClosed) {
  WebWorld world;
  world.backend.set_text(std::string(kHuge, 'x'));
  std::vector<HttpClient> readers;
  for (int i = 0; i < limits::kConnectionsPerAddress; ++i) {
    readers.emplace_back(world.port(), "127.0.0.2", 4096);
    readers.back().send("GET /metrics HTTP/1.1\r\n\r\n");
  }
  world.backend.wait_for_pages(limits::kConnectionsPerAddress);
  world.backend.set_text("short");
  EXPECT_LT(time_scrape(world), 1s);
  const auto began = std::chrono::steady_clock::now();
  while (world.connections() > 0 && std::chrono::steady_clock::now() - began < 20s) time_scrape(world);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 8s);
}

TEST(WebAbuse, ReadersThatTakeLittleAreClosedToo) {
  WebWorld world;
  world.backend.set_text(std::string(kHuge, 'x'));
  HttpClient reader(world.port(), "127.0.0.2", 4096);
  reader.send("GET /metrics HTTP/1.1\r\n\r\n");
  std::size_t taken = reader.swallow(1000);
  EXPECT_GT(taken, 0U);
  world.clock.advance(limits::kHttpResponseDeadline + 1s);
  while (const std::size_t more = reader.swallow(100'000)) taken += more;
  EXPECT_LT(taken, kHuge);
}

TEST(WebAbuse, TooManyFields) {
  WebWorld world;
  const auto request = [](int fields) {
    std::string text = "GET /metrics HTTP/1.1\r\n";
    for (int i = 0; i < fields; ++i) text += "X-" + std::to_string(i) + ": y\r\n";
    return text + "\r\n";
  };
  HttpClient modest(world.port());
  modest.send(request(limits::kRequestHeaders));
  EXPECT_EQ(modest.receive().code, 200);
  for (int fields : {limits::kRequestHeaders + 1, limits::kRequestHeaders + 2, 500}) {
    HttpClient client(world.port());
    client.send(request(fields));
    const HttpAnswer answer = client.receive();
    EXPECT_EQ(answer.code, 431) << fields;
    EXPECT_EQ(answer.body, "More than 63 header fields.\n");
    EXPECT_TRUE(client.is_closed(5s));
  }
}

TEST(WebAbuse, TooLarge) {
  WebWorld world;
  HttpClient client(world.port());
  client.send("GET /metrics HTTP/1.1\r\nX: " + std::string(limits::kRequestBytes, 'x') + "\r\n\r\n");
  const HttpAnswer answer = client.receive();
  EXPECT_TRUE(answer.code == 400 || answer.code == 0) << answer.code;  // 0: it was reset with our bytes unread
  EXPECT_TRUE(client.is_closed(5s));
  EXPECT_LT(time_scrape(world), 1s);
}

TEST(WebAbuse, Malformed) {
  WebWorld world;
  for (const char* text :
       {"\r\n\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "BREW / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        "GET metrics HTTP/1.1\r\n\r\n", "GET * HTTP/1.1\r\n\r\n", "GET http://elsewhere/ HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n"}) {
    HttpClient client(world.port());
    client.send(text);
    EXPECT_TRUE(client.is_closed(5s)) << text;
  }
  EXPECT_EQ(HttpClient(world.port()).get("/metrics").code, 200);
}

// What follows a body that nobody reads must not be taken for a request.
TEST(WebAbuse, BodiesEndTheConnection) {
  WebWorld world;
  const auto f = [&](std::string_view fields, std::string_view body) {
    HttpClient client(world.port());
    client.send("POST /-/reload HTTP/1.1\r\n" + std::string(fields) + "\r\n" + std::string(body) +
                "GET /-/healthy HTTP/1.1\r\n\r\n");
    const HttpAnswer answer = client.receive();
    EXPECT_EQ(answer.code, 403) << fields;
    EXPECT_EQ(answer.field("Connection"), "close") << fields;
    EXPECT_EQ(client.receive().code, 0) << fields;
  };
  f("Content-Length: 5\r\n", "hello");
  f("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n");
  f("Content-Length: 1000000000\r\n", "");
  EXPECT_THAT(world.own_metrics(), ::testing::Not(HasSubstr("handler=\"healthy\"")));
}

TEST(WebAbuse, TwoLengthsAreRefused) {
  WebWorld world;
  const auto f = [&](std::string_view fields) {
    HttpClient client(world.port());
    client.send("GET /metrics HTTP/1.1\r\n" + std::string(fields) + "\r\nGET /-/healthy HTTP/1.1\r\n\r\n");
    EXPECT_EQ(client.receive().code, 400) << fields;
    EXPECT_EQ(client.receive().code, 0) << fields;
  };
  f("Content-Length: 0\r\nContent-Length: 31\r\n");
  f("Content-Length: 31\r\nContent-Length: 0\r\n");
  f("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n");
  f("transfer-encoding: chunked\r\ncontent-length: 5\r\n");
}

TEST(WebAbuse, NobodyWaitsForABodyThatDrips) {
  WebWorld world;
  HttpClient client(world.port());
  client.send("GET /metrics HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_EQ(client.receive().code, 200);
  EXPECT_TRUE(client.is_closed(5s));
}

TEST(WebAbuse, WebSocketsAreNotSpoken) {
  WebWorld world;
  HttpClient client(world.port());
  const HttpAnswer answer = client.get("/metrics",
                                       "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
  EXPECT_EQ(answer.code, 200);
  EXPECT_EQ(answer.field("Connection"), "close");
  EXPECT_TRUE(client.is_closed(5s));
}

// A thousand of them leave nothing behind.
TEST(WebAbuse, NothingGrows) {
  WebWorld world;
  time_scrape(world);
  const auto lowest_free = [] {
    const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(fd);
    return fd;
  };
  // The server looks at its connections now and then with a descriptor more: its own, and gone at once.
  const auto settles_at = [&](int most) {
    const auto began = std::chrono::steady_clock::now();
    while (world.connections() > 0 || lowest_free() > most) {
      if (std::chrono::steady_clock::now() - began > 20s) return false;
      std::this_thread::yield();
    }
    return true;
  };
  const int before = lowest_free();
  for (int i = 0; i < 1000; ++i) {
    HttpClient client(world.port());
    client.send(i % 2 == 0 ? "GET /metrics HTTP/1.1\r\n\r\n" : "GET /met");
  }
  EXPECT_TRUE(settles_at(before));
}

}  // namespace
}  // namespace upkeep
