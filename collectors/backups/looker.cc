#include "collectors/backups/looker.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "exporter/kernel.h"

namespace upkeep::backups {
namespace {

// The file itself, or the newest of a directory.
Result<std::string> report_path(FileSystem& fs, const std::string& file) {
  const auto entries = fs.list(file);
  if (!entries) return file;  // then reading it says what is wrong
  std::string newest;
  std::int64_t newest_ns = 0;
  for (const DirectoryEntry& entry : *entries) {
    if (entry.name.starts_with('.') || !name_when_finished(entry.name).empty()) continue;
    std::string path = fmt::format("{}/{}", file, entry.name);
    const auto status = fs.status(path);
    if (!status || !status->is_regular) continue;
    if (!newest.empty() && status->modified_ns < newest_ns) continue;
    newest = std::move(path);
    newest_ns = status->modified_ns;
  }
  if (newest.empty()) return fail(ErrorCode::kNotFound, fmt::format("{}: no file in it", file));
  return newest;
}

Result<Report> read_report(FileSystem& fs, const ReportOptions& options, double& modified) {
  UPKEEP_TRY(const std::string path, report_path(fs, options.file.substr(1)));
  UPKEEP_TRY(const FileStatus status, fs.status(path));
  if (!status.is_regular) return fail(ErrorCode::kSystem, fmt::format("{}: not a regular file", path));
  modified = status.modified_unix_seconds;
  UPKEEP_TRY(const std::string text, fs.read(path));
  auto report = parse_report(options.kind, options.name, text);
  if (!report) return fail(report.error().code, fmt::format("{}: {}", path, report.error().message));
  return report;
}

// Where the next backup will be written, as far as one can know.
std::string directory_of_newest(const Places& places, const Findings& findings) {
  const auto newest =
      std::ranges::max_element(findings.items, {}, [](const Item& item) { return item.file.modified_ns; });
  if (newest == findings.items.end()) return "/" + fixed_directory(places.files.front());
  return "/" + newest->file.path.substr(0, std::min(newest->file.path.rfind('/'), newest->file.path.size()));
}

}  // namespace

Look look_at(const Places& places, FileSystem& fs, Kernel& kernel) {
  Look look{.backups = find_backups(fs, places.files),
            .archive = find_backups(fs, places.archive),
            .free_bytes = std::nullopt,
            .report = std::nullopt};
  if (!places.files.empty()) {
    const auto usage = kernel.statfs(directory_of_newest(places, look.backups));
    if (usage) look.free_bytes = static_cast<double>(usage->available_bytes);
  }
  if (places.report) {
    double modified = 0;
    auto report = read_report(fs, *places.report, modified);
    look.report = ReportSeen{.report = std::move(report), .modified = modified};
  }
  return look;
}

// What a thread and its master share.
struct Looker::Answer {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::optional<Result<Look>> look;  // guarded
};

Looker::Looker(Places places, const Environment& environment)
    : places_(std::make_shared<const Places>(std::move(places))), fs_(environment.fs), kernel_(environment.kernel) {}

Result<> Looker::ask() {
  auto answer = std::make_shared<Answer>();
  const auto work = [answer, places = places_, &fs = fs_, &kernel = kernel_] {
    const auto look = [&]() -> Result<Look> {
      try {
        return look_at(*places, fs, kernel);
      } catch (...) {  // nothing may leave a thread
        return fail(ErrorCode::kSystem, "out of memory");
      }
    };
    Result<Look> seen = look();
    const std::lock_guard lock(answer->mutex);
    answer->look = std::move(seen);
    answer->changed.notify_all();
  };
  try {
    std::thread(work).detach();
  } catch (const std::system_error& error) {
    return fail(ErrorCode::kSystem, fmt::format("thread for directories: {}", error.code().message()));
  }
  pending_ = std::move(answer);
  return {};
}

Result<Look> Looker::look(std::chrono::nanoseconds patience, const std::stop_token& stop) {
  if (!pending_) UPKEEP_CHECK(ask());
  std::unique_lock lock(pending_->mutex);
  if (!pending_->changed.wait_for(lock, stop, patience, [&] { return pending_->look.has_value(); }))
    return fail(ErrorCode::kTimeout, "the file system does not answer");
  Result<Look> look = *std::move(pending_->look);
  lock.unlock();
  pending_.reset();
  return look;
}

}  // namespace upkeep::backups
