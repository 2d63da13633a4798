#include "exporter/descriptor_limit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "exporter/limits.h"

namespace upkeep {
namespace {

// The soft limit afterwards, and what may be kept of it.
std::pair<rlim_t, std::size_t> with_soft_limit(rlim_t soft) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit low{.rlim_cur = soft, .rlim_max = before.rlim_max};
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  const std::size_t kept = raise_descriptor_limit();
  rlimit after{};
  ::getrlimit(RLIMIT_NOFILE, &after);
  ::setrlimit(RLIMIT_NOFILE, &before);
  return {after.rlim_cur, kept};
}

TEST(DescriptorLimit, IsRaisedAsFarAsNeedBe) {
  rlimit now{};
  ::getrlimit(RLIMIT_NOFILE, &now);
  const rlim_t most = std::min<rlim_t>(now.rlim_max, limits::kOpenFiles);
  const auto [soft, kept] = with_soft_limit(256);
  EXPECT_EQ(soft, most);
  EXPECT_EQ(kept, std::min<std::size_t>(limits::kKeptOpenFiles, most / 2));
  constexpr rlim_t kMore = limits::kOpenFiles + 1;
  if (now.rlim_max >= kMore) {
    EXPECT_EQ(with_soft_limit(kMore).first, kMore) << "never lowered";
  }
}

}  // namespace
}  // namespace upkeep
