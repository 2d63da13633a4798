#include "collectors/backups/options.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace upkeep::backups {
namespace {

using namespace std::chrono_literals;

struct Read {
  Options options;
  std::vector<std::string> mistakes;
};

Read read(const std::string& text) {
  ConfigDocument document("upkeep.yml", text);
  ConfigReader reader = document.root();
  Options options = read_options(reader);
  reader.text("name", "");
  Read result{std::move(options), {}};
  for (const std::string& mistake : document.mistakes())
    result.mistakes.push_back(mistake.substr(0, mistake.find('\n')));
  return result;
}

TEST(BackupOptions, HaveDefaults) {
  const Read plain = read("{name: shop, files: /backups/*.dump}");
  EXPECT_EQ(plain.mistakes, std::vector<std::string>{});
  const Options& options = plain.options;
  EXPECT_EQ(options.name, "shop");
  EXPECT_EQ(options.files, std::vector<std::string>{"/backups/*.dump"});
  EXPECT_EQ(options.max_age, 26h);
  EXPECT_EQ(options.interval_expected, 24h);
  EXPECT_EQ(options.min_size, 1u);
  EXPECT_EQ(options.max_shrink, 0.5);
  EXPECT_EQ(options.retain, 0s);
  EXPECT_EQ(options.settle, 30s);
  EXPECT_TRUE(options.archive.files.empty());
  EXPECT_TRUE(options.verify.enabled);
  EXPECT_EQ(options.verify.bytes_per_second, 52'428'800u);
  EXPECT_EQ(options.verify.within, 12h);
  EXPECT_EQ(options.verify.max_expanded_bytes, 1'099'511'627'776u);
  EXPECT_FALSE(options.drill.enabled);
  EXPECT_FALSE(options.report);
}

TEST(BackupOptions, ReadAll) {
  testing::TemporaryDirectory directory;
  directory.write("password", "secret\n");
  const Read all = read(
      "name: shop\n"
      "files: ['/a/*/x_[0-9]*.sql.gz', /b/x.dump]\n"
      "max_age: 50h\n"
      "every: 2d\n"
      "min_size: 1MiB\n"
      "max_shrink: 25%\n"
      "retain: 30d\n"
      "settle: 5m\n"
      "archive: {files: /archive/*.tar.gz, max_age: 40d}\n"
      "verify: {rate: 10MiB/s, within: 6h, max_expanded: 2GiB}\n"
      "drill:\n"
      "  every: 1w\n"
      "  timeout: 30m\n"
      "  scratch: /var/tmp/drill/\n"
      "  max_bytes: 10GiB\n"
      "  user: pg\n"
      "  programs: /opt/pg/bin\n"
      "  server: {host: db2, port: 5433, user: tester, password_file: " +
      (directory.path() / "password").string() +
      ", database_prefix: shop_upkeep_drill_, sslmode: require}\n"
      "  expect: {tables: 20, rows: 1000}\n"
      "  checks: ['SELECT true', 'SELECT count(*) > 0 FROM orders']\n");
  EXPECT_EQ(all.mistakes, std::vector<std::string>{});
  const Options& options = all.options;
  EXPECT_EQ(options.files.size(), 2u);
  EXPECT_EQ(options.max_age, 50h);
  EXPECT_EQ(options.interval_expected, 48h);
  EXPECT_EQ(options.min_size, 1'048'576u);
  EXPECT_EQ(options.max_shrink, 0.25);
  EXPECT_EQ(options.retain, 720h);
  EXPECT_EQ(options.settle, 5min);
  EXPECT_EQ(options.archive.files, std::vector<std::string>{"/archive/*.tar.gz"});
  EXPECT_EQ(options.archive.max_age, 960h);
  EXPECT_EQ(options.verify.bytes_per_second, 10'485'760u);
  EXPECT_EQ(options.verify.within, 6h);
  EXPECT_EQ(options.verify.max_expanded_bytes, 2'147'483'648u);
  const DrillOptions& drill = options.drill;
  EXPECT_TRUE(drill.enabled);
  EXPECT_EQ(drill.every, 168h);
  EXPECT_EQ(drill.timeout, 30min);
  EXPECT_EQ(drill.scratch, "/var/tmp/drill");
  EXPECT_EQ(drill.max_bytes, 10'737'418'240u);
  EXPECT_EQ(drill.user, "pg");
  EXPECT_EQ(drill.programs, "/opt/pg/bin");
  ASSERT_TRUE(drill.server);
  EXPECT_EQ(drill.server->host, "db2");
  EXPECT_EQ(drill.server->port, 5433);
  EXPECT_EQ(drill.server->user, "tester");
  EXPECT_EQ(drill.server->password->reveal(), "secret");
  EXPECT_EQ(drill.server->database_prefix, "shop_upkeep_drill_");
  EXPECT_EQ(drill.server->sslmode, "require");
  EXPECT_EQ(drill.expect_tables, 20);
  EXPECT_EQ(drill.expect_rows, 1000);
  EXPECT_EQ(drill.checks.size(), 2u);
}

TEST(BackupOptions, SwitchVerifyingAndDrillsOff) {
  const Read off = read("{name: a, files: /b/*, verify: false, drill: false}");
  EXPECT_EQ(off.mistakes, std::vector<std::string>{});
  EXPECT_FALSE(off.options.verify.enabled);
  EXPECT_FALSE(off.options.drill.enabled);
  EXPECT_TRUE(read("{name: a, files: /b/*, drill: {}}").options.drill.enabled);
}

TEST(BackupOptions, ReadAReport) {
  const Read report = read("{name: a, report: {kind: wal-g, file: /srv/reports/}}");
  EXPECT_EQ(report.mistakes, std::vector<std::string>{});
  ASSERT_TRUE(report.options.report);
  EXPECT_EQ(report.options.report->kind, "wal-g");
  EXPECT_EQ(report.options.report->file, "/srv/reports");
}

TEST(BackupOptions, SayWhatIsWrong) {
  const auto f = [](const std::string& text, const std::string& mistake) {
    EXPECT_EQ(read(text).mistakes, std::vector<std::string>{"upkeep.yml:" + mistake});
  };
  f("name: a\n", "1:1: `files` expected, or a `report`, and not both");
  f("{name: a, files: /b/*, report: {kind: restic, file: /c}}\n", "1:1: `files` expected, or a `report`, and not both");
  for (const std::string pattern : {"b/*", "/", "/b/../c", "/./b", "/b//c", "/b/"}) {
    f("name: a\nfiles: " + pattern + "\n",
      "2:8: files: the absolute path of files expected, without . and .., not '" + pattern + "'");
  }
  for (const std::string name : {".a", "-a", "a/b", "'a b'", "../x"}) {
    f("name: " + name + "\nfiles: /b/*\n",
      "1:7: name: at most 100 letters, digits, '_', '-' and '.' expected, of which the last two not at the beginning: "
      "it becomes part of file names");
  }
  for (const std::string shrink : {"0.5", "0%", "101%", "half", "-5%"}) {
    f("name: a\nfiles: /b/*\nmax_shrink: " + shrink + "\n",
      "3:13: max_shrink: a percentage from 1% to 100% expected, not '" + shrink + "'");
  }
  for (const std::string rate : {"50MiB", "1/s", "fast"}) {
    f("name: a\nfiles: /b/*\nverify: {rate: " + rate + "}\n",
      "3:16: verify.rate: bytes per second expected, such as 50MiB/s and at least 1MiB/s, not '" + rate + "'");
  }
  for (const std::string prefix :
       {"shop_", "Upkeep_drill", "upkeep_drill-", "upkeep_drill_0123456789012345678901234567"}) {
    f("name: a\nfiles: /b/*\ndrill: {server: {host: b, database_prefix: " + prefix + "}}\n",
      "3:44: drill.server.database_prefix: at most 40 lower case letters, digits and underscores expected, with "
      "'upkeep_drill' among them: databases of such names are made and dropped");
  }
  f("name: a\nfiles: /b/*\ndrill: {scratch: tmp}\n", "3:18: drill.scratch: the absolute path of a directory expected");
  f("name: a\nfiles: /b/*\ndrill: {server: {port: 1}}\n", "3:9: drill.server.host: required, but missing");
  f("name: a\nreport: {kind: borg, file: /b}\n",
    "2:16: report.kind: one of pgbackrest, barman, restic, wal-g expected, not 'borg'");
  f("name: a\nreport: {kind: restic, file: b}\n",
    "2:30: report.file: the absolute path of a file or directory expected");
  f("name: a\nreport: {kind: restic, file: /b}\ndrill: {}\n",
    "3:8: drill: `files` expected: what a report tells of cannot be restored");
}

}  // namespace
}  // namespace upkeep::backups
