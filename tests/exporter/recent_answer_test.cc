// A moment's answer is shared, and never given twice to one asker.
#include "exporter/recent_answer.h"

#include <gtest/gtest.h>

namespace upkeep {
namespace {

constexpr RecentAnswer::time_point at(int milliseconds) {
  return RecentAnswer::time_point(std::chrono::milliseconds(milliseconds));
}

// What `had` is given, or "-".
std::string take(RecentAnswer& recent, RecentAnswer::Number& had, std::string_view request, int milliseconds) {
  std::string out = "-";
  recent.take(request, at(milliseconds), had, out);
  return out;
}

TEST(RecentAnswer, EveryOtherAskerHasItOnce) {
  RecentAnswer recent;
  RecentAnswer::Number first = 0, second = 0, third = 0;
  EXPECT_EQ(take(recent, first, "links", 0), "-");
  recent.put("links", at(0), first, "a");
  EXPECT_EQ(take(recent, first, "links", 1), "-");
  EXPECT_EQ(take(recent, second, "links", 1), "a");
  EXPECT_EQ(take(recent, second, "links", 2), "-");
  EXPECT_EQ(take(recent, third, "links", 9), "a");
  recent.put("links", at(9), third, "b");
  EXPECT_EQ(take(recent, first, "links", 9), "b");
}

TEST(RecentAnswer, OldOnesAndThoseToAnotherRequestAreNotGiven) {
  RecentAnswer recent;
  RecentAnswer::Number first = 0, second = 0;
  recent.put("links", at(0), first, "a");
  EXPECT_EQ(take(recent, second, "routes", 1), "-");
  EXPECT_EQ(take(recent, second, "links", 10), "-");
  EXPECT_EQ(take(recent, second, "links", 9), "a");
}

}  // namespace
}  // namespace upkeep
