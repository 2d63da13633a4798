#include "collectors/certificates/resolver.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include "exporter/limits.h"

namespace upkeep::certificates {
namespace {

void wait_until_answered(Resolver& resolver, const Resolver::Question& question) {
  constexpr int kAtMostMs = 10'000;
  while (question.state() == Lookup::kWaiting) {
    pollfd event{.fd = resolver.woken(), .events = POLLIN, .revents = 0};
    ASSERT_GT(::poll(&event, 1, kAtMostMs), 0);
    resolver.forget_wakes();
  }
}

TEST(CertificateResolver, KnowsAddresses) {
  Address address;
  EXPECT_TRUE(parse_address("127.0.0.1", 443, address));
  EXPECT_EQ(to_string(address), "127.0.0.1");
  Address six;
  EXPECT_TRUE(parse_address("2001:db8::1", 443, six));
  EXPECT_EQ(to_string(six), "2001:db8::1");
  EXPECT_FALSE(parse_address("shop.example.com", 443, address));
}

TEST(CertificateResolver, LooksUp) {
  Resolver resolver;
  const auto localhost = resolver.ask("localhost", 443);
  wait_until_answered(resolver, *localhost);
  EXPECT_EQ(localhost->state(), Lookup::kFound) << localhost->why();
  EXPECT_FALSE(localhost->take_addresses().empty());
}

TEST(CertificateResolver, SaysWhatIsWrong) {
  Resolver resolver([](const std::string&, int, std::vector<Address>&) { return std::string("no such name"); });
  const auto question = resolver.ask("nowhere", 443);
  wait_until_answered(resolver, *question);
  EXPECT_EQ(question->state(), Lookup::kFailed);
  EXPECT_EQ(question->why(), "no such name");
}

// Name servers that never answer cost so many threads, and not one more.
TEST(CertificateResolver, HangsWithABoundedNumberOfThreads) {
  auto release = std::make_shared<std::promise<void>>();
  const std::shared_future<void> released = release->get_future().share();
  auto asking = std::make_shared<std::atomic<std::size_t>>(0);
  Resolver resolver([released, asking](const std::string&, int, std::vector<Address>& addresses) {
    ++*asking;
    released.wait();
    addresses.emplace_back();
    return std::string();
  });
  std::vector<std::shared_ptr<Resolver::Question>> questions;
  resolver.begin_pass();
  for (std::size_t i = 0; i < 3 * limits::kResolverThreads; ++i) questions.push_back(resolver.ask("host", 443));
  EXPECT_EQ(resolver.threads(), limits::kResolverThreads);
  EXPECT_EQ(questions.back()->state(), Lookup::kWaiting);

  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (*asking < limits::kResolverThreads && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
  resolver.begin_pass();
  EXPECT_EQ(resolver.ask("host", 443)->state(), Lookup::kBusy);
  EXPECT_EQ(resolver.threads(), limits::kResolverThreads);

  release->set_value();
  for (const auto& question : questions) wait_until_answered(resolver, *question);
  // They answer again, and as soon as the first thread has noticed, others are asked.
  auto again = resolver.ask("host", 443);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (again->state() == Lookup::kBusy && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
    again = resolver.ask("host", 443);
  }
  EXPECT_NE(again->state(), Lookup::kBusy);
  wait_until_answered(resolver, *again);
}

TEST(CertificateResolver, MayGoWhileItLooksUp) {
  auto release = std::make_shared<std::promise<void>>();
  const std::shared_future<void> released = release->get_future().share();
  auto begun = std::make_shared<std::promise<void>>();
  auto ended = std::make_shared<std::promise<void>>();
  auto resolver = std::make_unique<Resolver>([released, begun, ended](const std::string&, int, std::vector<Address>&) {
    begun->set_value();
    released.wait();
    ended->set_value();
    return std::string("too late");
  });
  auto question = resolver->ask("host", 443);
  begun->get_future().wait();
  question.reset();
  resolver.reset();
  release->set_value();
  ended->get_future().wait();
}

}  // namespace
}  // namespace upkeep::certificates
