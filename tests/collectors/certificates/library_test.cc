#include "collectors/certificates/library.h"

#include <gtest/gtest.h>

#include "tests/support/certificates.h"

namespace upkeep::certificates {
namespace {

const Library& the_library() {
  const auto opened = library();
  if (!opened) throw std::runtime_error(opened.error().message);
  return **opened;
}

Certificate first_of(const std::string& bytes) {
  const auto bundle = the_library().parse(bytes, nullptr);
  if (!bundle) throw std::runtime_error(bundle.error().message);
  return bundle->certificates.front();
}

Reason reason_of(const std::string& bytes, const std::string* passphrase = nullptr) {
  const auto bundle = the_library().parse(bytes, passphrase);
  EXPECT_FALSE(bundle);
  return bundle ? Reason::kNoModule : bundle.error().reason;
}

// As `openssl x509` prints them.
TEST(CertificateLibrary, TellsAllOfACertificate) {
  const auto bundle = the_library().parse(testing::fixture_certificate("chain.pem"), nullptr);
  ASSERT_TRUE(bundle) << bundle.error().message;
  ASSERT_EQ(bundle->certificates.size(), 2u);
  EXPECT_TRUE(bundle->is_chain);
  EXPECT_TRUE(bundle->keys.empty());
  const Certificate& www = bundle->certificates[0];
  EXPECT_EQ(www.subject, (Name{.country = "DE",
                               .state = "Berlin",
                               .locality = "Berlin",
                               .organization = "Example Shop",
                               .unit = "Web",
                               .common_name = "www.example.com"}));
  EXPECT_EQ(www.issuer.common_name, "Example Issuer 1");
  EXPECT_EQ(www.serial, "4098");  // 0x1002
  EXPECT_EQ(www.not_before, 1'767'225'600);
  EXPECT_EQ(www.not_after, 1'775'001'600);
  EXPECT_EQ(www.dns, (std::vector<std::string>{"www.example.com", "shop.example.com"}));
  EXPECT_EQ(www.addresses, (std::vector<std::string>{"192.0.2.7", "2001:db8::7"}));
  EXPECT_EQ(www.emails, std::vector<std::string>{"ops@example.com"});
  EXPECT_EQ(www.names, 5u);
  EXPECT_EQ(www.fingerprint, "11c25ea568ec9f352ff515d2520da0dee7f500efe3a1e9ced2ff0065f8b23c2a");
  EXPECT_EQ(www.public_key, "6c6b81f40f2cb3e7f4fc7b3d4213165367e2b4acbb07bdc0767fea374b072507");
  EXPECT_EQ(www.key_type, "EC");
  EXPECT_EQ(www.key_bits, 256);
  EXPECT_EQ(www.signature, "ecdsa-with-SHA256");
  EXPECT_FALSE(www.is_authority);
  EXPECT_TRUE(bundle->certificates[1].is_authority);
}

TEST(CertificateLibrary, KnowsEveryKindOfKeyAndTime) {
  const Certificate rsa = first_of(testing::fixture_certificate("rsa.pem"));
  EXPECT_EQ(rsa.key_type, "RSA");
  EXPECT_EQ(rsa.key_bits, 2048);
  const Certificate ed = first_of(testing::fixture_certificate("ed.pem"));
  EXPECT_EQ(ed.key_type, "ED25519");
  EXPECT_EQ(ed.not_after, 253'402'300'799);  // the last second of 9999
  const Certificate old = first_of(testing::fixture_certificate("old.pem"));
  EXPECT_EQ(old.not_before, -631'152'000);
  EXPECT_EQ(old.not_after, -14'182'940);
}

TEST(CertificateLibrary, ReadsDerAndPkcs12) {
  const std::string secret = "secret", wrong = "wrong";
  EXPECT_EQ(first_of(testing::fixture_certificate("www.der")).subject.common_name, "www.example.com");
  const auto store = the_library().parse(testing::fixture_certificate("www.p12"), &secret);
  ASSERT_TRUE(store) << store.error().message;
  ASSERT_EQ(store->certificates.size(), 2u);
  EXPECT_EQ(store->certificates[0].subject.common_name, "www.example.com");
  EXPECT_EQ(store->keys, std::vector<std::string>{store->certificates[0].public_key});
  EXPECT_EQ(reason_of(testing::fixture_certificate("www.p12")), Reason::kBadPassphrase);
  EXPECT_EQ(reason_of(testing::fixture_certificate("www.p12"), &wrong), Reason::kBadPassphrase);
}

TEST(CertificateLibrary, SeesAChainThatIsNone) {
  EXPECT_FALSE(the_library().parse(testing::fixture_certificate("broken_chain.pem"), nullptr)->is_chain);
  // A file of authorities in no order.
  EXPECT_TRUE(the_library()
                  .parse(testing::fixture_certificate("root.pem") + testing::fixture_certificate("chain.pem"), nullptr)
                  ->is_chain);
}

TEST(CertificateLibrary, SaysWhatIsWrong) {
  const std::string chain = testing::fixture_certificate("chain.pem");
  EXPECT_EQ(reason_of(""), Reason::kNoCertificate);
  EXPECT_EQ(reason_of("-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----\n"), Reason::kNoCertificate);
  EXPECT_EQ(reason_of(chain.substr(0, chain.size() - 100)), Reason::kBadPem);
  EXPECT_EQ(reason_of(chain.substr(0, 100)), Reason::kBadPem);
  EXPECT_EQ(reason_of("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"), Reason::kDecodeFailed);
  EXPECT_EQ(reason_of("hello"), Reason::kDecodeFailed);
  EXPECT_EQ(reason_of(testing::fixture_certificate("www.der") + "x"), Reason::kDecodeFailed);
  EXPECT_EQ(reason_of(testing::fixture_certificate("www.der").substr(0, 300)), Reason::kDecodeFailed);
  std::string flipped = chain;
  flipped[200] = '\x01';
  EXPECT_NE(reason_of(flipped), Reason::kNoModule);
}

TEST(CertificateLibrary, CountsAreBounded) {
  std::string many;
  const std::string one = testing::fixture_certificate("root.pem");
  for (int i = 0; i < 1001; ++i) many += one;
  EXPECT_EQ(reason_of(many), Reason::kTooMany);
}

TEST(CertificateLibrary, KeysThatAreNoneAreToldSo) {
  const std::string secret = "secret";
  for (const char* bytes : {"", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}) {
    const auto key = the_library().parse_key(bytes, &secret);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().reason, Reason::kDecodeFailed) << bytes;
  }
  // Which must not be asked for at a terminal.
  const auto key = the_library().parse_key(
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n", nullptr);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().reason, Reason::kBadPassphrase);
}

TEST(CertificateLibrary, ShakesHandsWithNobody) {
  const auto trust = the_library().trust("");
  ASSERT_TRUE(trust);
  const auto handshake = the_library().handshake("www.example.com", *trust);
  ASSERT_TRUE(handshake);
  std::string out;
  EXPECT_EQ(handshake->step("", out), Handshake::State::kMore);
  EXPECT_TRUE(out.starts_with("\x16\x03\x01"));               // a ClientHello
  EXPECT_NE(out.find("www.example.com"), std::string::npos);  // with the name
  EXPECT_EQ(handshake->step("HTTP/1.1 400 Bad Request\r\n\r\n", out), Handshake::State::kFailed);
  EXPECT_NE(handshake->failure(), "");
}

TEST(CertificateLibrary, TrustsWhatItIsTold) {
  EXPECT_TRUE(the_library().trust(testing::fixture_certificate("root.pem")));
  EXPECT_FALSE(the_library().trust("hello"));
  EXPECT_FALSE(the_library().trust(testing::fixture_certificate("root.pem").substr(0, 200)));
}

}  // namespace
}  // namespace upkeep::certificates
