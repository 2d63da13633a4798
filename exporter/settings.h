// The settings of the program itself, as upkeep.yml has them.
#pragma once

#include <string>

#include "exporter/config.h"
#include "exporter/log.h"
#include "exporter/web.h"

namespace upkeep {

struct Settings {
  WebSettings web;                            // web:
  LogLevel log_level = LogLevel::kInfo;       // log.level:
  LogFormat log_format = LogFormat::kLogfmt;  // log.format:
  std::string state = "/var/lib/upkeep";      // state: a directory; small, safe to delete
};

Settings read_settings(ConfigReader root);

}  // namespace upkeep
