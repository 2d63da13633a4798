#include "collectors/host/mount_probe.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <set>
#include <string>

#include "exporter/limits.h"
#include "tests/support/fakes.h"

namespace upkeep::testing {
namespace {

using namespace std::chrono_literals;

// A kernel in which statfs of some mounts does not return before it is let go.
class StuckKernel {
 public:
  StuckKernel() {
    kernel_.before_statfs = [this](std::string_view point) {
      std::unique_lock lock(mutex_);
      ++asked_;
      changed_.notify_all();
      changed_.wait(lock, [&] { return !stuck_.contains(std::string(point)); });
    };
  }
  FakeKernel& kernel() { return kernel_; }
  void hold(const std::string& point) {
    const std::lock_guard lock(mutex_);
    stuck_.insert(point);
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    stuck_.clear();
    changed_.notify_all();
  }
  int asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> stuck_;
  int asked_ = 0;
  FakeKernel kernel_;
};

Mount mount_at(std::uint64_t id, std::string point) {
  return {.id = id, .major = "0", .minor = std::to_string(id), .point = std::move(point), .type = "nfs", .device = "d"};
}

bool eventually(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

std::string ask(MountProbe& probe, const Mount& mount, std::chrono::nanoseconds patience = 10s) {
  if (const auto ready = probe.prepare(); !ready) return ready.error().message;
  const auto usage = probe.ask(mount, patience);
  return usage ? std::to_string(usage->size_bytes) : usage.error().message;
}

TEST(MountProbe, Answers) {
  FakeKernel kernel;
  kernel.usage["/a"] = {.size_bytes = 1};
  kernel.usage["/b"] = {.size_bytes = 2};
  MountProbe probe(kernel);
  for (int run = 0; run < 3; ++run) {
    EXPECT_EQ(ask(probe, mount_at(1, "/a")), "1");
    EXPECT_EQ(ask(probe, mount_at(2, "/b")), "2");
    EXPECT_EQ(ask(probe, mount_at(3, "/c")), "/c: No such file or directory");
  }
}

TEST(MountProbe, GoesRoundAMountThatHangs) {
  StuckKernel stuck;
  stuck.kernel().usage["/a"] = {.size_bytes = 1};
  stuck.kernel().usage["/nfs"] = {.size_bytes = 2};
  stuck.hold("/nfs");
  MountProbe probe(stuck.kernel());
  const Mount good = mount_at(1, "/a"), bad = mount_at(2, "/nfs");
  EXPECT_FALSE(probe.hangs(bad));
  EXPECT_EQ(ask(probe, bad, 1ms), "/nfs: no answer");
  EXPECT_TRUE(probe.hangs(bad));
  EXPECT_FALSE(probe.hangs(good));
  EXPECT_EQ(ask(probe, good), "1");
  stuck.let_go();
  EXPECT_TRUE(eventually([&] { return !probe.hangs(bad); }));
  EXPECT_EQ(ask(probe, bad), "2");
}

TEST(MountProbe, KnowsAMountByMoreThanItsNumber) {
  StuckKernel stuck;
  stuck.hold("/nfs");
  MountProbe probe(stuck.kernel());
  const Mount bad = mount_at(2, "/nfs");
  ASSERT_EQ(ask(probe, bad, 1ms), "/nfs: no answer");
  ASSERT_TRUE(eventually([&] { return stuck.asked() == 1; }));  // its thread may begin later than the patience ends
  Mount remounted = bad;
  remounted.read_only = true;
  EXPECT_TRUE(probe.hangs(remounted));
  EXPECT_FALSE(probe.hangs(mount_at(2, "/other")));  // the number is in use again
  EXPECT_FALSE(probe.hangs(mount_at(3, "/nfs")));    // mounted anew
  const Mount present[] = {mount_at(1, "/a"), bad};
  probe.keep_only(present);
  EXPECT_TRUE(probe.hangs(bad));
  probe.keep_only(std::span(present, 1));
  EXPECT_FALSE(probe.hangs(bad));
  // Its thread comes back when nobody remembers it.
  stuck.let_go();
  EXPECT_EQ(ask(probe, bad), "/nfs: No such file or directory");
  EXPECT_EQ(stuck.asked(), 2);
  EXPECT_TRUE(eventually([&] { return probe.left_behind() == 0; }));
}

TEST(MountProbe, LeavesOnlySoManyThreadsBehind) {
  StuckKernel stuck;
  MountProbe probe(stuck.kernel());
  std::vector<Mount> mounts;
  for (std::size_t i = 0; i < limits::kHangingMounts; ++i) {
    mounts.push_back(mount_at(i, "/" + std::to_string(i)));
    stuck.hold(mounts.back().point);
    ASSERT_EQ(ask(probe, mounts.back(), 0s), mounts.back().point + ": no answer");
  }
  EXPECT_EQ(ask(probe, mount_at(9999, "/a")), "256 mounts hang: no more threads for others");
  probe.keep_only({});  // a mount that is forgotten holds its thread all the same
  EXPECT_EQ(ask(probe, mount_at(9999, "/a")), "256 mounts hang: no more threads for others");
  stuck.let_go();
  EXPECT_TRUE(eventually([&] { return ask(probe, mount_at(9999, "/a")) == "/a: No such file or directory"; }));
  // What the threads use must not go before them.
  EXPECT_TRUE(eventually([&] { return probe.left_behind() == 0; }));
}

TEST(MountProbe, SurvivesAKernelThatThrows) {
  FakeKernel kernel;
  kernel.before_statfs = [](std::string_view) { throw std::bad_alloc(); };
  MountProbe probe(kernel);
  EXPECT_EQ(ask(probe, mount_at(1, "/a")), "out of memory");
}

}  // namespace
}  // namespace upkeep::testing
