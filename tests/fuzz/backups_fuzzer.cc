// Any bytes at all as the report of a backup tool and as the file of verified backups: what is understood of them is
// bounded, and says the same when it is written and read again.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "collectors/backups/records.h"
#include "collectors/backups/reports.h"
#include "exporter/limits.h"
#include "exporter/utf8.h"

namespace upkeep::backups {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_amount(double value) { require(std::isfinite(value) && value >= 0); }

void read_reports(std::string_view text) {
  for (const std::string_view kind : kReportKinds) {
    for (const std::string_view name : {"", "main"}) {
      const auto report = parse_report(kind, name, text);
      require(report || (!report.error().message.empty() && is_utf8(report.error().message)));
      if (!report) continue;
      require(report->backups.size() <= limits::kBackupFiles);
      double before = INFINITY;
      for (const ReportedBackup& backup : report->backups) {
        require(backup.finished > 0 && backup.finished <= before);
        before = backup.finished;
        check_amount(backup.size_bytes);
        check_amount(backup.stored_bytes);
      }
    }
  }
}

void read_records(std::string_view text) {
  Records records = Records::parse(text);
  const std::string once = records.to_text();
  require(Records::parse(once).to_text() == once);
  if (const Record* newest = records.newest({})) {
    require(newest->coverage >= 0 && newest->coverage <= 1);
    check_amount(newest->when);
  }
  require(records.history().size() <= Records::kHistory);
}

}  // namespace
}  // namespace upkeep::backups

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  upkeep::backups::read_reports(text);
  upkeep::backups::read_records(text);
  return 0;
}
