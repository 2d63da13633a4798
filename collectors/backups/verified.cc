#include "collectors/backups/verified.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "collectors/backups/families.h"
#include "exporter/state_file.h"

namespace upkeep::backups {
namespace {

// What could not be read, or was written to, is tried again: the file may be the same, and readable now.
constexpr double kRetrySeconds = 600;

}  // namespace

Verified::Verified(const Options& options, const Environment& environment)
    : options_(options),
      environment_(environment),
      path_(environment.state.empty() ? "" : fmt::format("{}/backups/{}.verified", environment.state, options.name)) {}

void Verified::look(const Catalogue& catalogue, std::span<const Item> found) {
  if (!std::exchange(is_loaded_, true)) load();
  if (verifier_) {
    for (Verifier::Done& done : verifier_->take_done()) take(std::move(done));
  }
  if (!found.empty()) {
    std::vector<BackupFile> present;
    for (const Item& item : found) present.push_back(item.file);
    records_.keep_only(present);
  }
  if (!catalogue.complete.empty()) records_.see_newest(catalogue.complete.front());
  if (options_.verify.enabled) want(catalogue);
  save();
}

void Verified::load() {
  if (path_.empty()) return set_writable(false, "no state directory");
  const auto text = read_state_file(path_);
  if (text) records_ = Records::parse(*text);
  if (!text && text.error().code != ErrorCode::kNotFound) {
    environment_.log.warn("Verified backups are not remembered",
                          {{"backup", options_.name}, {"err", text.error().message}});
  }
}

void Verified::save() {
  if (path_.empty()) return;
  is_saved_ = !records_.take_change() && is_saved_;
  if (!is_saved_) {
    const auto written = write_state_file(path_, records_.to_text());
    is_saved_ = written.has_value();
    return set_writable(is_saved_, is_saved_ ? "" : written.error().message);
  }
  const std::string directory = path_.substr(0, path_.rfind('/'));
  set_writable(is_state_writable(directory), fmt::format("{}: not writable", directory));
}

// One line for each change, however often it is tried.
void Verified::set_writable(bool writable, std::string_view why) {
  if (std::exchange(is_writable_, writable) == writable) return;
  if (writable) {
    environment_.log.info("What is known of backups can be kept again", {{"backup", options_.name}});
  } else {
    environment_.log.warn("What is known of backups cannot be kept: after a restart they are verified anew",
                          {{"backup", options_.name}, {"err", why}});
  }
}

void Verified::take(Verifier::Done done) {
  const Verification& result = done.result;
  if (result.reason == Reason::kStopped) return;  // nothing was found
  records_.add({.file = std::move(done.file),
                .reason = result.reason,
                .format = result.format,
                .when = done.when,
                .seconds = result.seconds,
                .coverage = result.coverage,
                .read_bytes = result.read_bytes});
}

void Verified::want(const Catalogue& catalogue) {
  const double now = unix_seconds(environment_.clock.wall());
  std::vector<BackupFile> files;
  for (const auto* group : {&catalogue.complete, &catalogue.future}) {
    for (const BackupFile& file : *group) {
      const Record* record = records_.find(file);
      const bool is_settled = record != nullptr && (record->is_final() || std::abs(now - record->when) < kRetrySeconds);
      if (!is_settled) files.push_back(file);
    }
  }
  if (!verifier_ && files.empty()) return;
  if (!verifier_) {
    verifier_ = std::make_unique<Verifier>(environment_.fs, environment_.clock, environment_.log, options_.verify,
                                           options_.name);
  }
  verifier_->want(std::move(files));
}

void Verified::publish(const Catalogue& catalogue, SampleSink& out) {
  const std::string_view name = options_.name;
  out.add(kStateWritable, is_writable_ ? 1 : 0, {name});
  if (!options_.verify.enabled) return;
  const Record* newest = records_.newest(catalogue.complete);
  const Record* good = records_.newest_good(catalogue.complete);
  if (newest != nullptr) out.add(kVerified, newest->good() ? 1 : 0, {name});
  out.add(kVerifiedAt, newest == nullptr ? 0 : newest->when, {name});
  out.add(kVerifiedBackup, good == nullptr ? 0 : static_cast<double>(good->file.modified_ns) / 1e9, {name});
  if (newest != nullptr) {
    out.add(kVerifyDuration, newest->seconds, {name});
    out.add(kVerifyBytes, static_cast<double>(newest->read_bytes), {name});
    out.add(kVerifyCoverage, newest->coverage, {name});
    if (!newest->good()) out.add(kVerifyFailure, 1, {name, to_string(newest->reason)});
  }
  double corrupt = 0, unverified = 0;
  for (const auto* group : {&catalogue.complete, &catalogue.future}) {
    for (const BackupFile& file : *group) {
      const Record* record = records_.find(file);
      if (record == nullptr) ++unverified;
      if (record != nullptr && !record->good()) ++corrupt;
    }
  }
  out.add(kCorruptFiles, corrupt, {name});
  out.add(kUnverified, unverified, {name});
  const Verifier::Now now = verifier_ ? verifier_->now() : Verifier::Now{};
  out.add(kVerifying, now.running ? 1 : 0, {name});
  out.add(kVerifyRead, static_cast<double>(now.read_bytes_total), {name});
}

}  // namespace upkeep::backups
