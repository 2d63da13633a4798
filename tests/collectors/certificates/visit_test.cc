#include "collectors/certificates/visit.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "exporter/limits.h"

namespace upkeep::certificates {
namespace {

using namespace std::chrono_literals;

// A socket of loopback that accepts connections and never says a word.
class SilentServer {
 public:
  SilentServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    constexpr int kQueue = 512;
    if (::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(socket_, kQueue) != 0 ||
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("no socket");
    port_ = ntohs(address.sin_port);
  }
  ~SilentServer() { close(); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  [[nodiscard]] int port() const { return port_; }
  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }
  // Takes one connection, and says this.
  void say_once(std::string_view words) const {
    const int connection = ::accept(socket_, nullptr, nullptr);
    static_cast<void>(::send(connection, words.data(), words.size(), MSG_NOSIGNAL));
    ::close(connection);
  }

 private:
  int socket_;
  int port_ = 0;
};

struct Guide {
  SystemClock clock;
  Resolver resolver;
  std::shared_ptr<Trust> trust = *(*library())->trust("");
  std::stop_source stop;
  std::size_t at_once = 32;
  Clock::duration patience = 20s;

  Destination to(int port, std::chrono::milliseconds timeout, std::string host = "127.0.0.1") const {
    return {.host = std::move(host), .port = port, .server_name = "localhost", .timeout = timeout, .trust = trust};
  }
  std::vector<Visited> visit(const std::vector<Destination>& destinations) {
    const auto begun = clock.now();
    auto results = certificates::visit(destinations, {.library = **library(),
                                                      .resolver = resolver,
                                                      .clock = clock,
                                                      .deadline = begun + patience,
                                                      .stop = stop.get_token(),
                                                      .at_once = at_once});
    took = clock.now() - begun;
    return results;
  }
  Clock::duration took{};
};

TEST(CertificateVisit, ADeadEndpointTakesItsTimeAndNoMore) {
  const SilentServer server;
  Guide guide;
  const auto results = guide.visit({guide.to(server.port(), 300ms)});
  EXPECT_EQ(results[0].failure, Failure::kTimeout);
  EXPECT_EQ(results[0].address, "127.0.0.1");
  EXPECT_GE(guide.took, 300ms);
  EXPECT_LT(guide.took, 5s);
}

// In a row they would take 20 s.
TEST(CertificateVisit, AHundredDeadOnesTakeTheirTimeTogether) {
  const SilentServer server;
  Guide guide;
  const auto results = guide.visit(std::vector<Destination>(100, guide.to(server.port(), 200ms)));
  for (const Visited& one : results) EXPECT_EQ(one.failure, Failure::kTimeout);
  EXPECT_GE(guide.took, 800ms);
  EXPECT_LT(guide.took, 8s);
}

TEST(CertificateVisit, SaysWhoWasNotReached) {
  const SilentServer server;
  Guide guide;
  guide.at_once = 1;
  guide.patience = 300ms;
  const auto results = guide.visit(std::vector<Destination>(4, guide.to(server.port(), 200ms)));
  EXPECT_EQ(results[0].failure, Failure::kTimeout);
  EXPECT_EQ(results[3].failure, Failure::kNotReached);
}

TEST(CertificateVisit, SaysWhatHappened) {
  SilentServer server, talker;
  const int nobody = server.port();
  server.close();
  std::jthread talking([&] { talker.say_once("SSH-2.0-OpenSSH_9.2\r\n"); });
  Guide guide;
  Destination distrustful = guide.to(nobody, 5s);
  distrustful.trust = nullptr;
  const auto results = guide.visit(
      {guide.to(nobody, 5s), guide.to(talker.port(), 5s), distrustful, guide.to(1, 5s, "no-such-host.invalid")});
  EXPECT_EQ(results[0].failure, Failure::kRefused);
  EXPECT_EQ(results[0].why, "Connection refused");
  EXPECT_EQ(results[1].failure, Failure::kHandshake) << results[1].why;
  EXPECT_EQ(results[2].failure, Failure::kTrust);
  EXPECT_EQ(results[3].failure, Failure::kDns) << results[3].why;
}

TEST(CertificateVisit, AServerThatHangsUpIsToldSo) {
  const SilentServer server;
  std::jthread talking([&] { server.say_once(""); });
  Guide guide;
  EXPECT_EQ(guide.visit({guide.to(server.port(), 5s)})[0].failure, Failure::kLost);
}

TEST(CertificateVisit, NameServersThatHangHoldNobodyUp) {
  const SilentServer server;
  auto release = std::make_shared<std::promise<void>>();
  const std::shared_future<void> released = release->get_future().share();
  Resolver resolver([released](const std::string&, int, std::vector<Address>&) {
    released.wait();
    return std::string("at last");
  });
  Guide guide;
  std::vector<Destination> destinations(2 * limits::kResolverThreads, guide.to(443, 200ms, "shop.example.com"));
  destinations.push_back(guide.to(server.port(), 200ms));
  const auto pass = [&] {
    return certificates::visit(destinations, {.library = **library(),
                                              .resolver = resolver,
                                              .clock = guide.clock,
                                              .deadline = guide.clock.now() + 20s,
                                              .stop = {},
                                              .at_once = 64});
  };
  const auto begun = guide.clock.now();
  EXPECT_EQ(pass()[0].failure, Failure::kDnsTimeout);
  EXPECT_EQ(resolver.threads(), limits::kResolverThreads);
  const auto second = pass();
  EXPECT_EQ(second.front().failure, Failure::kDnsBusy);
  EXPECT_EQ(second.back().failure, Failure::kTimeout) << "an address needs no lookup";
  EXPECT_EQ(resolver.threads(), limits::kResolverThreads);
  EXPECT_LT(guide.clock.now() - begun, 10s);
  release->set_value();
}

TEST(CertificateVisit, EndsWhenTheProgramDoes) {
  const SilentServer server;
  Guide guide;
  auto result = std::async(std::launch::async, [&] { return guide.visit({guide.to(server.port(), 15s)}); });
  guide.stop.request_stop();
  EXPECT_EQ(result.wait_for(5s), std::future_status::ready);
}

}  // namespace
}  // namespace upkeep::certificates
