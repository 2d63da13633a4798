// The subcommands that print and end: check-config, collect, list-collectors, list-metrics, --version.
#pragma once

#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "exporter/app.h"

namespace upkeep::commands {

// Each writes its answer to `out` and returns the exit status.
int check_config(App& app, const std::string& file, std::ostream& out, std::ostream& err);
// One look of the named collectors, of all enabled ones without names.
int collect(App& app, const std::vector<std::string>& names, std::ostream& out, std::ostream& err);
int list_collectors(std::span<const CollectorType* const> types, std::ostream& out);
// A line a family: name, type, labels, collector, help, separated by tabs. Families named at run time show as
// `prefix*`.
int list_metrics(std::span<const CollectorType* const> types, std::ostream& out);
int version(std::ostream& out);

}  // namespace upkeep::commands
