#include "collectors/backups/reports.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "collectors/json/json.h"
#include "collectors/json/rfc3339.h"
#include "exporter/limits.h"
#include "exporter/text.h"

namespace upkeep::backups {
namespace {

using json::Path;
using json::Shape;
using json::Value;
using json::walk;

double amount(const Value& value) { return std::clamp(value.number, 0.0, 1e18); }

// Collects the backups of one document, as its objects end.
class Collected {
 public:
  explicit Collected(std::string_view name) : name_(name) {}

  // Whether the name that a backup goes by is the one that was asked for.
  bool is_wanted(std::string_view name) {
    const bool wanted = name_.empty() || name == name_;
    found_ = found_ || wanted;
    return wanted;
  }
  // One that has no time is none.
  void add(const ReportedBackup& backup) {
    if (backup.finished > 0 && report_.backups.size() < limits::kBackupFiles) report_.backups.push_back(backup);
  }
  Report& report() { return report_; }

  Result<Report> finish(Result<> walked) {
    UPKEEP_CHECK(walked);
    if (!name_.empty() && !found_) return fail(ErrorCode::kNotFound, fmt::format("nothing in it of '{}'", name_));
    std::ranges::stable_sort(report_.backups, std::greater<>(), &ReportedBackup::finished);
    return std::move(report_);
  }

 private:
  const std::string_view name_;
  bool found_ = false;
  Report report_;
};

// [{"name": "main", "status": {"code": 0, "message": "ok"},
//   "backup": [{"label": "20260101-000000F", "error": false, "timestamp": {"start": 1767225600, "stop": 1767225721},
//               "info": {"size": 31457280, "delta": 31457280, "repository": {"size": 4194304, "delta": 4194304}}}]}]
// A stanza's name may come after its backups.
Result<Report> parse_pgbackrest(std::string_view name, std::string_view text) {
  struct Backup {
    ReportedBackup reported;
    bool failed = false;
  };
  struct Stanza {
    std::string name;
    std::vector<Backup> backups;
    double code = 0;
  };
  Collected collected(name);
  Stanza stanza;
  Backup backup;
  const auto on_value = [&](const Path& path, const Value& value) {
    if (path.is({"*", "name"})) stanza.name = value.kept();
    if (path.is({"*", "status", "code"})) stanza.code = value.number;
    if (!path.begins({"*", "backup", "*"})) return;
    if (path.is({"*", "backup", "*", "error"})) backup.failed = value.truth();
    if (path.is({"*", "backup", "*", "timestamp", "stop"})) backup.reported.finished = amount(value);
    if (path.is({"*", "backup", "*", "info", "size"})) backup.reported.size_bytes = amount(value);
    if (path.is({"*", "backup", "*", "info", "repository", "delta"})) backup.reported.stored_bytes = amount(value);
  };
  const auto on_end = [&](const Path& path) {
    if (path.is({"*", "backup", "*"})) {
      if (stanza.backups.size() < limits::kBackupFiles) stanza.backups.push_back(backup);
      backup = {};
    } else if (path.is({"*"})) {
      const auto newest =
          std::ranges::max_element(stanza.backups, {}, [](const Backup& b) { return b.reported.finished; });
      if (collected.is_wanted(stanza.name)) {
        for (const Backup& one : stanza.backups) collected.add(one.reported);
        const bool failed = stanza.code != 0 || (newest != stanza.backups.end() && newest->failed);
        collected.report().failed = collected.report().failed || failed;
      }
      stanza = {};
    }
  };
  return collected.finish(walk(text, Shape::kArray, on_value, on_end));
}

// {"main": [{"backup_id": "20260101T000000", "status": "DONE", "end_time_timestamp": "1767225721",
//            "size_bytes": 31457280, "wal_size_bytes": 16777216}, {"backup_id": "20260102T000000", "status":
//            "FAILED"}]}
// Ids sort as their times do. Messages of its own come as lists below "_INFO", "_WARNING", "_ERROR", "_EXCEPTION".
Result<Report> parse_barman(std::string_view name, std::string_view text) {
  struct Backup {
    std::string id, status;
    ReportedBackup reported;
  };
  Collected collected(name);
  Backup backup;
  std::map<std::string, std::pair<std::string, bool>> last;  // by server: the newest id, and whether it failed
  const auto on_value = [&](const Path& path, const Value& value) {
    if (path.depth() == 2 && (path.begins({"_ERROR"}) || path.begins({"_EXCEPTION"}))) collected.report().failed = true;
    if (path.depth() != 3) return;
    const std::string& key = path.last();
    if (key == "backup_id") backup.id = value.kept();
    if (key == "status") backup.status = value.kept();
    if (key == "end_time_timestamp")
      backup.reported.finished = value.is_text ? static_cast<double>(to_u64(value.text).value_or(0)) : amount(value);
    if (key == "size_bytes") backup.reported.size_bytes = amount(value);
  };
  const auto on_end = [&](const Path& path) {
    if (path.depth() != 2) return;
    if (collected.is_wanted(path.first())) {
      const bool complete = backup.status == "DONE" || backup.status == "WAITING_FOR_WALS";
      const bool failed = backup.status == "FAILED";
      backup.reported.stored_bytes = backup.reported.size_bytes;
      if (complete) collected.add(backup.reported);
      if (!complete && !failed) ++collected.report().in_progress;
      auto& [newest, newest_failed] = last[path.first()];
      if (backup.id >= newest) {
        newest = backup.id;
        newest_failed = failed;
      }
    }
    backup = {};
  };
  Result<> walked = walk(text, Shape::kObject, on_value, on_end);
  for (const auto& [server, attempt] : last) {
    collected.report().failed = collected.report().failed || attempt.second;
  }
  return collected.finish(std::move(walked));
}

// [{"time": "2026-01-01T00:00:00.123456789+01:00", "hostname": "db1", "paths": ["/srv"], "tags": ["nightly"],
//   "summary": {"backup_end": "2026-01-01T00:02:01Z", "total_bytes_processed": 31457280, "data_added_packed":
//   4194304}}]
// The summary came with restic 0.17.
Result<Report> parse_restic(std::string_view name, std::string_view text) {
  Collected collected(name);
  ReportedBackup backup;
  bool has_end = false, by_name = false;
  const auto on_value = [&](const Path& path, const Value& value) {
    const double time = json::parse_rfc3339(value.text);
    if (path.is({"*", "time"}) && !has_end) backup.finished = time;
    if (path.is({"*", "summary", "backup_end"}) && time > 0) {
      backup.finished = time;
      has_end = true;
    }
    if (path.is({"*", "summary", "total_bytes_processed"})) backup.size_bytes = amount(value);
    if (path.is({"*", "summary", "data_added_packed"})) backup.stored_bytes = amount(value);
    const bool names = path.is({"*", "hostname"}) || path.is({"*", "tags", "*"}) || path.is({"*", "paths", "*"});
    by_name = by_name || (names && !name.empty() && value.text == name);
  };
  const auto on_end = [&](const Path& path) {
    if (!path.is({"*"})) return;
    if (collected.is_wanted(by_name ? name : "")) collected.add(backup);
    backup = {};
    has_end = by_name = false;
  };
  return collected.finish(walk(text, Shape::kArray, on_value, on_end));
}

// [{"backup_name": "base_0000000100000000000000C4", "time": "2026-01-01T00:02:02Z", "hostname": "db1",
//   "finish_time": "2026-01-01T00:02:01Z", "uncompressed_size": 31457280, "compressed_size": 4194304}]
// Without --detail there are only the name and the time, or `modified` in newer versions.
Result<Report> parse_wal_g(std::string_view name, std::string_view text) {
  Collected collected(name);
  ReportedBackup backup;
  bool has_end = false;
  std::string host;
  const auto on_value = [&](const Path& path, const Value& value) {
    if (path.depth() != 2) return;
    const std::string& key = path.last();
    const double time = json::parse_rfc3339(value.text);
    if ((key == "time" || key == "modified") && !has_end) backup.finished = std::max(backup.finished, time);
    if (key == "finish_time" && time > 0) {
      backup.finished = time;
      has_end = true;
    }
    if (key == "uncompressed_size") backup.size_bytes = amount(value);
    if (key == "compressed_size") backup.stored_bytes = amount(value);
    if (key == "hostname") host = value.kept();
  };
  const auto on_end = [&](const Path& path) {
    if (!path.is({"*"})) return;
    if (collected.is_wanted(host)) collected.add(backup);
    backup = {};
    has_end = false;
    host.clear();
  };
  return collected.finish(walk(text, Shape::kArray, on_value, on_end));
}

}  // namespace

Result<Report> parse_report(std::string_view kind, std::string_view name, std::string_view text) {
  if (kind == "pgbackrest") return parse_pgbackrest(name, text);
  if (kind == "barman") return parse_barman(name, text);
  if (kind == "restic") return parse_restic(name, text);
  return parse_wal_g(name, text);
}

}  // namespace upkeep::backups
