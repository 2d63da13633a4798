// The collector of containers, for tests that bring an engine of their own.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "collectors/containers/engine.h"
#include "collectors/containers/options.h"
#include "exporter/collector.h"

namespace upkeep::containers {

using MakeEngine = std::function<std::unique_ptr<EngineSource>(EngineSettings settings)>;

std::unique_ptr<Collector> make_containers(Options options, const Environment& environment, MakeEngine make_engine);

}  // namespace upkeep::containers
