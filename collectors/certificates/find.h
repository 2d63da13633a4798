// Which files a source stands for, and what is in one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "collectors/certificates/library.h"
#include "collectors/certificates/options.h"
#include "exporter/filesystem.h"

namespace upkeep::certificates {

struct FoundFile {
  std::string path;  // with its leading slash
  bool is_named;     // the configuration names it; otherwise a wildcard or a directory stands for it
};

struct Found {
  std::vector<FoundFile> files;    // sorted; one that is named need not be there
  std::optional<Problem> problem;  // the first thing that could not be looked at
};

Found find_files(FileSystem& fs, const Source& source);

// At most limits::kCertificateFileBytes. Problems name the path.
Checked<std::string> read_bytes(FileSystem& fs, const std::string& path);

Reason reason_of(ErrorCode code);

}  // namespace upkeep::certificates
