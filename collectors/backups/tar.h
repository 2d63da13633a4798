// Tar archives, and what pg_dump -Ft writes, which is one.
#pragma once

#include "collectors/backups/reader.h"

namespace upkeep::backups {

inline constexpr std::size_t kTarBlock = 512;

// Whether it is the header of a file in a tar archive: its checksum is right.
bool begins_as_tar(std::string_view block);
// Whether the first file is the table of contents of pg_dump.
bool begins_as_dump_tar(std::string_view block);

// Reads it to its end.
void check_tar(Reader& reader);
void check_dump_tar(Job& job, Reader& reader);

}  // namespace upkeep::backups
