#include <gtest/gtest.h>

#include "collectors/all.h"
#include "exporter/text.h"
#include "tests/support/certificates.h"
#include "tests/support/collect.h"

namespace upkeep::certificates {
namespace {

std::string with(std::string_view samples, std::string_view name) {
  std::string lines;
  for (const std::string_view line : Lines(samples)) {
    if (line.starts_with(name)) lines.append(line).append("\n");
  }
  return lines;
}

TEST(Certificates, AreNotOnEveryHost) {
  testing::World world;
  EXPECT_EQ(world.samples(certificates_collector), "");
  EXPECT_EQ(world.error_code(), ErrorCode::kNoData);
}

TEST(Certificates, AreToldAsTheExporterDoes) {
  testing::World world;
  world.clock.set_wall(1'770'000'000);
  world.fs.put("etc/letsencrypt/live/www/fullchain.pem", testing::fixture_certificate("chain.pem"));
  const std::string samples = world.samples(certificates_collector);
  EXPECT_EQ(world.error(), "");
  EXPECT_EQ(
      with(samples, "x509_cert_not_after"),
      "x509_cert_not_after{filepath=\"/etc/letsencrypt/live/www/fullchain.pem\",filename=\"fullchain.pem\","
      "serial_number=\"4098\",subject_C=\"DE\",subject_ST=\"Berlin\",subject_L=\"Berlin\",subject_O=\"Example Shop\","
      "subject_OU=\"Web\",subject_CN=\"www.example.com\",issuer_C=\"DE\",issuer_ST=\"\",issuer_L=\"\","
      "issuer_O=\"Example Trust\",issuer_OU=\"\",issuer_CN=\"Example Issuer 1\"} 1775001600\n"
      "x509_cert_not_after{filepath=\"/etc/letsencrypt/live/www/fullchain.pem\",filename=\"fullchain.pem\","
      "serial_number=\"4097\",subject_C=\"DE\",subject_ST=\"\",subject_L=\"\",subject_O=\"Example Trust\","
      "subject_OU=\"\",subject_CN=\"Example Issuer 1\",issuer_C=\"DE\",issuer_ST=\"\",issuer_L=\"\","
      "issuer_O=\"Example Trust\",issuer_OU=\"\",issuer_CN=\"Example Root\"} 2051222400\n");
  EXPECT_EQ(with(samples, "x509_source"),
            "x509_source_up{source_kind=\"file\",source_name=\"/etc/letsencrypt/live/*/fullchain.pem\"} 1\n"
            "x509_source_bundles{source_kind=\"file\",source_name=\"/etc/letsencrypt/live/*/fullchain.pem\"} 1\n");
  EXPECT_NE(samples.find("upkeep_certificate_file_warn_before_seconds{filepath=\"/etc/letsencrypt/live/www/"
                         "fullchain.pem\"} 1814400\n"),
            std::string::npos);
  EXPECT_NE(samples.find("upkeep_certificate_file_chain_whole{filepath=\"/etc/letsencrypt/live/www/fullchain.pem\"} 1"),
            std::string::npos);
  EXPECT_EQ(with(samples, "upkeep_certbot_renewal_configured"),
            "upkeep_certbot_renewal_configured{lineage=\"www\"} 0\n");
}

TEST(Certificates, OfAllTimesAreTold) {
  testing::World world;
  world.config = "{files: [/etc/old.pem, /etc/ed.pem]}";
  world.fs.put("etc/old.pem", testing::fixture_certificate("old.pem"));
  world.fs.put("etc/ed.pem", testing::fixture_certificate("ed.pem"));
  const std::string samples = world.samples(certificates_collector);
  EXPECT_NE(with(samples, "x509_cert_not_after").find("} 253402300799\n"), std::string::npos);
  EXPECT_NE(with(samples, "x509_cert_not_after").find("} -14182940\n"), std::string::npos);
  EXPECT_NE(with(samples, "x509_cert_expired").find("subject_CN=\"old.example.com\""), std::string::npos);
}

TEST(Certificates, ThatAreMissingOrHalfWrittenNeverEndAtNothing) {
  testing::World world;
  world.config = "{files: [/etc/a.pem]}";
  const std::string missing = world.samples(certificates_collector);
  EXPECT_EQ(with(missing, "upkeep_certificate_file_present"),
            "upkeep_certificate_file_present{filepath=\"/etc/a.pem\"} 0\n");
  EXPECT_EQ(with(missing, "upkeep_certificate_file_failed"),
            "upkeep_certificate_file_failed{filepath=\"/etc/a.pem\",reason=\"not_found\"} 1\n");
  EXPECT_EQ(with(missing, "x509_cert_"), "");
  EXPECT_NE(world.error(), "");

  world.fs.put("etc/a.pem", testing::fixture_certificate("ed.pem"));
  const std::string good = world.samples(certificates_collector);
  EXPECT_EQ(world.error(), "");
  world.fs.put("etc/a.pem", testing::fixture_certificate("ed.pem").substr(0, 300));
  const std::string half = world.samples(certificates_collector);
  EXPECT_EQ(with(half, "x509_cert_"), with(good, "x509_cert_"));
  EXPECT_EQ(with(half, "upkeep_certificate_file_failed"),
            "upkeep_certificate_file_failed{filepath=\"/etc/a.pem\",reason=\"bad_pem\"} 1\n");
  EXPECT_EQ(with(half, "x509_source_errors_total"),
            "x509_source_errors_total{source_kind=\"file\",source_name=\"/etc/a.pem\",reason=\"not_found\"} 1\n"
            "x509_source_errors_total{source_kind=\"file\",source_name=\"/etc/a.pem\",reason=\"bad_pem\"} 1\n");
}

TEST(Certificates, OneBadFileHarmsNoOther) {
  testing::World world;
  world.config = "{files: [/etc/a.pem, /etc/b.pem]}";
  world.fs.put("etc/a.pem", "nonsense");
  world.fs.put("etc/b.pem", testing::fixture_certificate("ed.pem") + testing::fixture_certificate("ed.pem"));
  const std::string samples = world.samples(certificates_collector);
  EXPECT_EQ(world.error(), "");
  EXPECT_NE(with(samples, "x509_cert_not_after").find("ed.example.com"), std::string::npos);
  EXPECT_NE(samples.find("upkeep_certificate_file_certificates{filepath=\"/etc/b.pem\"} 2\n"), std::string::npos);
}

}  // namespace
}  // namespace upkeep::certificates
