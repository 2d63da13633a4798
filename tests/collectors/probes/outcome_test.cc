#include "collectors/probes/outcome.h"

#include <gtest/gtest.h>

#include <set>

namespace upkeep::probes {
namespace {

Pattern pattern(std::string_view text) { return *Pattern::compile(text); }

http::Answer answered(int status, std::string body = "", std::string headers = "") {
  http::Answer answer;
  answer.status = status;
  answer.body = std::move(body);
  answer.headers = std::move(headers);
  return answer;
}

TEST(ProbeOutcome, EveryReasonHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Reason::kOther); ++i) {
    const std::string_view name = to_string(static_cast<Reason>(i));
    EXPECT_FALSE(name.empty()) << i;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
}

TEST(ProbeOutcome, StatusIsTwoHundredAndSomethingUnlessOthersAreExpected) {
  for (const int good : {200, 204, 299}) EXPECT_EQ(judge_http({}, answered(good)).reason, Reason::kNone) << good;
  for (const int bad : {0, 199, 300, 404, 503}) EXPECT_EQ(judge_http({}, answered(bad)).reason, Reason::kStatus) << bad;
  const Expectations expect{.status = {{200, 200}, {400, 499}}};
  EXPECT_EQ(judge_http(expect, answered(404)).reason, Reason::kNone);
  EXPECT_EQ(judge_http(expect, answered(201)).reason, Reason::kStatus);
  EXPECT_EQ(judge_http(expect, answered(201)).message, "HTTP status 201");
}

TEST(ProbeOutcome, AllPatternsOfTheBodyMatchAndNoneThatShouldNot) {
  const Expectations expect{.body = {pattern("ok"), pattern("^\\{")}, .not_body = {pattern("error")}};
  EXPECT_EQ(judge_http(expect, answered(200, "{ok}")).reason, Reason::kNone);
  EXPECT_EQ(judge_http(expect, answered(200, "ok")).reason, Reason::kBody);
  EXPECT_EQ(judge_http(expect, answered(200, "{ok error}")).reason, Reason::kBody);
  EXPECT_EQ(judge_http(expect, answered(500, "")).reason, Reason::kStatus) << "the status comes first";
}

TEST(ProbeOutcome, OneOfTheHeaderFieldsOfANameMatches) {
  const Expectations expect{.headers = {{"X-Version", pattern("^2\\.")}}};
  EXPECT_EQ(judge_http(expect, answered(200, "", "x-version:  2.1 \r\n")).reason, Reason::kNone);
  EXPECT_EQ(judge_http(expect, answered(200, "", "X-Version: 1\r\nX-Version: 2.0\r\n")).reason, Reason::kNone);
  EXPECT_EQ(judge_http(expect, answered(200, "", "X-Version: 1\r\nX-Versions: 2.0\r\n")).reason, Reason::kHeader);
  EXPECT_EQ(judge_http(expect, answered(200, "", "2.0\r\n\r\n")).reason, Reason::kHeader);
}

TEST(ProbeOutcome, Dns) {
  const DnsReply good{.records = {"a. 60 IN A 192.0.2.1", "a. 60 IN A 192.0.2.2"}};
  EXPECT_EQ(judge_dns({}, good).reason, Reason::kNone);
  EXPECT_EQ(judge_dns({}, {.rcode = 3}).reason, Reason::kRcode);
  EXPECT_EQ(judge_dns({.rcodes = {3}}, {.rcode = 3}).reason, Reason::kNone);
  EXPECT_EQ(judge_dns({.rcodes = {3}}, good).reason, Reason::kRcode);
  EXPECT_EQ(judge_dns({.body = {pattern("2\\.2$")}}, good).reason, Reason::kNone);
  EXPECT_EQ(judge_dns({.body = {pattern("2\\.3$")}}, good).reason, Reason::kBody);
  EXPECT_EQ(judge_dns({.not_body = {pattern("2\\.2$")}}, good).reason, Reason::kBody);
}

TEST(ProbeOutcome, SaysWhatIsWrongWithACertificate) {
  http::Answer answer;
  EXPECT_EQ(judge_failure(answer).reason, Reason::kNone);
  answer.problem = http::Problem{http::Failure::kTls, "certificate has expired"};
  EXPECT_EQ(judge_failure(answer).reason, Reason::kTls);
  answer.tls = http::TlsFacts{.fault = http::TlsFault::kExpired};
  EXPECT_EQ(judge_failure(answer).reason, Reason::kTlsExpired);
  answer.problem->why = http::Failure::kTimeout;
  EXPECT_EQ(judge_failure(answer).reason, Reason::kTimeout);
}

}  // namespace
}  // namespace upkeep::probes
