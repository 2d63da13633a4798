// GET /probe?target=…&module=…: an endpoint asked at once, for blackbox_exporter's configurations and habits.
#pragma once

#include "collectors/probes/options.h"
#include "exporter/query.h"
#include "exporter/result.h"

namespace upkeep::probes {

// Whom a question is about: a target of the configuration, by its name or its place; or a place which the module that
// is named (blackbox_exporter's default: http_2xx) allows. `hostname` stands in for the host that HTTP and TLS name, as
// there. kParse: it says why not.
Result<Target> target_of(const Options& options, const Query& query);

}  // namespace upkeep::probes
