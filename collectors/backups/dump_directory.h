// What pg_dump -Fd writes: a directory with a table of contents and a file a table, each compressed by itself.
#pragma once

#include <string>

#include "collectors/backups/job.h"

namespace upkeep::backups {

void check_dump_directory(Job& job, const std::string& path);

}  // namespace upkeep::backups
