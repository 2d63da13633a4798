// https://github.com/postgres/postgres/blob/master/src/bin/pg_dump/pg_backup_directory.c
#include "collectors/backups/dump_directory.h"

#include <algorithm>
#include <set>

#include "collectors/backups/archive_toc.h"

namespace upkeep::backups {
namespace {

struct Suffix {
  std::string_view text;
  Compression compression;
};
constexpr Suffix kSuffixes[] = {
    {"", Compression::kNone}, {".gz", Compression::kGzip}, {".zst", Compression::kZstd}, {".lz4", Compression::kLz4}};

class DumpDirectory {
 public:
  DumpDirectory(Job& job, const std::string& path) : job_(job), path_(path) {}

  void check() {
    const auto entries = job_.fs.list(path_);
    if (!entries) return job_.fail(Reason::kUnreadable, entries.error().message);
    for (const DirectoryEntry& entry : *entries) names_.insert(entry.name);
    read("toc.dat", [&](Source& content) {
      Reader reader(job_, content, path_ + "/toc.dat");
      toc_ = read_archive_toc(reader, ArchiveKind::kTar);
      if (!reader.failed() && !reader.at_end()) reader.fail(Reason::kCorrupt, "bytes after its end");
    });
    for (const ArchiveEntry& entry : toc_.with_data) {
      if (job_.failed()) return;
      if (entry.is_blobs) {
        check_blobs(entry);
      } else {
        check_data(entry.file, entry.kind);
      }
    }
  }

 private:
  // Hands the content of a file, which may have been compressed, to `take`.
  template <class Take>
  void read(const std::string& name, Take take) {
    const auto suffix =
        std::ranges::find_if(kSuffixes, [&](const Suffix& s) { return names_.contains(name + std::string(s.text)); });
    if (suffix == std::end(kSuffixes)) return job_.fail(Reason::kIncomplete, path_ + "/" + name + ": missing");
    const std::string path = path_ + "/" + name + std::string(suffix->text);
    FileSource file(job_, path);
    const std::string_view first = file.next();
    if (job_.failed()) return;
    // Nothing at all is what lz4 makes of nothing; the other libraries write a header.
    const bool is_nothing = first.empty() && suffix->compression == Compression::kLz4;
    if (!is_nothing && suffix->compression != Compression::kNone && compression_of(first) != suffix->compression) {
      return job_.fail(first.empty() ? Reason::kTruncated : Reason::kCorrupt,
                       path + ": does not begin as its name says");
    }
    DecodedSource content(job_, file, is_nothing ? Compression::kNone : suffix->compression, path, first);
    take(content);
    if (content.is_checked()) job_.covered_bytes += file.read_bytes();
    if (const auto change = file.change(); change && !job_.failed()) job_.fail(Reason::kChanged, *change);
  }

  void check_data(const std::string& name, TableData kind) {
    read(name, [&](Source& content) { check_table_data(job_, content, kind, path_ + "/" + name); });
  }

  void check_blobs(const ArchiveEntry& entry) {
    const std::string list = toc_.minor_version < kManyBlobLists ? "blobs.toc" : entry.file;
    std::vector<std::string> files;
    read(list, [&](Source& content) {
      Reader reader(job_, content, path_ + "/" + list);
      files = read_blob_list(reader);
    });
    for (const std::string& file : files) {
      if (job_.failed()) return;
      check_data(file, TableData::kLargeObject);
    }
  }

  Job& job_;
  const std::string path_;
  std::set<std::string> names_;
  ArchiveToc toc_;
};

}  // namespace

void check_dump_directory(Job& job, const std::string& path) { DumpDirectory(job, path).check(); }

}  // namespace upkeep::backups
