// Backups: whether there is a new one, of a likely size, whole as far as one can tell from reading it, and proven to
// restore. See places.h for what is found, verifier.h and drill.h for what is done with it, reports.h for tools that
// keep backups of their own.
#include <algorithm>
#include <optional>
#include <utility>

#include "collectors/all.h"
#include "collectors/backups/catalogue.h"
#include "collectors/backups/drill.h"
#include "collectors/backups/families.h"
#include "collectors/backups/looker.h"
#include "collectors/backups/options.h"
#include "collectors/backups/overview.h"
#include "collectors/backups/verified.h"
#include "exporter/kernel.h"

namespace upkeep {
namespace backups {
namespace {

using namespace std::chrono_literals;

std::string_view to_reason(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNotFound:
      return "missing";
    case ErrorCode::kPermission:
      return "denied";
    case ErrorCode::kParse:
      return "malformed";
    case ErrorCode::kTimeout:
    case ErrorCode::kSystem:
      return "unreadable";
    default:
      return "other";
  }
}

class Backups final : public Collector {
 public:
  Backups(Options options, const Environment& environment)
      : options_(std::move(options)),
        environment_(environment),
        looker_({.files = options_.files, .archive = options_.archive.files, .report = options_.report}, environment),
        files_(options_.settle),
        archive_(options_.settle),
        verified_(options_, environment) {}

  Result<> collect(const Run& run, SampleSink& out) override {
    failure_.reset();
    // Half of the time is left for everything else.
    auto look = looker_.look(std::max<Clock::duration>((run.deadline - environment_.clock.now()) / 2, 100ms), run.stop);
    if (!look) note(look.error());
    if (look) take_look(*look);
    if (!options_.files.empty()) work_on_files(look ? &*look : nullptr);
    publish(out);
    log_failure();
    return {};
  }

 private:
  struct Failure {
    std::string_view reason;
    std::string message;
  };

  void take_look(Look& look) {
    note(look.backups.result);
    note(look.archive.result);
    take_files(look.backups, files_, catalogue_);
    take_files(look.archive, archive_, archive_catalogue_);
    free_bytes_ = look.free_bytes;
    if (!look.report) return;
    ReportSeen& seen = *look.report;
    if (seen.modified > 0) report_modified_ = seen.modified;
    if (seen.report) {
      report_ = *std::move(seen.report);
    } else {
      note(seen.report.error());
    }
    const double age = unix_seconds(environment_.clock.wall()) - report_modified_;
    if (report_modified_ > 0 && age > std::chrono::duration<double>(options_.max_age).count())
      fail_for("stale", "the report is older than max_age");
  }

  // What was known stays where not everything could be looked at; what is gone is gone.
  void take_files(const Findings& findings, Cataloguer& cataloguer, std::optional<Catalogue>& catalogue) {
    const bool is_partial = !findings.result && findings.result.error().code != ErrorCode::kNotFound;
    if (is_partial && catalogue) return;
    catalogue = cataloguer.sort_out(findings.items, environment_.clock.wall(), environment_.clock.now());
  }

  void work_on_files(const Look* look) {
    const bool is_whole = look != nullptr && look->backups.result;
    const std::span<const Item> found = is_whole ? std::span<const Item>(look->backups.items) : std::span<const Item>();
    const Catalogue none;
    const Catalogue& known = catalogue_ ? *catalogue_ : none;
    verified_.look(known, found);
    if (!options_.drill.enabled) return;
    // Not at the first look: `upkeep collect`, which looks but once, neither drills nor clears away.
    if (drill_) drill_->step(known.complete.empty() ? nullptr : &known.complete.front());
    if (!drill_) drill_ = std::make_unique<DrillSchedule>(environment_, options_);
  }

  void note(const Result<>& result) {
    if (!result) note(result.error());
  }
  void note(const Error& error) { fail_for(to_reason(error.code), error.message); }
  // The first failure of a look is the one that is told.
  void fail_for(std::string_view reason, std::string message) {
    if (!failure_) failure_ = {reason, std::move(message)};
  }

  void log_failure() {
    std::string message = failure_ ? failure_->message : "";
    if (message == logged_) return;
    if (failure_) {
      environment_.log.warn("Backups cannot be looked at", {{"backup", options_.name}, {"err", message}});
    } else {
      environment_.log.info("Backups can be looked at again", {{"backup", options_.name}});
    }
    logged_ = std::move(message);
  }

  void publish(SampleSink& out) {
    const std::string_view name = options_.name;
    out.add(kSourceUp, failure_ ? 0 : 1, {name});
    if (failure_) out.add(kSourceFailed, 1, {name, failure_->reason});
    publish_expectations(options_, out);
    const double now = unix_seconds(environment_.clock.wall());
    if (options_.report) {
      backups::publish(overview_of(report_, options_, now), options_, out);
      if (report_modified_ > 0) out.add(kReportAt, report_modified_, {name});
      out.add(kReportError, report_.failed ? 1 : 0, {name});
      publish_archive(out);
      return;
    }
    const Catalogue none;
    const Catalogue& known = catalogue_ ? *catalogue_ : none;
    backups::publish(overview_of(known, verified_.history(), options_, now), options_, out);
    out.add(kTemporary, static_cast<double>(known.temporary), {name});
    if (known.temporary_oldest_ns)
      out.add(kTemporaryOldest, static_cast<double>(*known.temporary_oldest_ns) / 1e9, {name});
    if (free_bytes_) out.add(kFree, *free_bytes_, {name});
    publish_archive(out);
    verified_.publish(known, out);
    if (drill_) publish_drill(out);
  }

  void publish_archive(SampleSink& out) {
    if (options_.archive.files.empty()) return;
    const bool is_empty = !archive_catalogue_ || archive_catalogue_->complete.empty();
    out.add(kArchiveLast, is_empty ? 0 : static_cast<double>(archive_catalogue_->complete.front().modified_ns) / 1e9,
            {options_.name});
    out.add(kArchiveFiles, is_empty ? 0 : static_cast<double>(archive_catalogue_->complete.size()), {options_.name});
  }

  void publish_drill(SampleSink& out) {
    const std::string_view name = options_.name;
    const std::optional<DrillResult> last = drill_->last();
    if (last) out.add(kRestoreSuccess, last->good() ? 1 : 0, {name});
    out.add(kRestoreAt, last ? last->finished : 0, {name});
    out.add(kRestoreSuccessAt, last ? last->last_success : 0, {name});
    out.add(kRestoreRunning, drill_->running() ? 1 : 0, {name});
    if (!last) return;
    out.add(kRestoreBackup, last->backup_timestamp, {name});
    out.add(kRestoreDuration, last->seconds, {name});
    out.add(kRestoreTables, static_cast<double>(last->tables), {name});
    out.add(kRestoreRows, static_cast<double>(last->rows), {name});
    out.add(kRestoreFailedChecks, static_cast<double>(last->failed_checks), {name});
    if (!last->good()) out.add(kRestoreFailure, 1, {name, to_string(last->reason)});
  }

  const Options options_;
  const Environment environment_;
  Looker looker_;
  Cataloguer files_, archive_;
  Verified verified_;
  std::unique_ptr<DrillSchedule> drill_;
  std::optional<Catalogue> catalogue_, archive_catalogue_;
  std::optional<double> free_bytes_;
  Report report_;
  double report_modified_ = 0;
  std::optional<Failure> failure_;  // of the present look
  std::string logged_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader& config, const Environment& environment) {
  return std::make_unique<Backups>(read_options(config), environment);
}

}  // namespace
}  // namespace backups

const CollectorType backups_collector = {
    .name = "backups",
    .section = "backups",
    .help = "Backups: fresh, of a likely size, read whole, and proven to restore.",
    .cadence = Cadence::kInterval,
    .metrics = backups::kAllFamilies,
    .make = backups::make,
    .interval = std::chrono::minutes(1),
    .timeout = std::chrono::seconds(30),
    .list = true,
    .command = &backups::kDrillCommand,
};

}  // namespace upkeep
