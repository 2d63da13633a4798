// Reads a backup from its first byte to its last and says whether it is good, as far as its format lets one know.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "collectors/backups/backup_file.h"
#include "collectors/backups/decoder.h"
#include "exporter/clock.h"
#include "exporter/filesystem.h"

namespace upkeep::backups {

struct Verification {
  Reason reason = Reason::kNone;
  std::string message;  // one line: where and what; empty when it is good
  std::string format;   // "gzip sql", "zstd tar", "custom": one of a few
  std::uint64_t read_bytes = 0, expanded_bytes = 0;
  double coverage = 0;  // share of the bytes whose every change a checksum would show
  double seconds = 0;
  [[nodiscard]] bool good() const { return reason == Reason::kNone; }
};

// Asked before each block, and now and then while much comes out of little.
class Pace {
 public:
  virtual ~Pace() = default;
  // Waits as long as reading `bytes` may take at least. False: stop.
  virtual bool go_on(std::size_t bytes) = 0;
};

// Never throws, allocates a bounded amount, and stops soon after `pace` says so.
Verification verify(FileSystem& fs, const Clock& clock, const BackupFile& file, std::uint64_t max_expanded_bytes,
                    Pace& pace);

}  // namespace upkeep::backups
