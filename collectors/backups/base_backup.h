// What pg_basebackup writes: the files of a cluster, and backup_manifest, which lists them with their checksums.
#pragma once

#include <string>

#include "collectors/backups/job.h"

namespace upkeep::backups {

inline constexpr std::string_view kBackupManifest = "backup_manifest";

void check_base_backup(Job& job, const std::string& path);

}  // namespace upkeep::backups
