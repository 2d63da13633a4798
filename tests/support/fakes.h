// Stand-ins for the world behind the program's seams.
#pragma once

#include <sys/timex.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "exporter/clock.h"
#include "exporter/collector.h"
#include "exporter/filesystem.h"
#include "exporter/kernel.h"
#include "exporter/log.h"

namespace upkeep::testing {

// One that writes to /dev/null, for all who do not look at it.
Log& no_log();

// Stands still until it is advanced. Thread-safe.
class FakeClock final : public Clock {
 public:
  [[nodiscard]] time_point now() const override {
    ++asked_;
    return time_point(duration(now_.load()));
  }
  // How often now() was called: tells a test how far another thread has come.
  [[nodiscard]] std::uint64_t asked() const { return asked_; }
  [[nodiscard]] wall_time wall() const override {
    return wall_time(std::chrono::duration_cast<wall_time::duration>(duration(wall_.load())));
  }
  void advance(duration by) {
    now_ += by.count();
    wall_ += by.count();
  }
  void set_wall(double unix_seconds) { wall_ = static_cast<std::int64_t>(unix_seconds * 1e9); }

 private:
  mutable std::atomic<std::uint64_t> asked_ = 0;
  std::atomic<std::int64_t> now_ = 1'000'000'000'000;
  std::atomic<std::int64_t> wall_ = 1'700'000'000'000'000'000;
};

// A stream of bytes that are all there.
std::unique_ptr<FileStream> stream_of(std::string content, FileStatus status,
                                      std::size_t block_bytes = limits::kStreamBlockBytes);

// A tree of files in memory: "proc/loadavg" -> text. A path whose text was taken away vanishes; fail_with() makes a
// path (or, with "", every path) fail. Directories exist where a file lies below them. Links: path -> target.
// Thread-safe.
class FakeFileSystem final : public FileSystem {
 public:
  void put(std::string path, std::string text);
  void put_link(std::string path, std::string target);
  void put_directory(std::string path);
  // What is put anew keeps its inode; what was removed before gets another one.
  void touch(const std::string& path, double modified_unix_seconds);
  void remove(const std::string& path);
  void fail_with(std::string path, Error error);
  void clear_failures();

  std::unique_ptr<File> open(std::string_view path, FileKind kind) override;
  Result<std::vector<DirectoryEntry>> list(std::string_view path) override;
  Result<FileStatus> status(std::string_view path) override;
  Result<std::string> link_target(std::string_view path) override;
  Result<std::unique_ptr<FileStream>> stream(std::string_view path) override;

  Result<std::string> content(const std::string& path);

 private:
  Result<> failure(const std::string& path);
  std::mutex mutex_;
  std::map<std::string, std::string> files_, links_;
  std::map<std::string, bool> directories_;
  std::map<std::string, double> modified_;
  std::map<std::string, std::uint64_t> inodes_;
  std::uint64_t next_inode_ = 100;
  std::map<std::string, Error> failures_;
};

// Answers what it was told; kNotFound to what it was not. Thread-safe while nothing is being set.
class FakeKernel final : public Kernel {
 public:
  std::map<std::string, FileSystemUsage> usage;                  // mount point -> what statfs says
  std::function<void(std::string_view)> before_statfs;           // may block
  std::map<int, std::string> netlink;                            // protocol -> the messages of every dump
  std::function<std::string(int, std::string_view)> on_netlink;  // asked first, when set
  Result<utsname> uts = fail(ErrorCode::kNotFound, "uname: not set");
  Result<timex> time = fail(ErrorCode::kNotFound, "adjtimex: not set");
  int time_state = 0;

  Result<FileSystemUsage> statfs(std::string_view path) override;
  Result<utsname> uname() override { return uts; }
  Result<int> adjtimex(timex& out) override;
  std::unique_ptr<Netlink> open_netlink(int protocol) override;
  [[nodiscard]] std::uint64_t page_size() const override { return 4096; }
  [[nodiscard]] double clock_ticks_per_second() const override { return 100; }
};

}  // namespace upkeep::testing
