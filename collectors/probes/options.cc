#include "collectors/probes/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "collectors/probes/read_target.h"
#include "exporter/limits.h"

namespace upkeep::probes {

using namespace std::chrono_literals;

Options read_options(ConfigReader& config) {
  ConfigReader tls = config.section("tls");
  const TargetDefaults defaults{
      .interval = config.duration("interval", 15s, limits::kMinInterval),
      .timeout = config.duration("timeout", 5s, 1ms),
      .tls = read_tls_thresholds(tls, {.warn_before = 21 * 24h, .critical_before = 7 * 24h}),
  };
  Options options{.targets = {},
                  .modules = {},
                  .concurrency = static_cast<std::size_t>(
                      config.integer("concurrency", 20, 1, static_cast<std::int64_t>(limits::kProbesAtOnce)))};
  std::set<std::string, std::less<>> names;
  std::vector<ConfigReader> items = config.sections("targets");
  if (items.size() > limits::kProbeTargets)
    config.mistake("targets", fmt::format("over {} targets", limits::kProbeTargets));
  for (ConfigReader& item : items) {
    Target target = read_target(item, defaults);
    if (!target.name.empty() && !names.insert(target.name).second)
      item.mistake("name", fmt::format("'{}' is the name of another one", target.name));
    options.targets.push_back(std::move(target));
  }
  std::set<std::string, std::less<>> modules;
  for (ConfigReader& item : config.sections("modules")) {
    Target module = read_module(item, defaults);
    if (!module.module.empty() && !modules.insert(module.module).second)
      item.mistake("name", fmt::format("'{}' is the name of another one", module.module));
    options.modules.push_back(std::move(module));
  }
  return options;
}

}  // namespace upkeep::probes
