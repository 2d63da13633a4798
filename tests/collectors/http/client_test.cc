#include "collectors/http/client.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/support/fake_engine.h"

namespace upkeep::http {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 10s;
constexpr std::size_t kBytes = 1 << 20;

class HttpClient : public ::testing::Test {
 protected:
  HttpClient() : client_(make_unix_client(server_.socket(), stop_.get_token()).value()) {}
  Answered<Reply> get(const std::string& target) { return client_->get(target, kBytes, kPatience); }
  Failure failure(const std::string& target, std::chrono::milliseconds patience = kPatience) {
    const auto reply = client_->get(target, kBytes, patience);
    EXPECT_FALSE(reply) << reply->body;
    return reply ? Failure::kOther : reply.error().why;
  }
  // All lines until `count` have come.
  std::vector<std::string> lines(std::size_t count) {
    std::vector<std::string> all;
    while (all.size() < count) {
      auto some = client_->lines(kPatience);
      if (!some) {
        ADD_FAILURE() << some.error().message;
        break;
      }
      all.insert(all.end(), some->begin(), some->end());
    }
    return all;
  }
  // Why the stream ended.
  Problem end() {
    while (true) {
      if (auto some = client_->lines(kPatience); !some) return some.error();
    }
  }

  testing::FakeEngine server_;
  std::stop_source stop_;
  std::unique_ptr<Client> client_;
};

TEST_F(HttpClient, GetsWithItsStatus) {
  server_.answer("/a", "hello");
  server_.answer("/b", "no", 500);
  const auto good = get("/a"), bad = get("/b");
  ASSERT_TRUE(good && bad);
  EXPECT_EQ(good->status, 200);
  EXPECT_EQ(good->body, "hello");
  EXPECT_EQ(bad->status, 500);
  EXPECT_EQ(bad->body, "no");
}

TEST_F(HttpClient, KeepsItsConnection) {
  server_.answer("/a", "hello");
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(get("/a"));
  EXPECT_EQ(server_.connections(), 1u);
  server_.hang_up();
  EXPECT_TRUE(get("/a")) << "a connection that was closed meanwhile is made again";
}

TEST_F(HttpClient, PutsChunksTogether) {
  std::string body;
  for (int i = 0; i < 3000; ++i) body += std::to_string(i);
  server_.answer_chunked("/a", body);
  EXPECT_EQ(get("/a")->body, body);
}

TEST_F(HttpClient, SaysWhyThereIsNoAnswer) {
  server_.answer_raw("/half", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it");
  server_.answer_raw("/chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nhalf of");
  server_.answer_raw("/nothing", "");
  server_.answer_raw("/noise", "\x01\x02 this is not HTTP\n\n");
  server_.answer("/large", std::string(kBytes + 1, 'x'));
  server_.hang("/silent");
  EXPECT_EQ(failure("/half"), Failure::kLost);
  EXPECT_EQ(failure("/chunk"), Failure::kLost);
  EXPECT_EQ(failure("/nothing"), Failure::kLost);
  EXPECT_EQ(failure("/noise"), Failure::kMalformed);
  EXPECT_EQ(failure("/large"), Failure::kTooLarge);
  EXPECT_EQ(failure("/silent", 50ms), Failure::kTimeout);
  server_.answer("/a", "hello");
  EXPECT_EQ(get("/a")->body, "hello") << "whatever came before";
  server_.stop();
  EXPECT_EQ(failure("/a"), Failure::kRefused);
}

TEST_F(HttpClient, SaysThatThereIsNoSocket) {
  client_ = make_unix_client(server_.socket() + "x", stop_.get_token()).value();
  EXPECT_EQ(failure("/a"), Failure::kNotFound);
}

TEST_F(HttpClient, HandsOutLinesWhileOthersAreAnswered) {
  server_.answer("/a", "hello");
  ASSERT_TRUE(client_->open_stream("/events"));
  ASSERT_EQ(client_->lines(1ms)->size(), 0u);
  while (server_.requests("/events") == 0) ASSERT_TRUE(client_->lines(1ms));
  server_.send_event("one");
  server_.send_event("two\nthree");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get("/a")->body, "hello");
  EXPECT_EQ(lines(3), (std::vector<std::string>{"one", "two", "three"}));
  server_.hang_up();
  EXPECT_EQ(end().why, Failure::kLost);
  ASSERT_TRUE(client_->open_stream("/events"));
  EXPECT_TRUE(client_->lines(1ms)) << "a new stream, a new life";
}

TEST_F(HttpClient, SaysWhyAStreamDoesNotBegin) {
  server_.answer("/events", "{}", 500);
  ASSERT_TRUE(client_->open_stream("/events"));
  std::ignore = client_->lines(kPatience);
  EXPECT_EQ(end().message, "HTTP status 500");
}

TEST_F(HttpClient, BoundsWhatNobodyTakes) {
  server_.answer("/a", "hello");
  server_.answer_raw("/events", "HTTP/1.1 200 OK\r\n\r\n" + std::string(Client::kPendingBytes + 1, 'x'));
  ASSERT_TRUE(client_->open_stream("/events"));
  EXPECT_EQ(end().why, Failure::kTooLarge);
  server_.answer_raw("/events", "HTTP/1.1 200 OK\r\n\r\n" + std::string(100'000, '\n'));
  ASSERT_TRUE(client_->open_stream("/events"));
  EXPECT_EQ(end().why, Failure::kLost) << "as many as are taken";
}

TEST_F(HttpClient, StopsFromAnotherThread) {
  server_.hang("/silent");
  const auto began = std::chrono::steady_clock::now();
  std::jthread stopper([&] {
    while (server_.requests("/silent") == 0) std::this_thread::yield();
    stop_.request_stop();
  });
  EXPECT_EQ(failure("/silent", 60s), Failure::kStopped);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
  EXPECT_EQ(failure("/silent", 60s), Failure::kStopped) << "for good";
}

TEST_F(HttpClient, StopsWhileItListens) {
  ASSERT_TRUE(client_->open_stream("/events"));
  std::jthread stopper([&] {
    while (server_.requests("/events") == 0) std::this_thread::yield();
    stop_.request_stop();
  });
  EXPECT_EQ(end().why, Failure::kStopped);
}

}  // namespace
}  // namespace upkeep::http
