#include "collectors/certificates/starttls.h"

#include <gtest/gtest.h>

namespace upkeep::certificates {
namespace {

using std::string_view_literals::operator""sv;

// A talk: what the server says, all at once or byte by byte, and all that the client said.
struct Talk {
  Preamble::State state;
  std::string said, why;
};

Talk talk(Starttls protocol, const std::vector<std::string_view>& server, bool byte_by_byte = false) {
  const auto preamble = make_preamble(protocol);
  Talk talk{};
  talk.state = preamble->step("", talk.said);
  for (const std::string_view words : server) {
    const std::size_t piece = byte_by_byte ? 1 : words.size();
    for (std::size_t at = 0; at < words.size() && talk.state == Preamble::State::kMore; at += piece)
      talk.state = preamble->step(words.substr(at, piece), talk.said);
  }
  talk.why = preamble->why();
  return talk;
}

constexpr auto kLdapAnswer = "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"sv;

struct Case {
  Starttls protocol;
  std::vector<std::string_view> server;
  std::string_view said;
};
const Case kGood[] = {
    {Starttls::kSmtp,
     {"220-mail.example.com\r\n220 ESMTP\r\n", "250-mail\r\n250-SIZE 1\r\n250 STARTTLS\r\n", "220 go ahead\r\n"},
     "EHLO upkeep\r\nSTARTTLS\r\n"},
    {Starttls::kImap, {"* OK ready\r\n", "* CAPABILITY IMAP4rev1\r\nupkeep OK begin\r\n"}, "upkeep STARTTLS\r\n"},
    {Starttls::kPop3, {"+OK ready\r\n", "+OK begin\r\n"}, "STLS\r\n"},
    {Starttls::kFtp, {"220-Welcome\r\n  anything\r\n220 ready\r\n", "234 begin\r\n"}, "AUTH TLS\r\n"},
    {Starttls::kPostgres, {"S"}, "\x00\x00\x00\x08\x04\xd2\x16\x2f"sv},
    {Starttls::kLdap,
     {kLdapAnswer},
     "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
     "1.3.6.1.4.1.1466.20037"sv},
};

TEST(Starttls, TalksEachProtocol) {
  for (const Case& one : kGood) {
    for (const bool byte_by_byte : {false, true}) {
      const Talk heard = talk(one.protocol, one.server, byte_by_byte);
      EXPECT_EQ(heard.state, Preamble::State::kReady) << heard.why;
      EXPECT_EQ(heard.said, one.said);
    }
  }
}

TEST(Starttls, NeverBeginsOnAnythingElse) {
  const auto why = [](Starttls protocol, std::vector<std::string_view> server) {
    const Talk heard = talk(protocol, server);
    EXPECT_EQ(heard.state, Preamble::State::kRefused);
    return heard.why;
  };
  EXPECT_EQ(why(Starttls::kSmtp, {"554 go away\r\n"}), "the server does not begin TLS: 554 go away");
  EXPECT_EQ(why(Starttls::kSmtp, {"220 hi\r\n", "250 hi\r\n", "454 not now\x07\r\n"}),
            "the server does not begin TLS: 454 not now?");
  EXPECT_EQ(why(Starttls::kSmtp, {"HTTP/1.1 400 Bad Request\r\n"}),
            "the server does not begin TLS: HTTP/1.1 400 Bad Request");
  EXPECT_NE(why(Starttls::kImap, {"* BYE\r\n"}), "");
  EXPECT_NE(why(Starttls::kImap, {"* OK\r\n", "upkeep BAD\r\n"}), "");
  EXPECT_NE(why(Starttls::kPop3, {"-ERR\r\n"}), "");
  EXPECT_NE(why(Starttls::kFtp, {"220 hi\r\n", "502 what?\r\n"}), "");
  EXPECT_EQ(why(Starttls::kPostgres, {"N"}), "the server does not begin TLS: ssl is off");
  EXPECT_NE(why(Starttls::kPostgres, {"EFATAL"}), "");
  EXPECT_EQ(why(Starttls::kLdap, {"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x34\x04\x00\x04\x00"sv}),
            "the server does not begin TLS: result code 52");
  EXPECT_NE(why(Starttls::kLdap, {"HTTP/1.1 400\r\n"}), "");
}

// Else who sits in between could say something that counts as said by the server under TLS.
TEST(Starttls, NobodyMayGoOnInTheClear) {
  for (const Case& one : kGood) {
    auto server = one.server;
    const std::string more = std::string(server.back()) + "x";
    server.back() = more;
    EXPECT_EQ(talk(one.protocol, server).state, Preamble::State::kRefused);
  }
}

TEST(Starttls, EndlessTalkEnds) {
  const std::string line = "220-" + std::string(1000, 'x') + "\r\n";
  const auto preamble = make_preamble(Starttls::kSmtp);
  std::string said;
  EXPECT_EQ(preamble->step(std::string(Preamble::kBytes + 1, 'x'), said), Preamble::State::kRefused);
}

TEST(Starttls, HasWordsAndPorts) {
  EXPECT_EQ(starttls_of("none"), Starttls::kNone);
  EXPECT_EQ(starttls_of("postgres"), Starttls::kPostgres);
  EXPECT_EQ(usual_port(Starttls::kNone), 443);
  EXPECT_EQ(usual_port(Starttls::kLdap), 389);
  EXPECT_EQ(make_preamble(Starttls::kNone), nullptr);
}

}  // namespace
}  // namespace upkeep::certificates
