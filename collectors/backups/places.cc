#include "collectors/backups/places.h"

#include <fmt/format.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <utility>

#include "exporter/limits.h"
#include "exporter/metric.h"

namespace upkeep::backups {
namespace {

bool has_wildcard(std::string_view component) { return component.find_first_of("*?[\\") != std::string_view::npos; }

bool matches(const std::string& pattern, std::string_view name) {
  return ::fnmatch(pattern.c_str(), std::string(name).c_str(), FNM_PERIOD) == 0;
}

std::string join(std::string_view directory, std::string_view name) {
  return directory.empty() ? std::string(name) : fmt::format("{}/{}", directory, name);
}

BackupFile to_file(std::string path, const FileStatus& status) {
  return {.path = std::move(path),
          .device = status.device,
          .inode = status.inode,
          .size_bytes = status.size_bytes,
          .modified_ns = status.modified_ns};
}

constexpr int kDepth = 8;  // of directories in a base backup

// "3021.dat.gz", "blob_16402.dat", "blobs.toc": what pg_dump -Fd writes before its toc.dat. "PG_VERSION",
// "base.tar.gz": what pg_basebackup writes before its backup_manifest.
bool is_of_postgres(std::string_view name) {
  const std::size_t digits = name.find_first_not_of("0123456789");
  const bool table = digits != std::string_view::npos && digits > 0 && name.substr(digits).starts_with(".dat");
  return table || name.starts_with("blob_") || name.starts_with("blobs") || name == "PG_VERSION" ||
         name.starts_with("base.tar");
}

class Search {
 public:
  explicit Search(FileSystem& fs) : fs_(fs) {}

  void follow(std::string_view pattern) {
    std::vector<std::string> components;
    for (std::size_t at = 1; at <= pattern.size();) {
      const std::size_t end = std::min(pattern.find('/', at), pattern.size());
      components.emplace_back(pattern.substr(at, end - at));
      at = end + 1;
    }
    descend("", components, false);
  }

  Findings take() {
    Findings findings{.items = {}, .result = std::move(result_)};
    for (auto& [inode, seen] : seen_) findings.items.push_back(std::move(seen.item));
    std::ranges::sort(findings.items, {}, [](const Item& item) -> const std::string& { return item.file.path; });
    return findings;
  }

 private:
  struct Seen {
    Item item;
    bool by_link;
  };

  void descend(std::string directory, std::span<const std::string> components, bool guessed) {
    while (components.size() > 1 && !has_wildcard(components.front())) {
      directory = join(directory, components.front());
      components = components.subspan(1);
    }
    const auto entries = fs_.list(directory);
    if (!entries) {
      // What a wildcard stood for need be no directory, and may have vanished.
      if (!guessed || entries.error().code != ErrorCode::kNotFound) note(entries.error());
      return;
    }
    for (const DirectoryEntry& entry : *entries) {
      if (components.size() == 1) {
        take_entry(directory, components.front(), entry);
      } else if (matches(components.front(), entry.name)) {
        if (++directories_ > limits::kBackupDirectories) {
          return note({ErrorCode::kLimit, fmt::format("over {} directories", limits::kBackupDirectories)});
        }
        descend(join(directory, entry.name), components.subspan(1), true);
      }
    }
  }

  void take_entry(const std::string& directory, const std::string& pattern, const DirectoryEntry& entry) {
    const std::string_view finished = name_when_finished(entry.name);
    const bool matched = matches(pattern, entry.name);
    if (!matched && (finished.empty() || !matches(pattern, finished))) return;
    if (is_companion(entry.name)) return;
    std::string path = join(directory, entry.name);
    const auto status = fs_.status(path);
    if (!status) {
      if (status.error().code != ErrorCode::kNotFound) note(status.error());
      return;
    }
    Item item{.file = to_file(std::move(path), *status),
              .kind = finished.empty() ? ItemKind::kBackup : ItemKind::kTemporary};
    if (!status->is_regular && !(S_ISDIR(status->mode) && take_directory(item))) return;
    add(std::move(item), entry.is_link);
  }

  // Sums up what is in it. False: it is no backup of Postgres.
  bool take_directory(Item& item) {
    BackupFile& sum = item.file;
    const auto entries = fs_.list(sum.path);
    if (!entries) {
      if (entries.error().code != ErrorCode::kNotFound) note(entries.error());
      return false;
    }
    const auto holds = [&](auto is_wanted) {
      return std::ranges::any_of(*entries, [&](const DirectoryEntry& entry) { return is_wanted(entry.name); });
    };
    const bool is_complete =
        holds([](std::string_view name) { return name == "toc.dat" || name == "backup_manifest"; });
    if (!is_complete && !holds(is_of_postgres)) return false;
    if (!is_complete && item.kind == ItemKind::kBackup) item.kind = ItemKind::kUnfinished;
    sum.is_directory = true;
    sum.size_bytes = 0;
    sum_up(*entries, sum.path, kDepth, sum);
    return true;
  }

  void sum_up(const std::vector<DirectoryEntry>& entries, const std::string& directory, int depth, BackupFile& sum) {
    for (const DirectoryEntry& entry : entries) {
      const std::string path = join(directory, entry.name);
      if (entry.is_directory) {
        const auto below = depth > 0 ? fs_.list(path) : Result<std::vector<DirectoryEntry>>();
        if (below) sum_up(*below, path, depth - 1, sum);
        continue;
      }
      const auto status = fs_.status(path);
      if (!status || !status->is_regular) continue;
      sum.size_bytes += status->size_bytes;
      sum.modified_ns = std::max(sum.modified_ns, status->modified_ns);
    }
  }

  // A file that has several names is one backup, and its own name counts for more than a link's.
  void add(Item item, bool by_link) {
    const std::pair inode{item.file.device, item.file.inode};
    const auto known = seen_.find(inode);
    if (known != seen_.end()) {
      Seen& other = known->second;
      if (std::pair(by_link, item.file.path) < std::pair(other.by_link, other.item.file.path))
        other = {std::move(item), by_link};
    } else if (seen_.size() < limits::kBackupFiles) {
      seen_.emplace(inode, Seen{std::move(item), by_link});
    } else {
      note({ErrorCode::kLimit, fmt::format("over {} backups", limits::kBackupFiles)});
    }
  }

  void note(Error error) {
    if (result_) result_ = std::unexpected(std::move(error));
  }

  FileSystem& fs_;
  Result<> result_;
  std::size_t directories_ = 0;
  std::map<std::pair<std::uint64_t, std::uint64_t>, Seen> seen_;
};

bool ends_with_any(std::string_view name, std::span<const std::string_view> endings) {
  return std::ranges::any_of(endings, [&](std::string_view ending) { return name.ends_with(ending); });
}

}  // namespace

Findings find_backups(FileSystem& fs, std::span<const std::string> patterns) {
  Search search(fs);
  for (const std::string& pattern : patterns) search.follow(pattern);
  return search.take();
}

std::string fixed_directory(std::string_view pattern) {
  const std::string_view fixed = pattern.substr(0, pattern.find_first_of("*?[\\"));
  const std::size_t slash = fixed.rfind('/');
  return std::string(slash == std::string_view::npos || slash == 0 ? "" : fixed.substr(1, slash - 1));
}

std::string_view name_when_finished(std::string_view name) {
  constexpr std::string_view kEndings[] = {
      ".tmp",        ".temp",        ".part",    ".partial",    ".filepart", ".incomplete",
      ".inprogress", ".in-progress", ".writing", ".unfinished", "~"};
  for (const std::string_view ending : kEndings) {
    if (name.size() > ending.size() && name.ends_with(ending)) return name.substr(0, name.size() - ending.size());
  }
  // rsync: a dot before, and six characters of chance after.
  constexpr std::size_t kChance = 7;
  if (name.size() <= kChance + 1 || name.front() != '.' || name[name.size() - kChance] != '.') return {};
  const std::string_view chance = name.substr(name.size() - kChance + 1);
  const bool good = std::ranges::all_of(chance, [](char c) { return naming::is_letter(c) || naming::is_digit(c); });
  return good ? name.substr(1, name.size() - kChance - 1) : std::string_view();
}

bool is_companion(std::string_view name) {
  constexpr std::string_view kEndings[] = {".sha1", ".sha224", ".sha256",    ".sha384",    ".sha512",
                                           ".md5",  ".b2",     ".sha256sum", ".sha512sum", ".md5sum",
                                           ".sig",  ".asc",    ".minisig"};
  constexpr std::string_view kNames[] = {"SHA1SUMS",   "SHA224SUMS", "SHA256SUMS",     "SHA384SUMS",
                                         "SHA512SUMS", "MD5SUMS",    "backup_manifest"};
  return ends_with_any(name, kEndings) || std::ranges::find(kNames, name) != std::end(kNames);
}

}  // namespace upkeep::backups
