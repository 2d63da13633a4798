// From a configuration to collectors.
#pragma once

#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "exporter/collector.h"
#include "exporter/config.h"
#include "exporter/instance.h"

namespace upkeep {

// What the command line says of collectors; it wins over the file. Names are CollectorType::name.
struct Selection {
  bool defaults = true;  // --collector.disable-defaults: only those in `enabled`
  std::set<std::string, std::less<>> enabled, disabled;
};

// Makes an instance of every collector that is on. `collectors` is the `collectors:` map. A section that is absent is
// on with its defaults; `false` switches it off; a section of several types has `disable: [names]`. Mistakes go to the
// document, and what could be made is returned.
std::vector<std::shared_ptr<Instance>> build_instances(ConfigReader collectors,
                                                       std::span<const CollectorType* const> types,
                                                       const Environment& environment, const Selection& selection);

}  // namespace upkeep
