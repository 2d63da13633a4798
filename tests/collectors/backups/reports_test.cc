#include "collectors/backups/reports.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace upkeep::backups {
namespace {

// "failed, 1 in progress: 1767225721/31457280/4194304 ..."
std::string read(std::string_view kind, std::string_view text, std::string_view name = "") {
  const auto report = parse_report(kind, name, text);
  if (!report) return report.error().message;
  std::string all = report->failed ? "failed" : "fine";
  if (report->in_progress > 0) all += fmt::format(", {} in progress", report->in_progress);
  all += ":";
  for (const ReportedBackup& backup : report->backups)
    all += fmt::format(" {}/{}/{}", backup.finished, backup.size_bytes, backup.stored_bytes);
  return all;
}

std::string pgbackrest(const std::string& status, const std::string& backups, const std::string& name = "main") {
  return R"({"archive":[{"database":{"id":1},"id":"15-1","max":"0001","min":"0001"}],"backup":[)" + backups +
         R"(],"cipher":"none","db":[{"id":1,"repo-key":1,"version":"15"}],"name":")" + name +
         R"(","repo":[{"cipher":"none","key":1,"status":{"code":0,"message":"ok"}}],"status":{"code":)" + status +
         R"(,"lock":{"backup":{"held":false}},"message":"ok"}})";
}
std::string pgbackrest_backup(int stop, const std::string& error = "false") {
  return R"({"archive":{"start":"0001","stop":"0001"},"backrest":{"format":5,"version":"2.50"},"database":{"id":1},)"
         R"("error":)" +
         error +
         R"(,"info":{"delta":2000,"repository":{"delta":300,"size":400},"size":5000},"label":"20260101-000000F",)"
         R"("prior":null,"reference":null,"timestamp":{"start":1,"stop":)" +
         std::to_string(stop) + R"(},"type":"full"})";
}

TEST(Reports, OfPgbackrest) {
  const std::string two = pgbackrest_backup(100) + "," + pgbackrest_backup(200);
  EXPECT_EQ(read("pgbackrest", "[" + pgbackrest("0", two) + "]"), "fine: 200/5000/300 100/5000/300");
  EXPECT_EQ(read("pgbackrest", "[" + pgbackrest("2", "") + "]"), "failed:");
  EXPECT_EQ(read("pgbackrest", "[" + pgbackrest("0", two + "," + pgbackrest_backup(300, "true")) + "]"),
            "failed: 300/5000/300 200/5000/300 100/5000/300");
  EXPECT_EQ(read("pgbackrest", "[" + pgbackrest("0", pgbackrest_backup(50, "true") + "," + two) + "]"),
            "fine: 200/5000/300 100/5000/300 50/5000/300")
      << "an old failure is over";
  const std::string stanzas = "[" + pgbackrest("0", pgbackrest_backup(100)) + "," + pgbackrest("1", "", "other") + "]";
  EXPECT_EQ(read("pgbackrest", stanzas), "failed: 100/5000/300");
  EXPECT_EQ(read("pgbackrest", stanzas, "main"), "fine: 100/5000/300");
  EXPECT_EQ(read("pgbackrest", stanzas, "other"), "failed:");
  EXPECT_EQ(read("pgbackrest", stanzas, "third"), "nothing in it of 'third'");
  EXPECT_EQ(read("pgbackrest", "[]"), "fine:");
}

TEST(Reports, OfBarman) {
  const auto done = [](const std::string& id, int end, const std::string& status = "DONE") {
    return R"({"backup_id":")" + id + R"(","backup_type":"rsync","end_time_timestamp":")" + std::to_string(end) +
           R"(","end_time":"Thu Jan  1 00:00:00 2026","size_bytes":5000,"wal_size_bytes":70,"size":"4.9 KiB",)"
           R"("wal_size":"70.0 B","status":")" +
           status + R"(","retention_status":"-"})";
  };
  const auto only = [](const std::string& id, const std::string& status) {
    return R"({"backup_id":")" + id + R"(","status":")" + status + R"("})";
  };
  const std::string first = done("20260101T000000", 100), second = done("20260102T000000", 200, "WAITING_FOR_WALS");
  EXPECT_EQ(read("barman", R"({"main":[)" + second + "," + first + "]}"), "fine: 200/5000/5000 100/5000/5000");
  EXPECT_EQ(read("barman", R"({"main":[)" + only("20260103T000000", "FAILED") + "," + second + "]}"),
            "failed: 200/5000/5000");
  EXPECT_EQ(read("barman", R"({"main":[)" + second + "," + only("20260101T120000", "FAILED") + "]}"),
            "fine: 200/5000/5000")
      << "an old failure is over";
  EXPECT_EQ(read("barman", R"({"main":[)" + only("20260103T000000", "STARTED") + "," + second + "]}"),
            "fine, 1 in progress: 200/5000/5000");
  const std::string both = R"({"main":[)" + first + R"(],"other":[)" + only("2026", "FAILED") + "]}";
  EXPECT_EQ(read("barman", both), "failed: 100/5000/5000");
  EXPECT_EQ(read("barman", both, "main"), "fine: 100/5000/5000");
  EXPECT_EQ(read("barman", R"({"_ERROR":["Unknown server 'x'"]})"), "failed:");
  EXPECT_EQ(read("barman", R"({"main":[]})"), "fine:");
}

TEST(Reports, OfRestic) {
  const std::string old =
      R"({"time":"1970-01-01T01:01:40.5+01:00","tree":"a","paths":["/srv","/etc"],"hostname":"db1",)"
      R"("tags":["nightly"],"username":"root","id":"1","short_id":"1"})";
  const std::string recent =
      R"({"time":"1970-01-01T00:03:00Z","parent":null,"tree":"b","paths":["/home"],"hostname":"db2","summary":)"
      R"({"backup_start":"1970-01-01T00:03:00Z","backup_end":"1970-01-01T00:03:20Z","data_added":400,)"
      R"("data_added_packed":300,"total_files_processed":2,"total_bytes_processed":5000},"id":"2","short_id":"2"})";
  EXPECT_EQ(read("restic", "[" + old + "," + recent + "]"), "fine: 200/5000/300 100.5/0/0");
  EXPECT_EQ(read("restic", "[" + old + "," + recent + "]", "db1"), "fine: 100.5/0/0");
  EXPECT_EQ(read("restic", "[" + old + "," + recent + "]", "nightly"), "fine: 100.5/0/0");
  EXPECT_EQ(read("restic", "[" + old + "," + recent + "]", "/home"), "fine: 200/5000/300");
  EXPECT_EQ(read("restic", "[]", "db1"), "nothing in it of 'db1'");
  EXPECT_EQ(read("restic", "[]"), "fine:");
}

TEST(Reports, OfWalG) {
  const std::string detailed =
      R"([{"backup_name":"base_2","time":"1970-01-01T00:03:30Z","wal_file_name":"0002","storage_name":"default",)"
      R"("start_time":"1970-01-01T00:03:00Z","finish_time":"1970-01-01T00:03:20Z","date_fmt":"%Y","hostname":"db1",)"
      R"("data_dir":"/d","pg_version":150004,"start_lsn":1,"finish_lsn":2,"is_permanent":false,)"
      R"("uncompressed_size":5000,"compressed_size":300}])";
  EXPECT_EQ(read("wal-g", detailed), "fine: 200/5000/300");
  EXPECT_EQ(read("wal-g", detailed, "db1"), "fine: 200/5000/300");
  EXPECT_EQ(read("wal-g", detailed, "db2"), "nothing in it of 'db2'");
  EXPECT_EQ(read("wal-g", R"([{"backup_name":"a","modified":"1970-01-01T00:01:40Z","wal_file_name":"1"}])"),
            "fine: 100/0/0");
  EXPECT_EQ(read("wal-g", R"([{"backup_name":"a","time":"1970-01-01T00:01:40Z","wal_file_name":"1"}])"),
            "fine: 100/0/0");
}

TEST(Reports, ThatAreNone) {
  EXPECT_EQ(read("pgbackrest", ""), "not JSON at byte 1");
  EXPECT_EQ(read("pgbackrest", "{}"), "an array expected");
  EXPECT_EQ(read("barman", "[]"), "an object expected");
  EXPECT_EQ(read("restic", R"([{"time":"1970-01-01T00:03:00Z"},)"), "not JSON at byte 34") << "half-written";
  EXPECT_EQ(read("restic", R"([{"time":5},{"time":"never"},[],7])"), "fine:");
  EXPECT_EQ(read("wal-g", R"([{"finish_time":true,"time":"1970-01-01T00:01:40Z","compressed_size":-5}])"),
            "fine: 100/0/0");
}

}  // namespace
}  // namespace upkeep::backups
