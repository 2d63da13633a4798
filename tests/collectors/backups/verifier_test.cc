#include "collectors/backups/verifier.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/support/backup_bytes.h"
#include "tests/support/fakes.h"

namespace upkeep::backups {
namespace {

using namespace std::chrono_literals;

// Reading a path with "stuck" in it does not come back until it is let go.
class StuckFileSystem final : public FileSystem {
 public:
  explicit StuckFileSystem(FileSystem& real) : real_(real) {}
  std::unique_ptr<File> open(std::string_view path, FileKind kind) override { return real_.open(path, kind); }
  Result<std::vector<DirectoryEntry>> list(std::string_view path) override { return real_.list(path); }
  Result<FileStatus> status(std::string_view path) override { return real_.status(path); }
  Result<std::string> link_target(std::string_view path) override { return real_.link_target(path); }
  Result<std::unique_ptr<FileStream>> stream(std::string_view path) override {
    std::unique_lock lock(mutex_);
    if (path.find("stuck") != std::string_view::npos) {
      changed_.wait(lock, [&] { return let_go_; });
      came_back_ = true;
      changed_.notify_all();
    }
    return real_.stream(path);
  }
  void let_go() {
    std::unique_lock lock(mutex_);
    let_go_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return came_back_; });
  }

 private:
  FileSystem& real_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool let_go_ = false, came_back_ = false;
};

struct VerifierTest : ::testing::Test {
  testing::FakeFileSystem fs;
  SystemClock clock;
  VerifyOptions options{.bytes_per_second = std::uint64_t{1} << 30, .max_expanded_bytes = std::uint64_t{1} << 40};

  BackupFile put(const std::string& path, const std::string& content) {
    fs.put(path, content);
    const auto status = fs.status(path).value();
    return {path, false, status.device, status.inode, status.size_bytes, status.modified_ns};
  }
  template <class Condition>
  void wait_for(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    bool is_so = condition();
    while (!is_so && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
      is_so = condition();
    }
    ASSERT_TRUE(is_so);
  }
};

TEST_F(VerifierTest, VerifiesOneAfterTheOther) {
  Verifier verifier(fs, clock, testing::no_log(), options, "db");
  const BackupFile good = put("srv/a.sql", testing::pg_dump_script("x"));
  const BackupFile bad = put("srv/b.sql", "x");
  verifier.want({bad, good});
  std::vector<Verifier::Done> done;
  wait_for([&] {
    for (auto& one : verifier.take_done()) done.push_back(std::move(one));
    return done.size() == 2;
  });
  EXPECT_EQ(done[0].file, bad);
  EXPECT_EQ(done[0].result.reason, Reason::kUnknownFormat);
  EXPECT_EQ(done[1].file, good);
  EXPECT_TRUE(done[1].result.good());
  EXPECT_NEAR(done[1].when, unix_seconds(clock.wall()), 60);
  EXPECT_EQ(verifier.now().read_bytes_total, good.size_bytes + bad.size_bytes);
  EXPECT_FALSE(verifier.now().running);
}

TEST_F(VerifierTest, WhatIsNotWantedAnyMoreIsGivenUp) {
  options.bytes_per_second = 1000;  // would take half an hour
  Verifier verifier(fs, clock, testing::no_log(), options, "db");
  const BackupFile large = put("srv/large.sql", testing::pg_dump_script(std::string(2'000'000, 'x')));
  const BackupFile small = put("srv/small.sql", testing::pg_dump_script("x"));
  verifier.want({large});
  wait_for([&] { return verifier.now().running && verifier.now().read_bytes_total > 0; });
  verifier.want({large});
  EXPECT_EQ(verifier.now().path, "srv/large.sql");
  verifier.want({small});
  wait_for([&] { return verifier.now().path != "srv/large.sql"; });
  const auto began = std::chrono::steady_clock::now();
  verifier.want({});
  wait_for([&] { return !verifier.now().running; });
  EXPECT_LT(std::chrono::steady_clock::now() - began, 20s);  // on a busy machine, too
}

TEST_F(VerifierTest, ReadsNoFasterThanItMay) {
  constexpr std::size_t kBytes = 2'000'000;
  options.bytes_per_second = 4'000'000;
  Verifier verifier(fs, clock, testing::no_log(), options, "db");
  const auto began = std::chrono::steady_clock::now();
  verifier.want({put("srv/a.sql", testing::pg_dump_script(std::string(kBytes, 'x')))});
  wait_for([&] { return !verifier.take_done().empty(); });
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_GE(took, 250ms);  // what is read at once at the beginning counts for the rest
  EXPECT_LT(took, 10s);
}

TEST_F(VerifierTest, LeavesAThreadBehindThatItsDiskDoesNotAnswer) {
  // Never destroyed: the thread may use them until the process ends.
  static auto* const kFiles = new testing::FakeFileSystem;
  static auto* const kStuck = new StuckFileSystem(*kFiles);
  static const auto* const kClock = new SystemClock;
  kFiles->put("srv/stuck.sql", testing::pg_dump_script("x"));
  auto verifier = std::make_unique<Verifier>(*kStuck, *kClock, testing::no_log(), options, "db");
  verifier->want({{.path = "srv/stuck.sql"}});
  wait_for([&] { return verifier->now().running; });
  const auto began = std::chrono::steady_clock::now();
  verifier.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 1500ms);
  kStuck->let_go();
}

}  // namespace
}  // namespace upkeep::backups
