// A probe without a network: what it asks for, and what it makes of answers.
#include "collectors/probes/probe.h"

#include <gtest/gtest.h>

#include "tests/support/fakes.h"

namespace upkeep::probes {
namespace {

using namespace std::chrono_literals;

// Remembers what was begun and says nothing.
class FakeTransfers final : public http::Transfers {
 public:
  Id begin(http::Request request) override {
    requests.push_back(std::move(request));
    return requests.size();
  }
  void give_up(Id id) override { given_up.push_back(id); }
  std::vector<Done> wait(std::chrono::milliseconds, std::span<pollfd>) override { return {}; }
  void wake() override {}

  std::vector<http::Request> requests;
  std::vector<Id> given_up;
};

class ProbeTest : public ::testing::Test {
 protected:
  ProbeTest() {
    target_.url = *http::split_url("http://127.0.0.1:8080/health");
    target_.headers = {"X-Key: secret"};
    target_.username = "me";
    target_.password = Secret("pw");
    target_.max_redirects = 2;
    target_.max_bytes = 1000;
  }
  Probe& probe(Clock::duration patience = 5s) { return probe_.emplace(target_, tools_, clock_.now() + patience); }
  static http::Answer answer(int status, std::string redirect = "") {
    http::Answer answer;
    answer.status = status;
    answer.redirect = std::move(redirect);
    answer.phases.processing = 1ms;
    return answer;
  }
  http::Request& last() { return transfers_.requests.back(); }

  testing::FakeClock clock_;
  FakeTransfers transfers_;
  Resolver resolver_{[] {}, clock_};
  Tools tools_{transfers_, resolver_, clock_};
  Target target_;
  std::optional<Probe> probe_;
};

TEST_F(ProbeTest, AsksAndJudges) {
  Probe& one = probe();
  ASSERT_EQ(transfers_.requests.size(), 1u);
  EXPECT_EQ(last().address, "127.0.0.1:8080");
  EXPECT_EQ(last().url, "http://127.0.0.1:8080/health");
  EXPECT_EQ(last().password, "pw");
  EXPECT_EQ(last().patience, 5s);
  EXPECT_FALSE(one.is_done());
  clock_.advance(20ms);
  one.take(answer(200));
  ASSERT_TRUE(one.is_done());
  const Outcome outcome = one.take_outcome();
  EXPECT_TRUE(outcome.good());
  EXPECT_EQ(outcome.duration, 1ms) << "what the endpoint took";
  EXPECT_EQ(to_string(*outcome.address), "127.0.0.1");
}

TEST_F(ProbeTest, FollowsRedirectsAndAddsUpTheirPhases) {
  Probe& one = probe();
  one.take(answer(302, "http://127.0.0.1:8080/a"));
  EXPECT_EQ(last().url, "http://127.0.0.1:8080/a");
  EXPECT_EQ(last().password, "pw") << "the same host";
  one.take(answer(301, "http://127.0.0.1:8080/b"));
  one.take(answer(200));
  const Outcome outcome = one.take_outcome();
  EXPECT_TRUE(outcome.good());
  EXPECT_EQ(outcome.redirects, 2);
  EXPECT_EQ(outcome.phases.processing, 3ms);
}

TEST_F(ProbeTest, EndsAfterTooManyRedirects) {
  Probe& one = probe();
  for (int i = 0; i < 3; ++i) one.take(answer(302, "http://127.0.0.1:8080/a"));
  ASSERT_TRUE(one.is_done());
  EXPECT_EQ(one.take_outcome().reason, Reason::kRedirects);
  EXPECT_EQ(transfers_.requests.size(), 3u);
}

TEST_F(ProbeTest, KeepsSecretsFromOtherHosts) {
  for (const char* elsewhere :
       {"http://127.0.0.2:8080/", "http://127.0.0.1:8081/", "https://127.0.0.1:8080/", "http://[::1]:8080/"}) {
    target_.method = "POST";
    target_.body = "secret";
    probe().take(answer(307, elsewhere));
    EXPECT_EQ(last().method, "POST") << elsewhere;
    EXPECT_TRUE(last().headers.empty() && last().username.empty() && last().password.empty() && last().body.empty())
        << elsewhere;
    probe_->take(answer(302, "http://127.0.0.1:8080/"));
    EXPECT_TRUE(last().password.empty()) << "not even when it leads back";
    EXPECT_EQ(last().method, "GET");
  }
}

TEST_F(ProbeTest, GoesNowhereElseThanHttp) {
  Probe& one = probe();
  one.take(answer(302, "file:///etc/passwd"));
  ASSERT_TRUE(one.is_done());
  EXPECT_EQ(one.take_outcome().reason, Reason::kRedirects);
}

TEST_F(ProbeTest, GivesUpItsTransferWhenItIsDropped) {
  probe();
  probe_.reset();
  EXPECT_EQ(transfers_.given_up, std::vector<http::Transfers::Id>{1});
  probe().take(answer(200));
  probe_.reset();
  EXPECT_EQ(transfers_.given_up.size(), 1u);
}

TEST_F(ProbeTest, TellsSilenceFromWrongWordsOverTcp) {
  target_.kind = Kind::kTcp;
  target_.server = {.host = "127.0.0.1", .port = 6379};
  target_.expect.body = {*Pattern::compile("^\\+PONG")};
  target_.say = "PING\r\n";
  Probe& one = probe();
  EXPECT_EQ(last().url, "http://127.0.0.1:6379");
  EXPECT_FALSE(last().is_over("+PO"));
  EXPECT_TRUE(last().is_over("+PONG\r\n"));
  http::Answer wrong;
  wrong.problem = http::Problem{http::Failure::kTimeout, "too late"};
  wrong.body = "-ERR";
  one.take(wrong);
  EXPECT_EQ(one.take_outcome().reason, Reason::kBody);
  wrong.body.clear();
  probe().take(wrong);
  EXPECT_EQ(probe_->take_outcome().reason, Reason::kTimeout);
}

TEST_F(ProbeTest, AnAddressOfTheOtherKindIsNone) {
  target_.family = Family::kIpv6;
  Probe& one = probe();
  ASSERT_TRUE(one.is_done());
  EXPECT_EQ(one.take_outcome().reason, Reason::kDns);
  EXPECT_TRUE(transfers_.requests.empty());
}

TEST_F(ProbeTest, ConnectsOnlyWhereItMay) {
  auto allowed = std::make_shared<Allowed>();
  ASSERT_TRUE(allowed->add("127.0.0.1"));
  target_.allowed = allowed;
  Probe& one = probe();
  EXPECT_EQ(last().address, "127.0.0.1:8080");
  one.take(answer(302, "http://127.0.0.2/"));
  ASSERT_TRUE(one.is_done());
  const Outcome outcome = one.take_outcome();
  EXPECT_EQ(outcome.reason, Reason::kRedirects);
  EXPECT_EQ(outcome.message, "a redirect to 127.0.0.2, which is not allowed");
  target_.url = *http::split_url("http://127.0.0.3/");
  ASSERT_TRUE(probe().is_done());
  EXPECT_EQ(probe_->take_outcome().reason, Reason::kNotAllowed);
  EXPECT_EQ(transfers_.requests.size(), 1u);
}

}  // namespace
}  // namespace upkeep::probes
