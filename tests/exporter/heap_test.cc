#include "exporter/heap.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace upkeep {
namespace {

std::size_t resident_pages() {
  std::size_t size = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident;
}

TEST(Heap, GivesBackWhatNobodyUses) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizers bring a heap of their own";
#endif
  constexpr Clock::time_point kThen(std::chrono::hours(1));
  Heap heap;
  heap.tend(kThen);
  std::vector<std::unique_ptr<std::string>> blocks;
  for (int i = 0; i < 20'000; ++i) blocks.push_back(std::make_unique<std::string>(1000, 'x'));
  const std::size_t full = resident_pages();
  const auto last = std::move(blocks.back());  // without it the C library would do so by itself
  blocks.clear();
  heap.tend(kThen + std::chrono::seconds(29));
  EXPECT_GT(resident_pages() + 1000, full) << "not all the time";
  heap.tend(kThen + std::chrono::seconds(30));
  EXPECT_LT(resident_pages() + 3000, full) << "20 MB are 5000 pages";
  EXPECT_EQ(last->size(), 1000);
}

}  // namespace
}  // namespace upkeep
