// Files that the configuration is made of. They belong to Upkeep's own machine, not to the one it watches, so they are
// read past FileSystem and its roots.
#pragma once

#include <cstddef>
#include <string>

#include "exporter/config.h"
#include "exporter/result.h"

namespace upkeep {

// The whole of a regular file. Errors name the path, never what the file holds.
Result<std::string> read_regular_file(const std::string& path, std::size_t max_bytes);

// What such a file holds, without one trailing newline. Empty is kNoData, larger than limits::kSecretBytes is kLimit.
Result<Secret> read_secret_file(const std::string& path);

}  // namespace upkeep
