// The section `containers` of upkeep.yml, which the collectors of this folder share.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "exporter/config.h"

namespace upkeep {

class FileSystem;

namespace containers {

// So many replicas of a compose service should run.
struct ExpectedService {
  std::string project, service;
  std::int64_t replicas = 1;
};

struct Options {
  bool ask_engine = true;                 // false: `docker: false`, nothing but the kernel's files
  std::optional<std::string> socket;      // path of the engine's socket; nothing: wherever one is found
  std::vector<std::string> label_keys;    // of container labels that become labels of the series
  NameFilter names;                       // which containers, by name; by id where no engine names them
  std::chrono::milliseconds grace;        // how long container_last_seen is kept of one that is gone
  std::vector<ExpectedService> expected;  // besides those of the compose files
  std::vector<std::string> compose_files;
  std::chrono::milliseconds image_max_age;  // published, for the rules
  std::uint64_t log_max_bytes;              // likewise
};

Options read_options(ConfigReader& config);

// Where the engine to be asked listens: as configured, else the first of the usual places where something is. Nothing:
// nobody is to be asked.
std::optional<std::string> find_socket(const Options& options, FileSystem& fs);

}  // namespace containers
}  // namespace upkeep
