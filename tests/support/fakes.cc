#include "tests/support/fakes.h"

#include <fcntl.h>

namespace upkeep::testing {

Log& no_log() {
  static Log log(LogLevel::kError, LogFormat::kLogfmt, ::open("/dev/null", O_WRONLY | O_CLOEXEC));
  return log;
}
namespace {

class FakeFile final : public File {
 public:
  FakeFile(FakeFileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}
  Result<std::string_view> read() override {
    auto content = fs_.content(path_);
    if (!content) return std::unexpected(content.error());
    content_ = *std::move(content);
    return content_;
  }

 private:
  FakeFileSystem& fs_;
  std::string path_, content_;
};

class FakeStream final : public FileStream {
 public:
  FakeStream(std::string content, FileStatus status, std::size_t block_bytes)
      : content_(std::move(content)), status_(status), rest_(content_), block_bytes_(block_bytes) {}
  Result<std::string_view> next() override {
    const std::string_view block = rest_.substr(0, block_bytes_);
    rest_.remove_prefix(block.size());
    return block;
  }
  Result<FileStatus> status() override { return status_; }

 private:
  const std::string content_;
  const FileStatus status_;
  std::string_view rest_;
  const std::size_t block_bytes_;
};

class FakeNetlink final : public Netlink {
 public:
  FakeNetlink(FakeKernel& kernel, int protocol) : kernel_(kernel), protocol_(protocol) {}
  Result<std::string_view> dump(std::string_view request) override {
    if (kernel_.on_netlink) {
      answer_ = kernel_.on_netlink(protocol_, request);
      return answer_;
    }
    const auto found = kernel_.netlink.find(protocol_);
    if (found == kernel_.netlink.end()) return fail(ErrorCode::kNotFound, "netlink: not set");
    return found->second;
  }

 private:
  FakeKernel& kernel_;
  int protocol_;
  std::string answer_;
};

std::unexpected<Error> not_found(const std::string& path) {
  return fail(ErrorCode::kNotFound, path + ": No such file or directory");
}

}  // namespace

std::unique_ptr<FileStream> stream_of(std::string content, FileStatus status, std::size_t block_bytes) {
  return std::make_unique<FakeStream>(std::move(content), status, block_bytes);
}

void FakeFileSystem::put(std::string path, std::string text) {
  const std::lock_guard lock(mutex_);
  if (inodes_.try_emplace(path, next_inode_).second) ++next_inode_;
  files_[std::move(path)] = std::move(text);
}
void FakeFileSystem::put_link(std::string path, std::string target) {
  const std::lock_guard lock(mutex_);
  links_[std::move(path)] = std::move(target);
}
void FakeFileSystem::put_directory(std::string path) {
  const std::lock_guard lock(mutex_);
  if (inodes_.try_emplace(path, next_inode_).second) ++next_inode_;
  directories_[std::move(path)] = true;
}
void FakeFileSystem::touch(const std::string& path, double modified_unix_seconds) {
  const std::lock_guard lock(mutex_);
  modified_[path] = modified_unix_seconds;
}
void FakeFileSystem::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto below = [&](const auto& item) { return item.first == path || item.first.starts_with(path + "/"); };
  std::erase_if(files_, below);
  std::erase_if(links_, below);
  std::erase_if(directories_, below);
  std::erase_if(modified_, below);
  std::erase_if(inodes_, below);
}
void FakeFileSystem::fail_with(std::string path, Error error) {
  const std::lock_guard lock(mutex_);
  failures_.insert_or_assign(std::move(path), std::move(error));
}
void FakeFileSystem::clear_failures() {
  const std::lock_guard lock(mutex_);
  failures_.clear();
}

Result<> FakeFileSystem::failure(const std::string& path) {
  auto found = failures_.find(path);
  if (found == failures_.end()) found = failures_.find("");
  if (found == failures_.end()) return {};
  return fail(found->second.code, path + ": " + found->second.message);
}

Result<std::string> FakeFileSystem::content(const std::string& path) {
  const std::lock_guard lock(mutex_);
  UPKEEP_CHECK(failure(path));
  const auto found = files_.find(path);
  if (found == files_.end()) return not_found(path);
  return found->second;
}

std::unique_ptr<File> FakeFileSystem::open(std::string_view path, FileKind) {
  return std::make_unique<FakeFile>(*this, std::string(path));
}

Result<std::vector<DirectoryEntry>> FakeFileSystem::list(std::string_view directory) {
  const std::lock_guard lock(mutex_);
  const std::string path(directory);
  UPKEEP_CHECK(failure(path));
  std::map<std::string, DirectoryEntry> entries;
  bool exists = directories_.contains(path);
  const auto see = [&](const std::string& item, bool is_link, bool is_directory) {
    if (!item.starts_with(path + "/")) return;
    exists = true;
    const std::string rest = item.substr(path.size() + 1);
    const std::string name = rest.substr(0, rest.find('/'));
    const bool leaf = name == rest;
    entries.try_emplace(name, DirectoryEntry{name, !leaf || is_directory, leaf && is_link});
  };
  // Links first: what lies below a link's own path makes it no directory.
  for (const auto& item : links_) see(item.first, true, false);
  for (const auto& item : directories_) see(item.first, false, true);
  for (const auto& item : files_) see(item.first, false, false);
  if (!exists) return not_found(path);
  std::vector<DirectoryEntry> sorted;
  for (auto& [name, entry] : entries) sorted.push_back(std::move(entry));
  return sorted;
}

Result<FileStatus> FakeFileSystem::status(std::string_view name) {
  const std::string path(name);
  FileStatus status;
  {
    const std::lock_guard lock(mutex_);
    UPKEEP_CHECK(failure(path));
    const auto touched = modified_.find(path);
    const double modified = touched == modified_.end() ? 1'600'000'000 : touched->second;
    status = {.modified_unix_seconds = modified,
              .mode = 0040755,
              .device = 1,
              .modified_ns = static_cast<std::int64_t>(modified * 1e9)};
    const auto below = files_.lower_bound(path + "/");
    const bool is_directory =
        directories_.contains(path) || (below != files_.end() && below->first.starts_with(path + "/"));
    if (is_directory || files_.contains(path)) {
      const auto [inode, is_new] = inodes_.try_emplace(path, next_inode_);
      if (is_new) ++next_inode_;
      status.inode = inode->second;
    }
    if (is_directory) return status;
  }
  UPKEEP_TRY(const std::string text, content(path));
  status.size_bytes = text.size();
  status.mode = 0100644;
  status.is_regular = true;
  return status;
}

Result<std::string> FakeFileSystem::link_target(std::string_view path) {
  const std::lock_guard lock(mutex_);
  UPKEEP_CHECK(failure(std::string(path)));
  const auto found = links_.find(std::string(path));
  if (found == links_.end()) return not_found(std::string(path));
  return found->second;
}

Result<std::unique_ptr<FileStream>> FakeFileSystem::stream(std::string_view path) {
  UPKEEP_TRY(std::string text, content(std::string(path)));
  UPKEEP_TRY(const FileStatus now, status(path));
  return stream_of(std::move(text), now);
}

Result<FileSystemUsage> FakeKernel::statfs(std::string_view path) {
  if (before_statfs) before_statfs(path);
  const auto found = usage.find(std::string(path));
  if (found == usage.end()) return not_found(std::string(path));
  return found->second;
}

Result<int> FakeKernel::adjtimex(timex& out) {
  UPKEEP_TRY(out, time);
  return time_state;
}

std::unique_ptr<Netlink> FakeKernel::open_netlink(int protocol) {
  return std::make_unique<FakeNetlink>(*this, protocol);
}

}  // namespace upkeep::testing
