#include "collectors/json/rfc3339.h"

#include <gtest/gtest.h>

namespace upkeep::json {
namespace {

TEST(Rfc3339, IsUnixTime) {
  const auto time = parse_rfc3339;
  EXPECT_EQ(time("1970-01-01T00:00:01Z"), 1);
  EXPECT_EQ(time("2026-01-02T03:04:05.5Z"), 1767323045.5);
  EXPECT_NEAR(time("2026-01-02T03:04:05.123456789Z"), 1767323045.123456789, 1e-6);
  EXPECT_EQ(time("2026-01-02T05:04:05.5+02:00"), 1767323045.5);
  EXPECT_EQ(time("2026-01-01T22:04:05.5-05:00"), 1767323045.5);
  EXPECT_EQ(time("2024-02-29T00:00:00Z"), 1709164800);
  for (const char* none : {"0001-01-01T00:00:00Z", "", "2026-01-02", "2026-13-02T03:04:05Z", "2026-02-30T03:04:05Z",
                           "2026-01-02T25:04:05Z", "2026-01-02T03:04:05+xx:00", "1969-12-31T23:59:59Z",
                           "2026-01-02 03:04:05Z", "not a time at all, but long enough"}) {
    EXPECT_EQ(time(none), 0) << none;
  }
}

}  // namespace
}  // namespace upkeep::json
