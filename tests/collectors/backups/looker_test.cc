#include "collectors/backups/looker.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "tests/support/fakes.h"

namespace upkeep::backups {
namespace {

using namespace std::chrono_literals;

// A gate that statfs waits at: the file system that does not answer.
struct Gate {
  void wait() {
    std::unique_lock lock(mutex);
    ++waiting;
    changed.notify_all();
    changed.wait(lock, [this] { return open; });
  }
  void let_through() {
    const std::lock_guard lock(mutex);
    open = true;
    changed.notify_all();
  }
  std::mutex mutex;
  std::condition_variable changed;
  int waiting = 0;
  bool open = false;
};

class LookerTest : public ::testing::Test {
 protected:
  testing::FakeFileSystem fs_;
  testing::FakeKernel kernel_;
  testing::FakeClock clock_;
  const Environment environment_{fs_, kernel_, clock_, testing::no_log()};
};

TEST_F(LookerTest, SeesEverythingAtOnce) {
  fs_.put("b/db.dump", "12345");
  fs_.put("archive/m.dump", "1");
  kernel_.usage["/b"] = {.size_bytes = 1000, .free_bytes = 900, .available_bytes = 800};
  Looker looker({.files = {"/b/*"}, .archive = {"/archive/*"}, .report = std::nullopt}, environment_);
  const auto look = looker.look(20s, {});
  ASSERT_TRUE(look);
  ASSERT_EQ(look->backups.items.size(), 1u);
  EXPECT_EQ(look->backups.items[0].file.path, "b/db.dump");
  EXPECT_EQ(look->archive.items.size(), 1u);
  EXPECT_EQ(look->free_bytes, 800);
  EXPECT_FALSE(look->report);
}

TEST_F(LookerTest, AsksForSpaceWhereTheNextBackupWillBe) {
  kernel_.usage["/srv/b"] = {.available_bytes = 7};
  Looker looker({.files = {"/srv/b/*/x"}, .archive = {}, .report = std::nullopt}, environment_);
  EXPECT_EQ(looker.look(20s, {})->free_bytes, 7);
  kernel_.usage["/"] = {.available_bytes = 9};
  EXPECT_EQ(Looker({.files = {"/*"}, .archive = {}, .report = std::nullopt}, environment_).look(20s, {})->free_bytes,
            9);
}

TEST_F(LookerTest, DoesNotWaitForEver) {
  fs_.put("b/db.dump", "12345");
  Gate gate;
  kernel_.before_statfs = [&](std::string_view) { gate.wait(); };
  Looker looker({.files = {"/b/*"}, .archive = {}, .report = std::nullopt}, environment_);
  EXPECT_EQ(looker.look(10ms, {}).error().message, "the file system does not answer");
  EXPECT_EQ(looker.look(10ms, {}).error().code, ErrorCode::kTimeout);
  {
    const std::lock_guard lock(gate.mutex);
    EXPECT_LE(gate.waiting, 1) << "it is not asked again";
  }
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(looker.look(1h, stop.get_token())) << "the program stops";
  gate.let_through();
  EXPECT_TRUE(looker.look(20s, {})) << "it came back";
  EXPECT_TRUE(looker.look(20s, {}));
}

class ReportLook : public LookerTest {
 protected:
  // "fine 2 1600000000" or what is wrong.
  std::string look(const std::string& file) {
    Looker looker({.files = {}, .archive = {}, .report = ReportOptions{.kind = "restic", .file = file, .name = ""}},
                  environment_);
    const auto look = looker.look(20s, {});
    if (!look || !look->report) return "no look";
    const auto& report = look->report->report;
    return report ? std::to_string(report->backups.size()) + " " +
                        std::to_string(static_cast<std::int64_t>(look->report->modified))
                  : report.error().message;
  }
};

TEST_F(ReportLook, ReadsAFileOrTheNewestOfADirectory) {
  fs_.put("r/one.json", R"([{"time":"2026-01-01T00:00:00Z"}])");
  fs_.put("r/two.json", R"([{"time":"2026-01-01T00:00:00Z"},{"time":"2026-01-02T00:00:00Z"}])");
  fs_.put("r/three.json.tmp", "[");
  fs_.put("r/.hidden", "[");
  fs_.touch("r/one.json", 1000);
  fs_.touch("r/two.json", 2000);
  fs_.touch("r/three.json.tmp", 3000);
  EXPECT_EQ(look("/r/one.json"), "1 1000");
  EXPECT_EQ(look("/r"), "2 2000");
  fs_.put("r/two.json", "[{");
  EXPECT_EQ(look("/r"), "r/two.json: not JSON at byte 3");
  EXPECT_EQ(look("/r/none.json"), "r/none.json: No such file or directory");
  fs_.put_directory("empty");
  EXPECT_EQ(look("/empty"), "empty: no file in it");
}

}  // namespace
}  // namespace upkeep::backups
