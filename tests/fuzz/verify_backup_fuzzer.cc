// Any bytes at all as a backup, as the table of contents of one, as the list of a base backup's files, and as a
// checksum beside one: what is said of it is bounded, and the same wherever the pieces end that come from the disk.
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "collectors/backups/verification.h"
#include "exporter/utf8.h"
#include "tests/support/fakes.h"

namespace upkeep::backups {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// Files in memory, handed out in blocks of a size.
class Files final : public FileSystem {
 public:
  explicit Files(std::size_t block_bytes) : block_bytes_(block_bytes) {}
  void put(const std::string& path, std::string_view content) {
    content_[path] = content;
    fake_.put(path, std::string(content));
  }
  std::unique_ptr<File> open(std::string_view path, FileKind kind) override { return fake_.open(path, kind); }
  Result<std::vector<DirectoryEntry>> list(std::string_view path) override { return fake_.list(path); }
  Result<FileStatus> status(std::string_view path) override { return fake_.status(path); }
  Result<std::string> link_target(std::string_view path) override { return fake_.link_target(path); }
  Result<std::unique_ptr<FileStream>> stream(std::string_view path) override {
    UPKEEP_TRY(const FileStatus status, fake_.status(path));
    return testing::stream_of(content_[std::string(path)], status, block_bytes_);
  }

 private:
  const std::size_t block_bytes_;
  std::map<std::string, std::string> content_;
  testing::FakeFileSystem fake_;
};

class Patient final : public Pace {
 public:
  bool go_on(std::size_t) override { return ++blocks_ < 1'000'000; }

 private:
  std::uint64_t blocks_ = 0;
};

Verification check(Files& fs, const std::string& path, bool is_directory) {
  BackupFile file{.path = path, .is_directory = is_directory};
  if (const auto status = fs.status(path)) {
    file.device = status->device;
    file.inode = status->inode;
    file.size_bytes = status->size_bytes;
    file.modified_ns = status->modified_ns;
  }
  constexpr std::uint64_t kMaxExpandedBytes = std::uint64_t{4} << 20;
  Patient pace;
  const testing::FakeClock clock;
  Verification result = verify(fs, clock, file, kMaxExpandedBytes, pace);
  require(is_utf8(result.message) && result.message.find('\n') == std::string::npos);
  require(result.message.empty() == result.good());
  require(result.coverage >= 0 && result.coverage <= 1);
  require(result.expanded_bytes <= kMaxExpandedBytes + (std::uint64_t{8} << 20));
  require(result.reason != Reason::kChanged && result.reason != Reason::kStopped);
  return result;
}

Verification look(char kind, std::string_view content, std::size_t block_bytes) {
  Files fs(block_bytes);
  switch (kind) {
    case 'd':
      fs.put("d/toc.dat", content);
      fs.put("d/7.dat", "1\n\\.\n\n\n");
      fs.put("d/blobs.toc", content);
      return check(fs, "d", true);
    case 'b':
      fs.put("b/backup_manifest", content);
      fs.put("b/base/1", "123456789");
      return check(fs, "b", true);
    case 's':
      fs.put("f.bin", "anything");
      fs.put("f.bin.sha256", content);
      return check(fs, "f.bin", false);
    default: {
      constexpr const char* kNames[] = {"f", "f.sql", "f.tar", "f.sql.gz"};
      const std::string name = kNames[static_cast<unsigned char>(kind) % std::size(kNames)];
      fs.put(name, content);
      return check(fs, name, false);
    }
  }
}

// The first byte says as what.
void run(std::string_view input) {
  if (input.empty()) return;
  const Verification whole = look(input.front(), input.substr(1), limits::kStreamBlockBytes);
  const Verification pieces = look(input.front(), input.substr(1), 7);
  // How much of a damaged stream comes out before the damage shows is the library's affair.
  require(whole.good() == pieces.good());
  require(!whole.good() || (whole.format == pieces.format && whole.coverage == pieces.coverage));
}

}  // namespace
}  // namespace upkeep::backups

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  upkeep::backups::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
