#include "exporter/state_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace upkeep {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  int close() { return fd_ < 0 ? 0 : ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<> make_directories(const std::string& directory) {
  if (::mkdir(directory.c_str(), 0750) == 0 || errno == EEXIST) return {};
  if (errno != ENOENT || parent_of(directory) == directory) return system_failure(errno, directory);
  UPKEEP_CHECK(make_directories(parent_of(directory)));
  if (::mkdir(directory.c_str(), 0750) == 0 || errno == EEXIST) return {};
  return system_failure(errno, directory);
}

Result<> write_whole(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_failure(errno, path);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  // Before it takes the old one's name: after a crash it would else be there, and empty.
  if (::fsync(fd) != 0) return system_failure(errno, path);
  return {};
}

}  // namespace

Result<std::string> read_state_file(const std::string& path, std::size_t max_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.get() < 0) return system_failure(errno, path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_failure(errno, path);
  if (!S_ISREG(status.st_mode)) return fail(ErrorCode::kSystem, path + ": not a regular file");
  std::string content;
  for (;;) {
    constexpr std::size_t kBlock = std::size_t{64} << 10;
    const std::size_t size = content.size();
    content.resize(size + kBlock);
    const ssize_t got = ::read(file.get(), content.data() + size, kBlock);
    content.resize(size + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure(errno, path);
    if (content.size() > max_bytes)
      return fail(ErrorCode::kLimit, path + ": larger than " + std::to_string(max_bytes) + " bytes");
    if (got == 0) return content;
  }
}

Result<> write_state_file(const std::string& path, std::string_view content) {
  const std::string directory = parent_of(path);
  UPKEEP_CHECK(make_directories(directory));
  // A fixed name: what a crash leaves is overwritten, not heaped up.
  const std::string temporary = path + ".new";
  ::unlink(temporary.c_str());
  Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() < 0) return system_failure(errno, temporary);
  Result<> written = write_whole(file.get(), content, temporary);
  if (file.close() != 0 && written) written = system_failure(errno, temporary);
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) written = system_failure(errno, path);
  if (!written) {
    ::unlink(temporary.c_str());
    return written;
  }
  const Descriptor parent(::open(directory.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
  if (parent.get() < 0 || ::fsync(parent.get()) != 0) return system_failure(errno, directory);
  return {};
}

bool is_state_writable(const std::string& directory) {
  std::string nearest = directory;  // of those that lead there and are there already
  while (::faccessat(AT_FDCWD, nearest.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    if (errno != ENOENT || parent_of(nearest) == nearest) return false;
    nearest = parent_of(nearest);
  }
  struct stat status {};
  return ::stat(nearest.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace upkeep
