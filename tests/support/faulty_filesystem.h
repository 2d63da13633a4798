// A FileSystem that spoils what another one reads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/filesystem.h"

namespace upkeep::testing {

enum class Fault : std::uint8_t {
  kNotFound,    // ENOENT
  kIo,          // EIO
  kPermission,  // EACCES
  kHalf,        // the first half of the content
  kNoise,       // 2 MiB of bytes that mean nothing
  kEmpty,       // no bytes
};
inline constexpr Fault kAllFaults[] = {Fault::kNotFound, Fault::kIo,    Fault::kPermission,
                                       Fault::kHalf,     Fault::kNoise, Fault::kEmpty};
std::string_view to_string(Fault fault);

// Thread-safe where the other one is.
class FaultyFileSystem final : public FileSystem {
 public:
  explicit FaultyFileSystem(FileSystem& real) : real_(real) {}

  // From now on every path that `which` picks has this fault; none has one without.
  void set(std::optional<Fault> fault, std::function<bool(std::string_view)> which = {});
  // Every path that was read, listed or asked about.
  [[nodiscard]] std::set<std::string> touched() const;

  std::unique_ptr<File> open(std::string_view path, FileKind kind) override;
  Result<std::vector<DirectoryEntry>> list(std::string_view path) override;
  Result<FileStatus> status(std::string_view path) override;
  Result<std::string> link_target(std::string_view path) override;
  Result<std::unique_ptr<FileStream>> stream(std::string_view path) override;

  // What reading `path` gives, where the sound content is `content`.
  Result<std::string_view> spoil(const std::string& path, Result<std::string_view> content);

 private:
  std::optional<Fault> fault_of(std::string_view path);
  Result<> refuse(std::string_view path);

  FileSystem& real_;
  mutable std::mutex mutex_;
  std::optional<Fault> fault_;
  std::function<bool(std::string_view)> which_;
  std::set<std::string> touched_;
  std::string noise_;
};

}  // namespace upkeep::testing
