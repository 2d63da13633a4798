#include "exporter/descriptor_reserve.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <vector>

namespace upkeep {
namespace {

using Change = DescriptorReserve::Change;

// Lets this process have `free` descriptors more than it has, for as long as it lives.
class FewDescriptors {
 public:
  explicit FewDescriptors(int free) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    // Others may lie between the free ones.
    for (int i = 0; i < free; ++i) taken_.push_back(::open("/dev/null", O_RDONLY));
    rlimit few = before_;
    few.rlim_cur = static_cast<rlim_t>(taken_.back() + 1);
    ::setrlimit(RLIMIT_NOFILE, &few);
    release();
  }
  ~FewDescriptors() {
    release();
    ::setrlimit(RLIMIT_NOFILE, &before_);
  }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

  // Takes every descriptor there is; returns how many.
  std::size_t use_up() {
    for (;;) {
      const int fd = ::open("/dev/null", O_RDONLY);
      if (fd < 0) return taken_.size();
      taken_.push_back(fd);
    }
  }
  void release() {
    for (int fd : taken_) ::close(fd);
    taken_.clear();
  }

 private:
  rlimit before_{};
  std::vector<int> taken_;
};

TEST(DescriptorReserve, IsGivenBackWhenThereAreNoneAndTakenAgainWhenThereAre) {
  FewDescriptors few(40);
  DescriptorReserve reserve(8);
  EXPECT_EQ(reserve.held(), 8U);
  EXPECT_EQ(reserve.tend(), Change::kNone);

  EXPECT_EQ(few.use_up(), 32U);
  EXPECT_EQ(reserve.tend(), Change::kGivenBack);
  EXPECT_EQ(reserve.held(), 0U);
  EXPECT_EQ(few.use_up(), 40U) << "the reserve was not to be had";

  EXPECT_EQ(reserve.tend(), Change::kNone) << "there is still nothing to take";
  EXPECT_EQ(reserve.held(), 0U);
  few.release();
  EXPECT_EQ(reserve.tend(), Change::kTakenAgain);
  EXPECT_EQ(reserve.held(), 8U);
  EXPECT_EQ(reserve.tend(), Change::kNone);
  EXPECT_EQ(few.use_up(), 32U) << "tend() kept more than the reserve";
}

TEST(DescriptorReserve, WaitsForMoreThanItNeedsBeforeItTakesAgain) {
  FewDescriptors few(12);
  DescriptorReserve reserve(8);
  few.use_up();
  EXPECT_EQ(reserve.tend(), Change::kGivenBack);
  few.release();  // 12 are free, 16 are asked for
  EXPECT_EQ(reserve.tend(), Change::kNone);
  EXPECT_EQ(few.use_up(), 12U);
}

TEST(DescriptorReserve, TakesWhatThereIs) {
  FewDescriptors few(3);
  const DescriptorReserve reserve(8);
  EXPECT_EQ(reserve.held(), 3U);
}

TEST(DescriptorReserve, AffordsAnEighth) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit low = before;
  low.rlim_cur = 256;
  ::setrlimit(RLIMIT_NOFILE, &low);
  EXPECT_EQ(DescriptorReserve::affordable(80), 32U);
  EXPECT_EQ(DescriptorReserve::affordable(8), 8U);
  ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST(DescriptorReserve, ReturnsAllAtTheEnd) {
  FewDescriptors few(10);
  { const DescriptorReserve reserve(8); }
  EXPECT_EQ(few.use_up(), 10U);
}

}  // namespace
}  // namespace upkeep
