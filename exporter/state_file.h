// What the program remembers between its lives: small files below the directory that `state:` names. Whoever reads one
// finds all of what was written last, or all of what was written before.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "exporter/limits.h"
#include "exporter/result.h"

namespace upkeep {

// Paths are real ones, whatever file system is looked at. Errors name the path.

// The whole content. kNotFound: there is none. Anything but a regular file is kSystem, a larger one kLimit.
Result<std::string> read_state_file(const std::string& path, std::size_t max_bytes = limits::kStateBytes);

// Replaces it as a whole, and makes the directories that lead to it. Only the program's user can read it.
Result<> write_state_file(const std::string& path, std::string_view content);

// Whether write_state_file could write below `directory`, as far as that can be told without writing.
bool is_state_writable(const std::string& directory);

}  // namespace upkeep
