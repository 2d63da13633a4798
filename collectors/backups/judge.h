// Whether a restored database holds what it should.
#pragma once

#include <cstdint>
#include <ostream>

#include "collectors/backups/cluster.h"
#include "collectors/backups/drill_record.h"
#include "collectors/backups/guard.h"
#include "collectors/backups/options.h"

namespace upkeep::backups {

// Counts tables and rows of every database of the drill into `result`, of which there must be as many as are expected,
// and as many rows as were copied; then asks the user's own questions, in the database with the most tables.
Drilled<> judge(Cluster& cluster, const DrillOptions& options, std::uint64_t copied_rows, Guard& guard,
                std::ostream& out, DrillResult& result);

}  // namespace upkeep::backups
