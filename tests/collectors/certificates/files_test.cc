#include "collectors/certificates/files.h"

#include <gtest/gtest.h>

#include "tests/support/certificates.h"
#include "tests/support/fakes.h"

namespace upkeep::certificates {
namespace {

Source source(std::string pattern, bool is_expected = true) {
  return {.pattern = std::move(pattern), .is_expected = is_expected};
}

struct Watched {
  explicit Watched(std::vector<Source> sources) : files(std::move(sources)) {}
  testing::FakeFileSystem fs;
  Files files;

  const FileState& look(const std::string& path) {
    files.look(fs);
    return files.files().at(path);
  }
};

TEST(CertificateFiles, KeepTheLastGoodOne) {
  Watched watched({source("/etc/a.pem")});
  const std::string good = testing::fixture_certificate("chain.pem");
  watched.fs.put("etc/a.pem", good);
  EXPECT_TRUE(watched.look("/etc/a.pem").bundle);
  EXPECT_FALSE(watched.files.failure());

  watched.fs.put("etc/a.pem", good.substr(0, good.size() / 2));
  const FileState& half = watched.look("/etc/a.pem");
  ASSERT_TRUE(half.problem);
  EXPECT_EQ(half.problem->reason, Reason::kBadPem);
  EXPECT_EQ(half.problem->message, "/etc/a.pem: cut off within a block of PEM, or damaged");
  ASSERT_TRUE(half.bundle);
  EXPECT_EQ(half.bundle->certificates.size(), 2u);
  EXPECT_TRUE(watched.files.failure());
  EXPECT_FALSE(watched.files.states().front().is_up);

  watched.fs.put("etc/a.pem", testing::fixture_certificate("ed.pem"));
  const FileState& whole = watched.look("/etc/a.pem");
  EXPECT_FALSE(whole.problem);
  EXPECT_EQ(whole.bundle->certificates.size(), 1u);
  EXPECT_TRUE(watched.files.states().front().is_up);
}

// Whether there is one cannot be known, nor does anybody expect it.
TEST(CertificateFiles, ThatMayBeHiddenAreNotExpected) {
  for (const bool is_expected : {false, true}) {
    Watched watched({source("/data/*/server.crt", is_expected)});
    watched.fs.put("data/main/server.crt", testing::fixture_certificate("ed.pem"));
    watched.fs.fail_with("data/main/server.crt", {ErrorCode::kPermission, "denied"});
    watched.files.look(watched.fs);
    EXPECT_EQ(watched.files.files().empty(), !is_expected);
    EXPECT_EQ(watched.files.states().front().is_told, is_expected);
    EXPECT_EQ(watched.files.failure().has_value(), is_expected);
  }
}

TEST(CertificateFiles, ThatAreNamedAreAlwaysTold) {
  Watched watched({source("/etc/a.pem"), source("/etc/tls/*.pem", false)});
  watched.fs.put("etc/other", "");
  const FileState& missing = watched.look("/etc/a.pem");
  EXPECT_FALSE(missing.is_present);
  EXPECT_FALSE(missing.bundle);
  EXPECT_EQ(missing.problem->reason, Reason::kNotFound);
  EXPECT_TRUE(watched.files.states()[0].is_told);
  EXPECT_FALSE(watched.files.states()[1].is_told);

  watched.fs.put("etc/a.pem", testing::fixture_certificate("ed.pem"));
  EXPECT_TRUE(watched.look("/etc/a.pem").is_present);
  watched.fs.fail_with("etc/a.pem", {ErrorCode::kNotFound, "etc/a.pem: No such file or directory"});
  EXPECT_FALSE(watched.look("/etc/a.pem").bundle) << "what is gone is gone";
}

TEST(CertificateFiles, OfAPatternAreOnlyThoseWithCertificates) {
  Watched watched({source("/etc/tls/*.pem")});
  watched.fs.put("etc/tls/a.pem", testing::fixture_certificate("ed.pem"));
  watched.fs.put("etc/tls/dh.pem", "-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----\n");
  watched.fs.put("etc/tls/empty.pem", "");
  EXPECT_EQ(watched.look("/etc/tls/empty.pem").problem->reason, Reason::kNoCertificate);
  EXPECT_EQ(watched.files.files().size(), 2u);
  EXPECT_EQ(watched.files.states()[0].bundles, 1u);
  EXPECT_FALSE(watched.files.failure()) << "one could be read";
}

TEST(CertificateFiles, StayWhileTheirDirectoryCannotBeListed) {
  Watched watched({source("/etc/tls/*.pem")});
  watched.fs.put("etc/tls/a.pem", testing::fixture_certificate("ed.pem"));
  watched.look("/etc/tls/a.pem");
  watched.fs.fail_with("etc/tls", {ErrorCode::kSystem, "etc/tls: Input/output error"});
  EXPECT_TRUE(watched.look("/etc/tls/a.pem").bundle);
  EXPECT_FALSE(watched.files.states()[0].is_up);
}

TEST(CertificateFiles, AreWatchedOnce) {
  Watched watched({source("/etc/tls/*.pem"), source("/etc/tls/a.pem")});
  watched.fs.put("etc/tls/a.pem", testing::fixture_certificate("ed.pem"));
  watched.look("/etc/tls/a.pem");
  EXPECT_EQ(watched.files.files().size(), 1u);
}

TEST(CertificateFiles, OfPkcs12HaveTheirKey) {
  Source store = source("/etc/a.p12");
  store.password = std::make_shared<const Secret>("secret");
  Watched watched({store});
  watched.fs.put("etc/a.p12", testing::fixture_certificate("www.p12"));
  const FileState& file = watched.look("/etc/a.p12");
  ASSERT_TRUE(file.bundle) << file.problem->message;
  EXPECT_EQ(file.key_matches, true);
  EXPECT_EQ(file.key_path, "/etc/a.p12");
}

TEST(CertificateFiles, AskForTheKeyThatWasNamed) {
  Source named = source("/etc/a.pem");
  named.key = "/etc/a.key";
  Watched watched({named, source("/etc/le/fullchain.pem")});
  watched.fs.put("etc/a.pem", testing::fixture_certificate("ed.pem"));
  watched.fs.put("etc/le/fullchain.pem", testing::fixture_certificate("ed.pem"));
  ASSERT_TRUE(watched.look("/etc/a.pem").key_problem);
  EXPECT_EQ(watched.look("/etc/a.pem").key_problem->reason, Reason::kNotFound);
  EXPECT_FALSE(watched.look("/etc/le/fullchain.pem").key_problem) << "nobody said that there is one";
  watched.fs.put("etc/le/privkey.pem", "nonsense");
  EXPECT_EQ(watched.look("/etc/le/fullchain.pem").key_problem->reason, Reason::kDecodeFailed);
  EXPECT_EQ(watched.look("/etc/le/fullchain.pem").key_matches, std::nullopt);
}

}  // namespace
}  // namespace upkeep::certificates
