// A thread of low priority that verifies one backup after the other, as fast as it may and no faster.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "collectors/backups/backup_file.h"
#include "collectors/backups/options.h"
#include "collectors/backups/verification.h"
#include "exporter/clock.h"
#include "exporter/filesystem.h"
#include "exporter/log.h"

namespace upkeep::backups {

// Thread-safe. `fs` and `clock` must live as long as the process: a thread that a disk does not answer is left
// behind, and may use them at any time.
class Verifier {
 public:
  Verifier(FileSystem& fs, const Clock& clock, Log& log, const VerifyOptions& options, std::string name);
  ~Verifier();  // within a second, whatever the disk does
  Verifier(const Verifier&) = delete;
  Verifier& operator=(const Verifier&) = delete;

  // Replaces what waits, in this order. What is under way goes on if it is among them, and is given up otherwise.
  void want(std::vector<BackupFile> files);

  struct Done {
    BackupFile file;
    Verification result;
    double when = 0;  // Unix time
  };
  // What was finished since the last call, which is logged. What was given up is not among it.
  std::vector<Done> take_done();

  struct Now {
    bool running = false;
    std::string path;
    std::uint64_t read_bytes_total = 0;  // since the start
  };
  [[nodiscard]] Now now() const;

 private:
  struct Shared;
  static void work(const std::shared_ptr<Shared>& shared);
  Log& log_;
  const std::string name_;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace upkeep::backups
