#include "collectors/probes/dns_message.h"

#include <gtest/gtest.h>

namespace upkeep::probes {
namespace {

constexpr std::uint16_t kId = 0x1234;

// The reply to a question: its header changed, records appended.
std::string reply_to(std::string question, std::string_view flags, int answers, std::string_view records) {
  question.replace(2, 2, flags);
  question[7] = static_cast<char>(answers);
  return question + std::string(records);
}

constexpr std::string_view kA("\xC0\x0C\0\1\0\1\0\0\0\x3C\0\4\xC0\0\2\7", 16);
constexpr std::string_view kGood("\x81\x80", 2);

TEST(DnsMessage, AsksForANameOfAType) {
  const auto question = dns_question(kId, "shop.example.com", *dns_type("A"));
  ASSERT_TRUE(question) << question.error().message;
  EXPECT_EQ(*question, std::string("\x12\x34\x01\0\0\1\0\0\0\0\0\0\4shop\7example\3com\0\0\1\0\1", 34));
  EXPECT_FALSE(dns_question(kId, std::string(300, 'a'), 1));
}

TEST(DnsMessage, ReadsAReply) {
  const std::string question = *dns_question(kId, "shop.example.com", 1);
  const auto reply = dns_reply(kId, reply_to(question, kGood, 1, kA));
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->rcode, 0);
  EXPECT_EQ(reply->answers, 1u);
  EXPECT_EQ(reply->records, std::vector<std::string>{"shop.example.com. 1M IN A 192.0.2.7"});
  EXPECT_FALSE(reply->serial);
  EXPECT_EQ(dns_reply(kId, reply_to(question, "\x81\x83", 0, ""))->rcode, 3);
}

TEST(DnsMessage, ReadsASerial) {
  const std::string question = *dns_question(kId, "a.b", *dns_type("SOA"));
  const std::string_view soa(
      "\xC0\x0C\0\6\0\1\0\0\0\x3C\0\x1D\2ns\xC0\x0C\1x\xC0\x0C\x78\xC3\xF4\x9B\0\0\0\1\0\0\0\1\0\0\0\1"
      "\0\0\0\1",
      41);
  const auto reply = dns_reply(kId, reply_to(question, kGood, 1, soa));
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->serial, 2026108059u);
}

TEST(DnsMessage, TellsAReplyToAnotherQuestionFromNoReply) {
  const std::string question = *dns_question(kId, "shop.example.com", 1);
  EXPECT_EQ(dns_reply(kId + 1, reply_to(question, kGood, 1, kA)).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(dns_reply(kId, question).error().code, ErrorCode::kNotFound) << "the question itself";
  EXPECT_EQ(dns_reply(kId, "").error().code, ErrorCode::kParse);
  EXPECT_EQ(dns_reply(kId, reply_to(question, kGood, 1, kA.substr(0, 9))).error().code, ErrorCode::kParse);
  EXPECT_EQ(dns_reply(kId, reply_to(question, kGood, 7, kA)).error().code, ErrorCode::kParse);
}

TEST(DnsMessage, KnowsNamesOfTypesAndCodes) {
  EXPECT_EQ(dns_type("AAAA"), 28);
  EXPECT_FALSE(dns_type("aaaa"));
  EXPECT_EQ(dns_rcode("NXDOMAIN"), 3);
  EXPECT_FALSE(dns_rcode(""));
}

}  // namespace
}  // namespace upkeep::probes
