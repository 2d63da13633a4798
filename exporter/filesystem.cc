#include "exporter/filesystem.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <span>

namespace upkeep {
namespace {

constexpr int kOpenFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  void open(const char* path) {
    close();
    fd_ = ::open(path, kOpenFlags);
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

// The process-wide count of descriptors kept between reads.
class Budget {
 public:
  explicit Budget(std::size_t most) : most_(most) {}
  bool take() {
    if (taken_.fetch_add(1) < most_) return true;
    --taken_;
    return false;
  }
  void give_back() { --taken_; }
  [[nodiscard]] bool has_room() const { return taken_ < most_; }

 private:
  const std::size_t most_;
  std::atomic<std::size_t> taken_ = 0;
};

bool means_gone(int error_number) {
  return error_number == ENODEV || error_number == ESRCH || error_number == ENOENT || error_number == ENXIO ||
         error_number == ESTALE;
}

// Where a logical path is.
class RealPath {
 public:
  RealPath(const Roots& roots, std::string_view path) {
    if (path == "proc" || path.starts_with("proc/")) {
      join(roots.procfs, path.substr(4));
    } else if (path == "sys" || path.starts_with("sys/")) {
      join(roots.sysfs, path.substr(3));
    } else {
      join(roots.rootfs, roots.rootfs.ends_with('/') ? "" : "/", path);
    }
  }
  [[nodiscard]] const char* c_str() const { return text_.data(); }

 private:
  // A path that is too long for the kernel stays too long.
  template <class... Parts>
  void join(const Parts&... parts) {
    char* at = text_.data();
    const auto add = [&](std::string_view part) {
      at = std::ranges::copy(part.substr(0, static_cast<std::size_t>(text_.end() - 1 - at)), at).out;
    };
    (add(parts), ...);
    *at = '\0';
  }
  std::array<char, PATH_MAX + 1> text_;  // NOLINT(*-member-init): filled by the constructor
};

// `path`: for messages.
Result<std::string_view> read_at(int fd, std::size_t offset, std::span<char> room, std::string_view path) {
  for (;;) {
    const ssize_t got = ::pread(fd, room.data(), room.size(), static_cast<off_t>(offset));
    if (got >= 0) return std::string_view(room.data(), static_cast<std::size_t>(got));
    if (errno == EINTR) continue;
    if (means_gone(errno)) return fail(ErrorCode::kNotFound, system_failure(errno, path).error().message);
    return system_failure(errno, path);
  }
}

class RealFile final : public File {
 public:
  RealFile(std::string_view path, FileKind kind, const Roots& roots, Budget& budget)
      : path_(path), kind_(kind), roots_(roots), budget_(budget) {}
  ~RealFile() override { close(); }
  RealFile(const RealFile&) = delete;
  RealFile& operator=(const RealFile&) = delete;

  Result<std::string_view> read() override {
    if (kind_ != FileKind::kAttribute) return read_with([this] { return read_table(); });
    std::array<char, limits::kAttributeBytes> room;  // NOLINT(*-member-init): what is read is used
    UPKEEP_TRY(const std::string_view content, read_into(room));
    buffer_ = content;
    return buffer_;
  }

  Result<std::string_view> read_into(std::span<char> room) override {
    return read_with([this, room] { return read_at(fd_.get(), 0, room, path_); });
  }

  [[nodiscard]] bool is_kept() const override { return kept_; }

 private:
  template <class ReadOpen>
  Result<std::string_view> read_with(const ReadOpen& read_open) {
    const bool was_open = fd_.get() >= 0;
    if (!was_open) UPKEEP_CHECK(open());
    Result<std::string_view> content = read_open();
    if (!content && was_open && content.error().code == ErrorCode::kNotFound) {
      // What we held open is gone; something of the same name may have come since.
      close();
      UPKEEP_CHECK(open());
      content = read_open();
    }
    if (!kept_ || !content) close();
    return content;
  }

  Result<> open() {
    fd_.open(RealPath(roots_, path_).c_str());
    if (fd_.get() < 0) return system_failure(errno, path_);
    // Files of the root file system are replaced by renaming, which a kept descriptor would never see.
    const bool may_keep = path_.starts_with("proc/") || path_.starts_with("sys/");
    kept_ = may_keep && budget_.take();
    return {};
  }

  void close() {
    if (kept_) budget_.give_back();
    kept_ = false;
    fd_.close();
  }

  // A seq_file hands out whole records, at most a page of them at a time: a read that is far short of a page ends the
  // file, as no further record can have been waiting, unless one is longer than a page.
  [[nodiscard]] bool may_have_more(std::size_t chunk) const {
    constexpr std::size_t kSurelyWhole = 1024;
    return kind_ == FileKind::kLongTable || (kind_ == FileKind::kTable && chunk >= kSurelyWhole);
  }

  // Most tables are small, and shall take no more memory than they need.
  Result<std::string_view> read_table() {
    std::size_t size = 0;
    if (buffer_.size() < kLeastRoom) {
      std::array<char, kLeastRoom> room;  // NOLINT(*-member-init): what is read is used
      while (size < room.size()) {
        UPKEEP_TRY(const std::string_view chunk, read_at(fd_.get(), size, std::span(room).subspan(size), path_));
        size += chunk.size();
        if (!chunk.empty() && may_have_more(chunk.size())) continue;
        buffer_.assign(room.data(), size);
        return buffer_;
      }
      buffer_.assign(room.data(), size);
    }
    for (;;) {
      if (buffer_.size() - size < kLeastRoom) buffer_.resize(std::max(kLeastRoom, 2 * buffer_.size()));
      UPKEEP_TRY(const std::string_view chunk, read_at(fd_.get(), size, std::span(buffer_).subspan(size), path_));
      size += chunk.size();
      if (size > limits::kFileBytes) {
        return fail(ErrorCode::kLimit, path_ + ": larger than " + std::to_string(limits::kFileBytes) + " bytes");
      }
      if (chunk.empty() || !may_have_more(chunk.size())) return std::string_view(buffer_.data(), size);
    }
  }

  static constexpr std::size_t kLeastRoom = 4096;  // a page, which is as much as a table mostly gives at a time
  const std::string path_;                         // logical
  const FileKind kind_;
  const Roots& roots_;
  Budget& budget_;
  bool kept_ = false;
  Descriptor fd_;
  std::string buffer_;
};

FileStatus status_of(const struct stat& status) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  return {
      .size_bytes = static_cast<std::uint64_t>(status.st_size),
      .modified_unix_seconds =
          static_cast<double>(status.st_mtim.tv_sec) + static_cast<double>(status.st_mtim.tv_nsec) / 1e9,
      .mode = status.st_mode,
      .is_regular = S_ISREG(status.st_mode),
      .device = status.st_dev,
      .inode = status.st_ino,
      .modified_ns = status.st_mtim.tv_sec * kSecond + status.st_mtim.tv_nsec,
  };
}

class RealStream final : public FileStream {
 public:
  explicit RealStream(std::string_view name) : name_(name), buffer_(limits::kStreamBlockBytes, '\0') {}

  Result<> open(const char* path) {
    fd_.open(path);
    if (fd_.get() < 0) return system_failure(errno, name_);
    UPKEEP_TRY(const FileStatus now, status());
    if (!now.is_regular) return fail(ErrorCode::kSystem, name_ + ": not a regular file");
    // Read ahead, and do not push out for it what others read more than once.
    ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
    ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_NOREUSE);
    return {};
  }

  Result<std::string_view> next() override {
    for (;;) {
      const ssize_t got = ::read(fd_.get(), buffer_.data(), buffer_.size());
      if (got >= 0) return std::string_view(buffer_.data(), static_cast<std::size_t>(got));
      if (errno != EINTR) return system_failure(errno, name_);
    }
  }

  Result<FileStatus> status() override {
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0) return system_failure(errno, name_);
    return status_of(status);
  }

 private:
  const std::string name_;
  Descriptor fd_;
  std::string buffer_;
};

class RealFileSystem final : public FileSystem {
 public:
  RealFileSystem(Roots roots, std::size_t kept_open) : roots_(std::move(roots)), budget_(kept_open) {}

  [[nodiscard]] bool has_room() const override { return budget_.has_room(); }

  Result<std::string_view> read_once(std::string_view path, std::span<char> room) override {
    const Descriptor fd(::open(real(path).c_str(), kOpenFlags));
    if (fd.get() < 0) return system_failure(errno, path);
    return read_at(fd.get(), 0, room, path);
  }

  std::unique_ptr<File> open(std::string_view path, FileKind kind) override {
    return std::make_unique<RealFile>(path, kind, roots_, budget_);
  }

  Result<std::vector<DirectoryEntry>> list(std::string_view path) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(real(path).c_str()), ::closedir);
    if (!directory) return system_failure(errno, path);
    std::vector<DirectoryEntry> entries;
    for (;;) {
      errno = 0;
      const dirent* const entry = ::readdir(directory.get());
      if (entry == nullptr) break;
      const std::string_view name = static_cast<const char*>(entry->d_name);
      if (name == "." || name == "..") continue;
      if (entries.size() >= limits::kDirectoryEntries) {
        return fail(ErrorCode::kLimit,
                    std::string(path) + ": over " + std::to_string(limits::kDirectoryEntries) + " entries");
      }
      entries.push_back({std::string(name), entry->d_type == DT_DIR, entry->d_type == DT_LNK});
    }
    if (errno != 0) return system_failure(errno, path);
    std::ranges::sort(entries, {}, &DirectoryEntry::name);
    return entries;
  }

  Result<FileStatus> status(std::string_view path) override {
    struct stat status {};
    if (::stat(real(path).c_str(), &status) != 0) return system_failure(errno, path);
    return status_of(status);
  }

  Result<std::string> link_target(std::string_view path) override {
    std::array<char, 4096> target{};
    const ssize_t length = ::readlink(real(path).c_str(), target.data(), target.size());
    if (length < 0) return system_failure(errno, path);
    return std::string(target.data(), static_cast<std::size_t>(length));
  }

  Result<std::unique_ptr<FileStream>> stream(std::string_view path) override {
    auto stream = std::make_unique<RealStream>(path);
    UPKEEP_CHECK(stream->open(real(path).c_str()));
    return stream;
  }

 private:
  [[nodiscard]] RealPath real(std::string_view path) const { return {roots_, path}; }

  const Roots roots_;
  Budget budget_;
};

}  // namespace

Result<std::string> FileSystem::read(std::string_view path, FileKind kind) {
  const auto file = open(path, kind);
  UPKEEP_TRY(const std::string_view content, file->read());
  return std::string(content);
}

Result<std::string_view> FileSystem::read_once(std::string_view path, std::span<char> room) {
  const auto file = open(path, FileKind::kAttribute);
  UPKEEP_TRY(const std::string_view content, file->read_into(room));
  const std::string_view kept = content.substr(0, room.size());
  std::ranges::copy(kept, room.begin());
  return std::string_view(room.data(), kept.size());
}

std::unique_ptr<FileSystem> make_filesystem(Roots roots, std::size_t kept_open) {
  return std::make_unique<RealFileSystem>(std::move(roots), kept_open);
}

}  // namespace upkeep
