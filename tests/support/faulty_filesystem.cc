#include "tests/support/faulty_filesystem.h"

#include <cerrno>

#include "tests/support/fakes.h"

namespace upkeep::testing {
namespace {

class FaultyFile final : public File {
 public:
  FaultyFile(FaultyFileSystem& fs, std::string path, std::unique_ptr<File> real)
      : fs_(fs), path_(std::move(path)), real_(std::move(real)) {}
  Result<std::string_view> read() override { return fs_.spoil(path_, real_->read()); }

 private:
  FaultyFileSystem& fs_;
  const std::string path_;
  const std::unique_ptr<File> real_;
};

// Everything a byte can be, in no order, with line ends and blanks as often as tables have them.
std::string make_noise() {
  constexpr std::size_t kBytes = std::size_t{2} << 20;
  std::string noise;
  noise.reserve(kBytes);
  std::uint32_t state = 1;
  while (noise.size() < kBytes) {
    state = state * 1664525 + 1013904223;
    const std::uint32_t kind = state >> 29;
    noise += kind == 0 ? '\n' : kind == 1 ? ' ' : static_cast<char>(state >> 16);
  }
  return noise;
}

}  // namespace

std::string_view to_string(Fault fault) {
  constexpr std::string_view kNames[] = {"ENOENT", "EIO", "EACCES", "half of it", "noise", "nothing"};
  return kNames[static_cast<std::size_t>(fault)];
}

void FaultyFileSystem::set(std::optional<Fault> fault, std::function<bool(std::string_view)> which) {
  const std::lock_guard lock(mutex_);
  fault_ = fault;
  which_ = std::move(which);
  if (fault_ == Fault::kNoise && noise_.empty()) noise_ = make_noise();
}

std::set<std::string> FaultyFileSystem::touched() const {
  const std::lock_guard lock(mutex_);
  return touched_;
}

std::optional<Fault> FaultyFileSystem::fault_of(std::string_view path) {
  const std::lock_guard lock(mutex_);
  touched_.emplace(path);
  return fault_ && which_(path) ? fault_ : std::nullopt;
}

Result<> FaultyFileSystem::refuse(std::string_view path) {
  const std::optional<Fault> fault = fault_of(path);
  if (fault == Fault::kNotFound) return system_failure(ENOENT, path);
  if (fault == Fault::kIo) return system_failure(EIO, path);
  if (fault == Fault::kPermission) return system_failure(EACCES, path);
  return {};
}

Result<std::string_view> FaultyFileSystem::spoil(const std::string& path, Result<std::string_view> content) {
  UPKEEP_CHECK(refuse(path));
  const std::optional<Fault> fault = fault_of(path);
  if (fault == Fault::kHalf && content) return content->substr(0, content->size() / 2);
  if (fault == Fault::kNoise) return noise_;
  if (fault == Fault::kEmpty) return std::string_view();
  return content;
}

std::unique_ptr<File> FaultyFileSystem::open(std::string_view path, FileKind kind) {
  return std::make_unique<FaultyFile>(*this, std::string(path), real_.open(path, kind));
}

Result<std::vector<DirectoryEntry>> FaultyFileSystem::list(std::string_view path) {
  UPKEEP_CHECK(refuse(path));
  if (fault_of(path) == Fault::kEmpty) return std::vector<DirectoryEntry>{};
  return real_.list(path);
}

Result<FileStatus> FaultyFileSystem::status(std::string_view path) {
  UPKEEP_CHECK(refuse(path));
  return real_.status(path);
}

Result<std::string> FaultyFileSystem::link_target(std::string_view path) {
  UPKEEP_CHECK(refuse(path));
  return real_.link_target(path);
}

Result<std::unique_ptr<FileStream>> FaultyFileSystem::stream(std::string_view path) {
  UPKEEP_CHECK(refuse(path));
  UPKEEP_TRY(const auto real, real_.stream(path));
  UPKEEP_TRY(const FileStatus status, real->status());
  std::string content;
  for (;;) {
    UPKEEP_TRY(const std::string_view block, real->next());
    if (block.empty()) break;
    content += block;
  }
  UPKEEP_TRY(const std::string_view spoilt, spoil(std::string(path), content));
  return stream_of(std::string(spoilt), status);
}

}  // namespace upkeep::testing
