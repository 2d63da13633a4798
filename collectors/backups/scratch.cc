#include "collectors/backups/scratch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>
#include <vector>

namespace upkeep::backups {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMarkFile = "upkeep-drill";
constexpr std::string_view kMark = "Made by a drill of Upkeep, which removes this directory.\n";

bool is_ours(const std::string& directory) {
  struct stat status {};
  if (::lstat(directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != ::geteuid())
    return false;
  return ::lstat((directory + "/" + kMarkFile).c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         status.st_uid == ::geteuid() && status.st_size == static_cast<off_t>(kMark.size());
}

Result<> remove_tree(const std::string& path) {
  std::error_code error;
  // The mark goes last: what is removed by halves must be known as ours.
  for (const auto& entry : fs::directory_iterator(path, error)) {
    if (entry.path().filename() != kMarkFile) fs::remove_all(entry.path(), error);
    if (error) break;
  }
  if (!error) fs::remove_all(path, error);
  if (error) return system_failure(error.value(), path);
  return {};
}

}  // namespace

Result<Space> space_of(const std::string& directory) {
  constexpr std::uint64_t kMostKept = std::uint64_t{1} << 30;
  struct statvfs status {};
  if (::statvfs(directory.c_str(), &status) != 0) return system_failure(errno, directory);
  return Space{.available_bytes = std::uint64_t{status.f_bavail} * status.f_frsize,
               .kept_bytes = std::min(kMostKept, std::uint64_t{status.f_blocks} * status.f_frsize / 20)};
}

std::uint64_t size_of_tree(const std::string& directory) {
  std::uint64_t bytes = 0;
  std::error_code error;
  auto entry = fs::recursive_directory_iterator(directory, fs::directory_options::skip_permission_denied, error);
  while (!error && entry != fs::recursive_directory_iterator()) {
    struct stat status {};
    if (::lstat(entry->path().c_str(), &status) == 0) bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
    entry.increment(error);
  }
  return bytes;
}

Result<Scratch> Scratch::make(const std::string& root, const std::string& name) {
  std::string path = fmt::format("{}/{}-XXXXXX", root, name);
  if (::mkdtemp(path.data()) == nullptr) return system_failure(errno, path);
  if (::chmod(path.c_str(), 0711) != 0) return system_failure(errno, path);
  const std::string mark = path + "/" + kMarkFile;
  Handle file(::open(mark.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  // Locked first: it is nobody's left-over from the moment that it is known as ours.
  if (!file.is_open() || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0 ||
      ::write(file.get(), kMark.data(), kMark.size()) != static_cast<ssize_t>(kMark.size())) {
    auto failure = system_failure(errno, mark);
    std::error_code ignored;
    fs::remove_all(path, ignored);
    return failure;
  }
  return Scratch(std::move(path), std::move(file));
}

Scratch::~Scratch() { (void)remove(); }

Result<std::string> Scratch::make_directory(const std::string& name, const std::optional<Account>& owner) const {
  std::string path = path_ + "/" + name;
  if (::mkdir(path.c_str(), 0700) != 0) return system_failure(errno, path);
  if (owner && ::chown(path.c_str(), owner->user, owner->group) != 0) return system_failure(errno, path);
  return path;
}

Result<> Scratch::remove() {
  if (!lock_.is_open()) return {};
  auto removed = remove_tree(path_);
  if (removed) lock_.close();
  return removed;
}

Swept sweep(const std::string& root) {
  Swept swept;
  std::error_code error;
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(root, error)) found.push_back(entry.path().string());
  for (const std::string& directory : found) {
    if (!is_ours(directory)) continue;
    const Handle lock(::open((directory + "/" + kMarkFile).c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!lock.is_open() || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) continue;  // its drill runs
    end_processes_in(directory);
    const auto removed = remove_tree(directory);
    if (removed) ++swept.directories;
    if (!removed) swept.error = removed.error().message;
  }
  return swept;
}

Result<Handle> take_lock(const std::string& path) {
  std::error_code ignored;  // opening it will say what is wrong
  fs::create_directories(fs::path(path).parent_path(), ignored);
  Handle file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) return system_failure(errno, path);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
  if (errno == EWOULDBLOCK) return fail(ErrorCode::kLimit, path + ": another drill is under way");
  return system_failure(errno, path);
}

Result<> make_root(const std::string& root, const std::string& passable) {
  std::error_code error;
  const bool is_new = fs::create_directories(root, error);
  if (error) return system_failure(error.value(), root);
  for (const std::string& directory : {root, passable}) {
    struct stat status {};
    const bool may = (is_new && directory == root) || directory == passable;
    if (!may || ::lstat(directory.c_str(), &status) != 0 || status.st_uid != ::geteuid()) continue;
    if ((status.st_mode & S_IXOTH) == 0) ::chmod(directory.c_str(), (status.st_mode | S_IXOTH) & 07777);
  }
  return {};
}

}  // namespace upkeep::backups
