#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>

#include "collectors/all.h"
#include "collectors/backups/drill_record.h"
#include "exporter/config.h"
#include "exporter/text.h"
#include "tests/support/collect.h"
#include "tests/support/temporary_directory.h"

namespace upkeep::backups {
namespace {

using namespace std::chrono_literals;

constexpr double kNow = 1'790'000'000;
// What pg_dump writes, as far as verifying asks.
const std::string kDump =
    "--\n-- PostgreSQL database dump\n--\n\nSELECT 1;\n\n--\n-- PostgreSQL database dump complete\n--\n\n";

class BackupsTest : public ::testing::Test {
 protected:
  BackupsTest() {
    world_.clock.set_wall(kNow);
    world_.environment.state = state_.path();
    world_.config = "name: shop\nfiles: /b/*.sql\n";
    world_.kernel.usage["/b"] = {.size_bytes = 1000, .free_bytes = 900, .available_bytes = 800};
  }

  void put(const std::string& name, double age, const std::string& text = kDump) {
    world_.fs.put("b/" + name, text);
    world_.fs.touch("b/" + name, kNow - age);
  }
  std::string look() {
    std::string samples = world_.samples(backups_collector);
    EXPECT_EQ(world_.error(), "");
    return samples;
  }
  // The value of a family, "-" where there is none.
  static std::string value(const std::string& samples, const std::string& family) {
    for (const std::string_view line : Lines(samples)) {
      if (line.starts_with("upkeep_backup_" + family + "{")) return std::string(line.substr(line.rfind(' ') + 1));
    }
    return "-";
  }
  // Looks until nothing waits for verifying.
  std::string look_until_verified() {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < deadline) {
      std::string samples = look();
      if (value(samples, "unverified_files") == "0") return samples;
      std::this_thread::yield();
    }
    ADD_FAILURE() << "it was never verified";
    return look();
  }
  [[nodiscard]] std::string state() const { return state_.path() / "backups/shop.verified"; }

  testing::TemporaryDirectory state_;
  testing::World world_;
};

TEST_F(BackupsTest, PublishesWhatIsThereAndWhatIsExpected) {
  world_.config += "retain: 2h\nverify: false\n";
  put("1.sql", 7200 * 2, "1234567890");
  put("2.sql", 3600, "123456");
  put("3.sql", 5, "1");
  put("4.sql.tmp", 1000, "1");
  EXPECT_EQ(look(),
            "upkeep_backup_source_up{backup=\"shop\"} 1\n"
            "upkeep_backup_max_age_seconds{backup=\"shop\"} 93600\n"
            "upkeep_backup_interval_seconds{backup=\"shop\"} 86400\n"
            "upkeep_backup_min_size_bytes{backup=\"shop\"} 1\n"
            "upkeep_backup_max_shrink_ratio{backup=\"shop\"} 0.5\n"
            "upkeep_backup_retention_seconds{backup=\"shop\"} 7200\n"
            "upkeep_backup_last_timestamp_seconds{backup=\"shop\"} 1789996400\n"
            "upkeep_backup_size_bytes{backup=\"shop\"} 6\n"
            "upkeep_backup_previous_size_bytes{backup=\"shop\"} 10\n"
            "upkeep_backup_files{backup=\"shop\"} 2\n"
            "upkeep_backup_total_bytes{backup=\"shop\"} 16\n"
            "upkeep_backup_oldest_timestamp_seconds{backup=\"shop\"} 1789985600\n"
            "upkeep_backup_expired_files{backup=\"shop\"} 1\n"
            "upkeep_backup_in_progress_files{backup=\"shop\"} 1\n"
            "upkeep_backup_future_files{backup=\"shop\"} 0\n"
            "upkeep_backup_next_size_bytes{backup=\"shop\"} 10\n"
            "upkeep_backup_temporary_files{backup=\"shop\"} 1\n"
            "upkeep_backup_temporary_oldest_timestamp_seconds{backup=\"shop\"} 1789999000\n"
            "upkeep_backup_free_bytes{backup=\"shop\"} 800\n"
            "upkeep_backup_state_writable{backup=\"shop\"} 1\n");
}

TEST_F(BackupsTest, StayOnThePageWhenThereIsNone) {
  world_.fs.put_directory("b");
  const std::string samples = look();
  for (const char* family : {"last_timestamp_seconds", "files", "total_bytes", "in_progress_files", "temporary_files",
                             "future_files", "verified_timestamp_seconds", "verified_backup_timestamp_seconds",
                             "corrupt_files", "unverified_files", "verifying", "verify_read_bytes_total"}) {
    EXPECT_EQ(value(samples, family), "0") << family;
  }
  EXPECT_EQ(value(samples, "source_up"), "1");
  EXPECT_EQ(value(samples, "free_bytes"), "800");
  for (const char* family : {"size_bytes", "oldest_timestamp_seconds", "verified", "restore_timestamp_seconds"}) {
    EXPECT_EQ(value(samples, family), "-") << family;
  }
}

TEST_F(BackupsTest, SayWhyTheyCannotBeLookedAt) {
  const auto reason = [&] {
    const std::string samples = look();
    EXPECT_EQ(value(samples, "source_up"), "0");
    EXPECT_EQ(value(samples, "last_timestamp_seconds"), "0");
    const std::size_t at = samples.find("reason=\"");
    return at == std::string::npos ? "" : samples.substr(at + 8, samples.find('"', at + 8) - at - 8);
  };
  EXPECT_EQ(reason(), "missing");
  world_.fs.fail_with("b", {ErrorCode::kPermission, "Permission denied"});
  EXPECT_EQ(reason(), "denied");
  world_.fs.fail_with("b", {ErrorCode::kSystem, "Input/output error"});
  EXPECT_EQ(reason(), "unreadable");
  world_.fs.fail_with("b", {ErrorCode::kLimit, "over 5 entries"});
  EXPECT_EQ(reason(), "other");
}

TEST_F(BackupsTest, StandAsTheyWereWhileTheyCannotBeLookedAt) {
  world_.config += "verify: false\n";
  put("1.sql", 3600);
  EXPECT_EQ(value(look(), "last_timestamp_seconds"), "1789996400");
  world_.fs.fail_with("b", {ErrorCode::kSystem, "Input/output error"});
  EXPECT_EQ(value(look(), "last_timestamp_seconds"), "1789996400");
  world_.fs.clear_failures();
  world_.fs.remove("b");
  const std::string gone = look();
  EXPECT_EQ(value(gone, "last_timestamp_seconds"), "0") << "what is gone is gone";
  EXPECT_EQ(value(gone, "source_up"), "0");
}

TEST_F(BackupsTest, AreVerifiedOnceEach) {
  put("1.sql", 7200);
  put("2.sql", 3600);
  const std::string samples = look_until_verified();
  EXPECT_EQ(value(samples, "verified"), "1");
  EXPECT_EQ(value(samples, "verified_timestamp_seconds"), "1790000000");
  EXPECT_EQ(value(samples, "verified_backup_timestamp_seconds"), "1789996400");
  EXPECT_EQ(value(samples, "corrupt_files"), "0");
  EXPECT_EQ(value(samples, "verify_bytes"), std::to_string(kDump.size()));
  EXPECT_EQ(value(samples, "verify_read_bytes_total"), std::to_string(2 * kDump.size()));
  EXPECT_EQ(value(samples, "verify_within_seconds"), "43200");
  // Neither again, nor after a restart.
  look();
  EXPECT_EQ(value(look(), "verify_read_bytes_total"), std::to_string(2 * kDump.size()));
  world_.restart();
  const std::string restarted = look();
  EXPECT_EQ(value(restarted, "unverified_files"), "0");
  EXPECT_EQ(value(restarted, "verified"), "1");
  EXPECT_EQ(value(restarted, "verify_read_bytes_total"), "0");
}

TEST_F(BackupsTest, AreNotGoodWhenTheyAreDamaged) {
  put("1.sql", 7200);
  put("2.sql", 3600, kDump.substr(0, 60));
  std::string samples = look_until_verified();
  EXPECT_EQ(value(samples, "verified"), "0");
  EXPECT_EQ(value(samples, "verified_backup_timestamp_seconds"), "1789992800") << "of the older one";
  EXPECT_EQ(value(samples, "corrupt_files"), "1");
  EXPECT_NE(samples.find("upkeep_backup_verify_failure_info{backup=\"shop\",reason=\"incomplete\"} 1\n"),
            std::string::npos)
      << samples;
  // It is made anew.
  put("2.sql", 1800);
  samples = look_until_verified();
  EXPECT_EQ(value(samples, "verified"), "1");
  EXPECT_EQ(value(samples, "corrupt_files"), "0");
  EXPECT_EQ(value(samples, "verify_failure_info"), "-");
}

TEST_F(BackupsTest, KnowThePreviousSizeOfAFileThatIsOverwritten) {
  world_.config += "verify: false\n";
  put("db.sql", 86400, "1234567890");
  EXPECT_EQ(value(look(), "previous_size_bytes"), "-");
  put("db.sql", 3600, "123");
  world_.clock.advance(1min);
  EXPECT_EQ(value(look(), "previous_size_bytes"), "-") << "it has just changed";
  world_.clock.advance(1min);
  std::string samples = look();
  EXPECT_EQ(value(samples, "size_bytes"), "3");
  EXPECT_EQ(value(samples, "previous_size_bytes"), "10");
  EXPECT_EQ(value(samples, "next_size_bytes"), "10");
  world_.restart();
  EXPECT_EQ(value(look(), "previous_size_bytes"), "10");
}

TEST_F(BackupsTest, WorkWithoutAStateDirectory) {
  put("1.sql", 3600);
  world_.environment.state = "";
  EXPECT_EQ(value(look_until_verified(), "state_writable"), "0");
  world_.restart();
  state_.write("file", "");
  world_.environment.state = state_.path() / "file";
  std::string samples = look_until_verified();
  EXPECT_EQ(value(samples, "state_writable"), "0");
  EXPECT_EQ(value(samples, "verified"), "1");
}

TEST_F(BackupsTest, WatchTheArchive) {
  world_.config += "verify: false\narchive: {files: '/archive/*.gz', max_age: 32d}\n";
  put("1.sql", 3600);
  world_.fs.put_directory("archive");
  std::string samples = look();
  EXPECT_EQ(value(samples, "archive_last_timestamp_seconds"), "0");
  EXPECT_EQ(value(samples, "archive_max_age_seconds"), "2764800");
  world_.fs.put("archive/m.gz", "1");
  world_.fs.touch("archive/m.gz", kNow - 100);
  samples = look();
  EXPECT_EQ(value(samples, "archive_last_timestamp_seconds"), "1789999900");
  EXPECT_EQ(value(samples, "archive_files"), "1");
  EXPECT_EQ(value(samples, "files"), "1");
}

TEST_F(BackupsTest, AreReportedByATool) {
  world_.config = "name: shop\nreport: {kind: restic, file: /r.json}\n";
  std::string samples = look();
  EXPECT_EQ(value(samples, "last_timestamp_seconds"), "0");
  EXPECT_EQ(value(samples, "source_up"), "0");
  EXPECT_EQ(value(samples, "report_timestamp_seconds"), "-");
  world_.fs.put("r.json",
                R"([{"time":"2026-09-21T14:00:00Z","summary":{"total_bytes_processed":500,"data_added_packed":60}},)"
                R"({"time":"2026-09-20T14:00:00Z","summary":{"total_bytes_processed":400,"data_added_packed":50}}])");
  world_.fs.touch("r.json", kNow - 100);
  samples = look();
  EXPECT_EQ(value(samples, "last_timestamp_seconds"), "1789999200");
  EXPECT_EQ(value(samples, "size_bytes"), "500");
  EXPECT_EQ(value(samples, "previous_size_bytes"), "400");
  EXPECT_EQ(value(samples, "total_bytes"), "110");
  EXPECT_EQ(value(samples, "files"), "2");
  EXPECT_EQ(value(samples, "report_timestamp_seconds"), "1789999900");
  EXPECT_EQ(value(samples, "report_error"), "0");
  EXPECT_EQ(value(samples, "source_up"), "1");
  EXPECT_EQ(value(samples, "verified_timestamp_seconds"), "-") << "nothing of it can be read";
  world_.fs.put("r.json", "[{");
  samples = look();
  EXPECT_EQ(value(samples, "last_timestamp_seconds"), "1789999200");
  EXPECT_NE(samples.find("upkeep_backup_source_failed{backup=\"shop\",reason=\"malformed\"} 1\n"), std::string::npos);
  world_.fs.put("r.json", "[]");
  world_.clock.advance(27h);
  EXPECT_NE(look().find("upkeep_backup_source_failed{backup=\"shop\",reason=\"stale\"} 1\n"), std::string::npos);
}

// One look alone: at the second one a drill would begin.
TEST_F(BackupsTest, SayWhatTheLastDrillFound) {
  world_.config += "verify: false\ndrill: {every: 7d}\n";
  put("1.sql", 3600);
  std::string samples = look();
  EXPECT_EQ(value(samples, "restore_interval_seconds"), "604800");
  EXPECT_EQ(value(samples, "restore_timestamp_seconds"), "0");
  EXPECT_EQ(value(samples, "restore_success_timestamp_seconds"), "0");
  EXPECT_EQ(value(samples, "restore_running"), "0");
  EXPECT_EQ(value(samples, "restore_success"), "-") << "there was none";
  const DrillResult result{.reason = DrillReason::kRows,
                           .message = "too few",
                           .backup_path = "b/1.sql",
                           .backup_timestamp = 1000,
                           .started = 1900,
                           .finished = 2000,
                           .seconds = 100,
                           .tables = 5,
                           .rows = 70,
                           .checks = 3,
                           .failed_checks = 2,
                           .last_success = 500};
  ASSERT_TRUE(write_drill_result(state_.path(), "shop", result));
  world_.restart();
  samples = look();
  EXPECT_NE(samples.find("upkeep_backup_restore_success{backup=\"shop\"} 0\n"
                         "upkeep_backup_restore_timestamp_seconds{backup=\"shop\"} 2000\n"
                         "upkeep_backup_restore_success_timestamp_seconds{backup=\"shop\"} 500\n"
                         "upkeep_backup_restore_running{backup=\"shop\"} 0\n"
                         "upkeep_backup_restore_backup_timestamp_seconds{backup=\"shop\"} 1000\n"
                         "upkeep_backup_restore_duration_seconds{backup=\"shop\"} 100\n"
                         "upkeep_backup_restore_tables{backup=\"shop\"} 5\n"
                         "upkeep_backup_restore_rows{backup=\"shop\"} 70\n"
                         "upkeep_backup_restore_failed_checks{backup=\"shop\"} 2\n"
                         "upkeep_backup_restore_failure_info{backup=\"shop\",reason=\"rows\"} 1\n"),
            std::string::npos)
      << samples;
}

TEST_F(BackupsTest, DoNotWaitForADiskThatHangs) {
  world_.config += "verify: false\n";
  put("1.sql", 3600);
  look();
  std::promise<void> gate;
  const std::shared_future<void> opened = gate.get_future().share();
  world_.kernel.before_statfs = [opened](std::string_view) { opened.wait(); };
  put("2.sql", 1800);
  CollectorType hurried = backups_collector;
  hurried.timeout = 100ms;
  std::string samples = world_.samples(hurried);
  EXPECT_EQ(value(samples, "last_timestamp_seconds"), "1789996400") << "what was known";
  EXPECT_NE(samples.find("upkeep_backup_source_failed{backup=\"shop\",reason=\"unreadable\"} 1\n"), std::string::npos);
  gate.set_value();
  EXPECT_EQ(value(look(), "last_timestamp_seconds"), "1789998200");
}

TEST_F(BackupsTest, BeginNothingBeforeTheFirstLook) {
  put("1.sql", 3600);
  ConfigDocument document("test.yml", world_.config);
  ConfigReader reader = document.root();
  const auto made = backups_collector.make(reader, world_.environment);
  ASSERT_TRUE(made);
  EXPECT_FALSE(std::filesystem::exists(state_.path() / "backups"));
}

}  // namespace
}  // namespace upkeep::backups
