#include "collectors/postgres/watchdog.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace upkeep::postgres {
namespace {

using namespace std::chrono_literals;

class WatchdogTest : public ::testing::Test {
 protected:
  WatchdogTest() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()), 0); }
  ~WatchdogTest() override {
    for (int end : ends_) ::close(end);
  }
  // Blocks until there is something to read: false when the connection was shut.
  [[nodiscard]] bool read() const {
    char byte = 0;
    return ::read(ends_[0], &byte, 1) == 1;
  }
  std::array<int, 2> ends_{};
  Watchdog watchdog_;
};

TEST_F(WatchdogTest, EndsACallThatWaitsTooLong) {
  const auto began = Watchdog::Clock::now();
  watchdog_.guard(ends_[0], began + 50ms);
  EXPECT_FALSE(read());
  EXPECT_GE(Watchdog::Clock::now() - began, 50ms);
  EXPECT_TRUE(watchdog_.release());
}

TEST_F(WatchdogTest, LeavesOneThatEndsInTime) {
  watchdog_.guard(ends_[0], Watchdog::Clock::now() + 10s);
  ASSERT_EQ(::write(ends_[1], "x", 1), 1);
  EXPECT_TRUE(read());
  EXPECT_FALSE(watchdog_.release());
}

// Its thread sleeps to the deadline of an earlier call: an earlier one must wake it.
TEST_F(WatchdogTest, ASecondCallHasItsOwnDeadline) {
  watchdog_.guard(ends_[0], Watchdog::Clock::now() + 60s);
  EXPECT_FALSE(watchdog_.release());
  watchdog_.guard(ends_[0], Watchdog::Clock::now() + 50ms);
  EXPECT_FALSE(read());
  EXPECT_TRUE(watchdog_.release());
}

TEST_F(WatchdogTest, ALaterDeadlineIsNotStruckByAnEarlierOne) {
  watchdog_.guard(ends_[0], Watchdog::Clock::now() + 20ms);
  EXPECT_FALSE(watchdog_.release());
  watchdog_.guard(ends_[0], Watchdog::Clock::now() + 300ms);
  const auto began = Watchdog::Clock::now();
  EXPECT_FALSE(read());
  EXPECT_GE(Watchdog::Clock::now() - began, 250ms);
}

}  // namespace
}  // namespace upkeep::postgres
