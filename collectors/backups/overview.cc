#include "collectors/backups/overview.h"

#include <algorithm>

#include "collectors/backups/families.h"

namespace upkeep::backups {
namespace {

constexpr std::size_t kLikely = 3;  // so many of the newest tell the size of the next

struct Entry {
  double when = 0, size = 0;
};

double seconds(std::int64_t ns) { return static_cast<double>(ns) / 1e9; }
double seconds(milliseconds duration) { return std::chrono::duration<double>(duration).count(); }

// Of complete backups that are not dated later than now, newest first.
Overview summarize(std::span<const Entry> entries, const Options& options, double now) {
  Overview overview;
  const double retain = seconds(options.retain);
  for (const Entry& entry : entries) {
    if (retain > 0 && entry.when < now - retain) ++overview.expired;
  }
  if (entries.empty()) return overview;
  overview.last = entries.front().when;
  overview.oldest = entries.back().when;
  overview.size = entries.front().size;
  return overview;
}

void judge_sizes(std::span<const Entry> newest, Overview& overview) {
  if (newest.size() > 1) overview.previous_size = newest[1].size;
  for (const Entry& entry : newest.subspan(0, std::min(newest.size(), kLikely))) {
    overview.next_size = std::max(overview.next_size.value_or(0), entry.size);
  }
}

}  // namespace

Overview overview_of(const Catalogue& catalogue, std::span<const Newest> history, const Options& options, double now) {
  std::vector<Entry> entries;
  for (const BackupFile& file : catalogue.complete)
    entries.push_back({seconds(file.modified_ns), static_cast<double>(file.size_bytes)});
  Overview overview = summarize(entries, options, now);
  if (entries.size() == 1 && history.size() > 1) {
    // A job that always writes the same file, or a rotation that keeps but one.
    for (const Newest& newest : history.subspan(1))
      entries.push_back({seconds(newest.modified_ns), static_cast<double>(newest.size_bytes)});
  }
  judge_sizes(entries, overview);
  overview.files = static_cast<double>(catalogue.complete.size() + catalogue.future.size());
  for (const auto* files : {&catalogue.complete, &catalogue.future}) {
    for (const BackupFile& file : *files) overview.total_bytes += static_cast<double>(file.size_bytes);
  }
  overview.in_progress = static_cast<double>(catalogue.in_progress);
  overview.future = static_cast<double>(catalogue.future.size());
  return overview;
}

Overview overview_of(const Report& report, const Options& options, double now) {
  const double skew = std::chrono::duration<double>(kClockSkew).count();
  std::vector<Entry> entries;
  std::size_t without_size = 0;
  double total = 0;
  for (const ReportedBackup& backup : report.backups) {
    total += backup.stored_bytes;
    if (backup.finished > now + skew) continue;
    if (backup.size_bytes == 0) ++without_size;
    entries.push_back({backup.finished, backup.size_bytes});
  }
  Overview overview = summarize(entries, options, now);
  judge_sizes(entries, overview);
  // Tools that do not tell a size tell none of any backup; some tell it only of those made since a newer version.
  const auto is_unknown = [](std::optional<double>& size) {
    if (size == 0.0) size.reset();
  };
  if (without_size > 0) {
    is_unknown(overview.size);
    is_unknown(overview.previous_size);
    is_unknown(overview.next_size);
  }
  overview.files = static_cast<double>(report.backups.size());
  overview.total_bytes = total;
  overview.in_progress = static_cast<double>(report.in_progress);
  overview.future = static_cast<double>(report.backups.size() - entries.size());
  return overview;
}

void publish(const Overview& overview, const Options& options, SampleSink& out) {
  const std::string_view name = options.name;
  const auto add = [&](const MetricDesc& desc, std::optional<double> value) {
    if (value) out.add(desc, *value, {name});
  };
  add(kLast, overview.last);
  add(kSize, overview.size);
  add(kPreviousSize, overview.previous_size);
  add(kFiles, overview.files);
  add(kTotal, overview.total_bytes);
  add(kOldest, overview.oldest);
  if (options.retain.count() > 0) add(kExpired, overview.expired);
  add(kInProgress, overview.in_progress);
  add(kFuture, overview.future);
  add(kNextSize, overview.next_size);
}

void publish_expectations(const Options& options, SampleSink& out) {
  const std::string_view name = options.name;
  out.add(kMaxAge, seconds(options.max_age), {name});
  out.add(kInterval, seconds(options.interval_expected), {name});
  out.add(kMinSize, static_cast<double>(options.min_size), {name});
  out.add(kMaxShrink, options.max_shrink, {name});
  if (options.retain.count() > 0) out.add(kRetention, seconds(options.retain), {name});
  if (options.verify.enabled && !options.files.empty()) out.add(kVerifyWithin, seconds(options.verify.within), {name});
  if (options.drill.enabled) out.add(kRestoreInterval, seconds(options.drill.every), {name});
  if (!options.archive.files.empty()) out.add(kArchiveMaxAge, seconds(options.archive.max_age), {name});
}

}  // namespace upkeep::backups
