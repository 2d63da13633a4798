#include "exporter/config_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "exporter/config.h"
#include "exporter/limits.h"

namespace upkeep {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

}  // namespace

Result<std::string> read_regular_file(const std::string& path, std::size_t max_bytes) {
  // O_NONBLOCK: opening a FIFO does not wait for its writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (file.number() < 0) return system_failure(errno, path);
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) return system_failure(errno, path);
  if (S_ISDIR(status.st_mode)) return system_failure(EISDIR, path);
  if (!S_ISREG(status.st_mode)) return fail(ErrorCode::kSystem, path + ": not a regular file");
  std::string text;
  while (true) {
    constexpr std::size_t kStep = 16384;
    const std::size_t have = text.size();
    text.resize(have + kStep);
    const ssize_t got = ::read(file.number(), text.data() + have, kStep);
    if (got < 0 && errno != EINTR) return system_failure(errno, path);
    text.resize(have + static_cast<std::size_t>(got < 0 ? 0 : got));
    if (text.size() > max_bytes) {
      return fail(ErrorCode::kLimit, path + ": larger than " + std::to_string(max_bytes) + " bytes");
    }
    if (got == 0) return text;
  }
}

Result<Secret> read_secret_file(const std::string& path) {
  UPKEEP_TRY(std::string text, read_regular_file(path, limits::kSecretBytes));
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) return fail(ErrorCode::kNoData, path + ": empty");
  return Secret(std::move(text));
}

Result<std::string> read_config_file(const std::string& path) { return read_regular_file(path, limits::kConfigBytes); }

}  // namespace upkeep
