// Checksums that lie beside a backup: what sha256sum wrote into NAME.sha256 or SHA256SUMS.
#pragma once

#include <optional>
#include <string>

#include "collectors/backups/job.h"

namespace upkeep::backups {

struct Listed {
  std::string digest;    // hexadecimal, in lower case
  std::string manifest;  // path of who says so
};

// What is said of the file at `path`. Fails the job where a file of that name says nothing that can be understood.
std::optional<Listed> listed_digest(Job& job, const std::string& path);

// The last component of a path, and all before it with its slash.
std::string_view file_name(std::string_view path);
std::string_view folder(std::string_view path);

}  // namespace upkeep::backups
