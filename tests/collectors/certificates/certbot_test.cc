#include "collectors/certificates/certbot.h"

#include <gtest/gtest.h>

#include "tests/support/fakes.h"

namespace upkeep::certificates {
namespace {

const CertbotOptions kOptions = {.enabled = true,
                                 .directory = "/etc/letsencrypt",
                                 .log = "/var/log/letsencrypt/letsencrypt.log",
                                 .attempt_within = std::chrono::hours(72)};
constexpr const char* kGoodRun = "2026-10-02 06:11:08,528:DEBUG:certbot._internal.renewal:no renewal failures\n";
constexpr const char* kBadRun =
    "2026-10-02 06:11:08,1:ERROR:certbot._internal.renewal:Failed to renew certificate b with error: no: route\n"
    "certbot.errors.Error: 1 renew failure(s), 0 parse failure(s)\n";

TEST(Certbot, TellsARunThatRenews) {
  EXPECT_EQ(failed_renewals(""), std::nullopt);
  EXPECT_EQ(failed_renewals("DEBUG:certbot._internal.main:certbot version: 2.1.0\n"), std::nullopt);
  ASSERT_TRUE(failed_renewals(kGoodRun));
  EXPECT_TRUE(failed_renewals(kGoodRun)->empty());
  ASSERT_TRUE(failed_renewals(kBadRun));
  EXPECT_EQ(*failed_renewals(kBadRun), (std::set<std::string, std::less<>>{"b"}));
}

TEST(Certbot, ReadsWhetherItRenews) {
  EXPECT_TRUE(is_renewal_configuration("cert = /a\n[renewalparams]\nauthenticator = webroot\n"));
  EXPECT_TRUE(is_renewal_configuration("autorenew = True\n[renewalparams]\n"));
  EXPECT_FALSE(is_renewal_configuration("autorenew = False\n[renewalparams]\n"));
  EXPECT_FALSE(is_renewal_configuration("cert = /a\n"));
  EXPECT_FALSE(is_renewal_configuration(""));
}

TEST(Certbot, LooksAtAllOfIt) {
  testing::FakeFileSystem fs;
  fs.put("etc/letsencrypt/live/README", "words");
  fs.put("etc/letsencrypt/live/a/cert.pem", "");
  fs.put("etc/letsencrypt/live/b/cert.pem", "");
  fs.put("etc/letsencrypt/renewal/b.conf", "[renewalparams]\n");
  // The last run listed certificates, the one before renewed.
  fs.put("var/log/letsencrypt/letsencrypt.log", "DEBUG:certbot._internal.main:certbot version: 2.1.0\n");
  fs.put("var/log/letsencrypt/letsencrypt.log.1", kBadRun);
  fs.put("var/log/letsencrypt/letsencrypt.log.2", kGoodRun);
  fs.touch("var/log/letsencrypt/letsencrypt.log", 3000);
  fs.touch("var/log/letsencrypt/letsencrypt.log.1", 2000);
  fs.touch("var/log/letsencrypt/letsencrypt.log.2", 1000);
  const CertbotState state = look_at_certbot(fs, kOptions);
  ASSERT_EQ(state.lineages.size(), 2u);
  EXPECT_EQ(state.lineages[0].name, "a");
  EXPECT_FALSE(state.lineages[0].is_configured);
  EXPECT_FALSE(state.lineages[0].has_failed);
  EXPECT_EQ(state.lineages[1].name, "b");
  EXPECT_TRUE(state.lineages[1].is_configured);
  EXPECT_TRUE(state.lineages[1].has_failed);
  EXPECT_EQ(state.last_attempt, 2000);
}

TEST(Certbot, IsNotEverywhere) {
  testing::FakeFileSystem fs;
  EXPECT_TRUE(look_at_certbot(fs, kOptions).lineages.empty());
  fs.put("etc/letsencrypt/live/a/cert.pem", "");
  EXPECT_EQ(look_at_certbot(fs, kOptions).last_attempt, std::nullopt);
  CertbotOptions off = kOptions;
  off.enabled = false;
  EXPECT_TRUE(look_at_certbot(fs, off).lineages.empty());
}

}  // namespace
}  // namespace upkeep::certificates
