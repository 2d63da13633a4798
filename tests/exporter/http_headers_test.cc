#include "exporter/http_headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporter/limits.h"

namespace upkeep {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(HttpHeaders, GzipWhereItIsWelcome) {
  const auto f = [](std::string_view accept) { EXPECT_EQ(choose_encoding(accept), Encoding::kGzip) << accept; };
  f("gzip");  // Prometheus
  f("gzip, deflate, br, zstd");
  f("deflate, GZIP");
  f("x-gzip");
  f("gzip;q=0.001");
  f("gzip ; Q=1.0 , identity;q=0.5");
  f("identity;q=0.5, gzip;q=0.5");
  f("gzip;level=9;q=0.7");
  f("*");
  f("*;q=0.1");
  f("gzip, *;q=0");
  f("identity;q=0, *;q=0.3");
}

TEST(HttpHeaders, IdentityOtherwise) {
  const auto f = [](std::string_view accept) { EXPECT_EQ(choose_encoding(accept), Encoding::kIdentity) << accept; };
  f("");
  f("identity");
  f("deflate, br");
  f("gzip;q=0");
  f("gzip;q=0.000, *");
  f("gzip;q=0, *;q=1");
  f("*;q=0");
  f("gzip;q=0.5, identity");
  f("gzip;q=0.5, *;q=0.9");
  f("gzipped");
  f("gzip;q=yes");
  f("gzip;q=");
  f("gzip;q=-1");
  f("gzip;q=2");
  f("gzip;q=nan");
  f(",,;;=,q=1");
}

TEST(HttpHeaders, ScrapeBudget) {
  const auto f = [](std::string_view header, std::chrono::milliseconds offset, std::chrono::milliseconds budget) {
    EXPECT_EQ(scrape_budget(header, offset), budget) << header;
  };
  f("10", 500ms, 9500ms);
  f(" 2.5 ", 500ms, 2000ms);
  f("1", 500ms, 500ms);
  f("0.6", 500ms, 300ms);  // at least half
  f("3", 0ms, 3000ms);
  f("1e9", 500ms, limits::kMaxScrapeTimeout - 500ms);
  for (std::string_view ignored : {"", "0", "-3", "ten", "10s", "nan", "inf", "-inf", "1e999"}) {
    f(ignored, 500ms, limits::kScrapeTimeout - 500ms);
  }
}

TEST(HttpHeaders, Tokens) {
  const auto f = [](std::string_view list, bool there) { EXPECT_EQ(has_token(list, "close"), there) << list; };
  f("close", true);
  f("Upgrade, CLOSE", true);
  f("\tclose ,x", true);
  f("", false);
  f("closed", false);
  f("clo", false);
  f(",", false);
}

}  // namespace
}  // namespace upkeep
