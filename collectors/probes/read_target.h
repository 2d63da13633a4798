// One endpoint, or one way to ask endpoints, of the configuration.
#pragma once

#include <string>

#include "collectors/probes/options.h"
#include "exporter/config.h"
#include "exporter/result.h"

namespace upkeep::probes {

// Those of the section, which hold for every target that does not say otherwise.
struct TargetDefaults {
  milliseconds interval, timeout;
  TlsOptions tls;
};

Target read_target(ConfigReader& config, const TargetDefaults& defaults);
// A target of no place, which others may name.
Target read_module(ConfigReader& config, const TargetDefaults& defaults);
// The thresholds that may stand for all.
TlsOptions read_tls_thresholds(ConfigReader& tls, TlsOptions options);

// Says where a target is, by the URL or the HOST:PORT that its kind has.
Result<> place(Target& target, const std::string& text);

}  // namespace upkeep::probes
