// What pg_dump -Fc writes: a table of contents, and then the data of one table after the other.
#pragma once

#include "collectors/backups/reader.h"

namespace upkeep::backups {

// Reads it to its end. Counts as covered what checksums cover, when `alone`: nothing else covers it.
void check_custom_archive(Job& job, Reader& reader, bool alone);

}  // namespace upkeep::backups
