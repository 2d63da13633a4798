// The only way to open a file. Paths are logical, without a leading slash: "proc/..." and "sys/..." go to the
// configured procfs and sysfs, anything else ("etc/fstab") lies below the configured root file system.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/limits.h"
#include "exporter/result.h"

namespace upkeep {

// What kind of file it is decides how it is read: asking the kernel for little where little comes is much cheaper.
enum class FileKind : std::uint8_t {
  kAttribute,  // one value or a few lines of /sys or /proc/sys: one read of at most limits::kAttributeBytes
  kLongTable,  // a table with a record longer than a page, which may follow a short one: read until nothing comes
  kTable,      // everything else
};

// A file that is read again and again. Kept open between reads while the descriptor budget allows, reopened when it was
// replaced or vanished. One thread at a time.
class File {
 public:
  virtual ~File() = default;
  // The whole content, valid until the next call. Larger than limits::kFileBytes is kLimit.
  virtual Result<std::string_view> read() = 0;
  // The same of a kAttribute, which may come to lie in `room`, of limits::kAttributeBytes: for who keeps many files.
  virtual Result<std::string_view> read_into(std::span<char> /*room*/) { return read(); }
  // Whether it is open now: where it is not, there is little use in keeping this.
  [[nodiscard]] virtual bool is_kept() const { return true; }
};

struct FileStatus {
  std::uint64_t size_bytes = 0;
  double modified_unix_seconds = 0;
  std::uint32_t mode = 0;  // as st_mode
  bool is_regular = false;
  std::uint64_t device = 0, inode = 0;
  std::int64_t modified_ns = 0;  // the same moment, exactly
};

// A file of any size that is read once, from its beginning, in blocks. One thread at a time.
class FileStream {
 public:
  virtual ~FileStream() = default;
  // The next bytes, at most limits::kStreamBlockBytes, valid until the next call; none at the end.
  virtual Result<std::string_view> next() = 0;
  // Of the file that is open, as it is now.
  virtual Result<FileStatus> status() = 0;
};

struct DirectoryEntry {
  std::string name;
  bool is_directory = false;  // symbolic links are not followed and count as neither
  bool is_link = false;
};

// Thread-safe; the Files it hands out are not.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // Whether another file may be kept open between reads. Where not, read_once() is as good.
  [[nodiscard]] virtual bool has_room() const { return true; }
  // A kAttribute that is not read again soon, into `room`, of limits::kAttributeBytes.
  virtual Result<std::string_view> read_once(std::string_view path, std::span<char> room);
  // Never fails: a file that cannot be opened says so when it is read.
  virtual std::unique_ptr<File> open(std::string_view path, FileKind kind) = 0;
  // Entries sorted by name, without "." and "..". At most limits::kDirectoryEntries.
  virtual Result<std::vector<DirectoryEntry>> list(std::string_view path) = 0;
  virtual Result<FileStatus> status(std::string_view path) = 0;
  virtual Result<std::string> link_target(std::string_view path) = 0;
  // Of a regular file. Whatever else bears the name, a pipe without a writer say, is an error and holds nobody up.
  virtual Result<std::unique_ptr<FileStream>> stream(std::string_view path) = 0;

  // One read of a file that is not read again soon. At most `max_bytes`.
  Result<std::string> read(std::string_view path, FileKind kind = FileKind::kTable);
};

struct Roots {
  std::string procfs = "/proc";
  std::string sysfs = "/sys";
  std::string rootfs = "/";
};

// The real one.
std::unique_ptr<FileSystem> make_filesystem(Roots roots, std::size_t kept_open = limits::kKeptOpenFiles);

}  // namespace upkeep
