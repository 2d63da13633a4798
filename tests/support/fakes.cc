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

void FakeFileSystem::put(std::string path, std::string text) {
  const std::lock_guard lock(mutex_);
  files_[std::move(path)] = std::move(text);
}
void FakeFileSystem::put_link(std::string path, std::string target) {
  const std::lock_guard lock(mutex_);
  links_[std::move(path)] = std::move(target);
}
void FakeFileSystem::put_directory(std::string path) {
  const std::lock_guard lock(mutex_);
  directories_[std::move(path)] = true;
}
void FakeFileSystem::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto below = [&](const auto& item) { return item.first == path || item.first.starts_with(path + "/"); };
  std::erase_if(files_, below);
  std::erase_if(links_, below);
  std::erase_if(directories_, below);
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
  {
    const std::lock_guard lock(mutex_);
    UPKEEP_CHECK(failure(path));
    if (directories_.contains(path)) return FileStatus{.mode = 0040755};
  }
  UPKEEP_TRY(const std::string text, content(path));
  return FileStatus{
      .size_bytes = text.size(), .modified_unix_seconds = 1'600'000'000, .mode = 0100644, .is_regular = true};
}

Result<std::string> FakeFileSystem::link_target(std::string_view path) {
  const std::lock_guard lock(mutex_);
  UPKEEP_CHECK(failure(std::string(path)));
  const auto found = links_.find(std::string(path));
  if (found == links_.end()) return not_found(std::string(path));
  return found->second;
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
