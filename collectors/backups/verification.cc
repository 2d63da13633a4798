#include "collectors/backups/verification.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <optional>

#include "collectors/backups/archive_toc.h"
#include "collectors/backups/base_backup.h"
#include "collectors/backups/custom_archive.h"
#include "collectors/backups/dump_directory.h"
#include "collectors/backups/manifest.h"
#include "collectors/backups/tar.h"
#include "collectors/backups/text_dump.h"
#include "exporter/utf8.h"

namespace upkeep::backups {
namespace {

// What the end of a name promises: how it is compressed, and what is inside.
struct Promise {
  Compression compression = Compression::kNone;
  bool is_script = false, is_tar = false;
};

Promise promise_of(std::string_view name) {
  struct Suffix {
    std::string_view text;
    Compression compression;
    bool is_tar = false;
  };
  constexpr Suffix kSuffixes[] = {
      {".gz", Compression::kGzip},      {".tgz", Compression::kGzip, true},  {".zst", Compression::kZstd},
      {".zstd", Compression::kZstd},    {".tzst", Compression::kZstd, true}, {".xz", Compression::kXz},
      {".txz", Compression::kXz, true}, {".lz4", Compression::kLz4},
  };
  Promise promise;
  for (const Suffix& suffix : kSuffixes) {
    if (!name.ends_with(suffix.text)) continue;
    promise.compression = suffix.compression;
    promise.is_tar = suffix.is_tar;
    name.remove_suffix(suffix.text.size());
    break;
  }
  promise.is_script = name.ends_with(".sql");
  promise.is_tar |= name.ends_with(".tar");
  return promise;
}

class FileCheck {
 public:
  FileCheck(Job& job, const BackupFile& file, std::string& format)
      : job_(job), path_(file.path), expected_(file), format_(format), promise_(promise_of(file_name(file.path))) {}

  // The share that is covered by checksums.
  double check() {
    const std::optional<Listed> listed = listed_digest(job_, path_);
    FileSource file(job_, path_);
    if (job_.failed()) return 0;
    const FileStatus& now = file.opened();
    if (BackupFile{path_, false, now.device, now.inode, now.size_bytes, now.modified_ns} != expected_) {
      job_.fail(Reason::kChanged, path_ + ": not the file any more that was found");
      return 0;
    }
    if (now.size_bytes == 0) job_.fail(Reason::kEmpty, path_ + ": empty");
    const std::unique_ptr<Digest> digest = listed ? new_digest() : nullptr;
    if (digest) file.tap([&](std::string_view block) { digest->update(block); });
    const double share = check_content(file, listed.has_value());
    // Half of one file and half of another are no news about either.
    const bool is_about_content = job_.problem().reason != Reason::kStopped;
    if (const auto change = file.change(); change && is_about_content) job_.replace({Reason::kChanged, *change});
    if (!job_.failed() && digest && digest->hex() != listed->digest) {
      job_.fail(Reason::kChecksum, fmt::format("{}: not what {} lists", path_, listed->manifest));
    }
    return digest && !job_.failed() ? 1 : share;
  }

 private:
  std::unique_ptr<Digest> new_digest() {
    auto digest = make_digest(Algorithm::kSha256);
    if (!digest) job_.fail(digest.error());
    return digest ? *std::move(digest) : nullptr;
  }

  double check_content(FileSource& file, bool is_listed) {
    const std::string_view first = file.next();
    const Compression compression = compression_of(first);
    format_ = to_string(compression);
    if (promise_.compression != Compression::kNone && compression != promise_.compression) {
      job_.fail(Reason::kCorrupt, path_ + ": does not begin as its name says");
    }
    DecodedSource content(job_, file, compression, path_, first);
    Reader reader(job_, content, path_);
    if (!job_.failed()) dispatch(reader, compression != Compression::kNone, is_listed);
    const std::uint64_t covered = content.is_checked() ? file.read_bytes() : job_.covered_bytes;
    const std::uint64_t size = std::max<std::uint64_t>(file.opened().size_bytes, 1);
    return std::min(1.0, static_cast<double>(covered) / static_cast<double>(size));
  }

  void dispatch(Reader& reader, bool is_compressed, bool is_listed) {
    const std::string_view beginning = reader.peek(kScriptBeginning);
    if (beginning.empty()) return job_.fail(Reason::kEmpty, path_ + ": nothing is in it");
    const bool is_tar = begins_as_tar(beginning);
    if (promise_.is_tar && !is_tar) return reader.fail(Reason::kCorrupt, "does not begin as its name says");
    if (beginning.starts_with(kArchiveMagic)) {
      name("custom");
      check_custom_archive(job_, reader, !is_compressed);
    } else if (is_tar && begins_as_dump_tar(beginning)) {
      name("pg_dump tar");
      check_dump_tar(job_, reader);
    } else if (is_tar) {
      name("tar");
      check_tar(reader);
    } else if (begins_as_script(beginning)) {
      name("sql");
      check_script(reader);
    } else if (is_listed || (is_compressed && !promise_.is_script)) {
      name("data");
      for (auto piece = reader.piece(UINT64_MAX); !piece.empty();) piece = reader.piece(UINT64_MAX);
    } else {
      name("unknown");
      reader.fail(Reason::kUnknownFormat, "neither a dump nor a checksum of it is known");
    }
  }

  void name(std::string_view content) { format_ += (format_.empty() ? "" : " ") + std::string(content); }

  Job& job_;
  const std::string& path_;
  const BackupFile& expected_;
  std::string& format_;
  const Promise promise_;
};

double check_directory(Job& job, const BackupFile& file, std::string& format) {
  const auto entries = job.fs.list(file.path);
  if (!entries) job.fail(Reason::kUnreadable, entries.error().message);
  if (job.failed()) return 0;
  const auto holds = [&](std::string_view name) {
    return std::ranges::any_of(*entries, [&](const DirectoryEntry& entry) { return entry.name.starts_with(name); });
  };
  if (entries->empty()) {
    job.fail(Reason::kEmpty, file.path + ": an empty directory");
  } else if (holds("toc.dat")) {
    format = "directory";
    check_dump_directory(job, file.path);
  } else if (holds(kBackupManifest)) {
    format = "base backup";
    check_base_backup(job, file.path);
  } else {
    format = "unknown";
    const bool is_begun = holds("PG_VERSION");
    job.fail(is_begun ? Reason::kIncomplete : Reason::kUnknownFormat,
             file.path + ": neither toc.dat nor backup_manifest is in it");
  }
  const double size = static_cast<double>(std::max<std::uint64_t>(job.read_bytes, 1));
  return std::min(1.0, static_cast<double>(job.covered_bytes) / size);
}

std::string one_line(std::string_view text) {
  std::string line(text.substr(0, limits::kLogFieldBytes));
  for (char& c : line) c = static_cast<unsigned char>(c) < ' ' ? '?' : c;
  if (is_utf8(line)) return line;
  for (char& c : line) c = static_cast<unsigned char>(c) < 0x80 ? c : '?';
  return line;
}

}  // namespace

Verification verify(FileSystem& fs, const Clock& clock, const BackupFile& file, std::uint64_t max_expanded_bytes,
                    Pace& pace) {
  const Clock::time_point began = clock.now();
  Job job(fs, pace, max_expanded_bytes);
  Verification result;
  try {
    result.coverage =
        file.is_directory ? check_directory(job, file, result.format) : FileCheck(job, file, result.format).check();
  } catch (const std::exception& error) {  // no memory
    job.fail(Reason::kUnreadable, error.what());
  }
  result.reason = job.problem().reason;
  result.message = one_line(job.problem().message);
  result.read_bytes = job.read_bytes;
  result.expanded_bytes = std::max(job.expanded_bytes, job.read_bytes);
  result.seconds = to_seconds(clock.now() - began);
  return result;
}

}  // namespace upkeep::backups
