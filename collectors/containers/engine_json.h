// What a container engine's API answers, taken apart. What is not needed is passed over.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/containers/engine.h"
#include "exporter/result.h"

namespace upkeep::containers {

struct ApiVersion {
  int major = 0, minor = 0;
  auto operator<=>(const ApiVersion&) const = default;
};
std::string to_string(ApiVersion version);

// GET /version
struct EngineVersion {
  std::string name, version;  // "docker" or "podman"
  ApiVersion newest, oldest;  // that it speaks
};
Result<EngineVersion> parse_version(std::string_view text);

// GET /containers/json: what the list knows of each, in its order. Those beyond kMaxContainers, and those whose id is
// none, are only counted.
struct ContainerList {
  std::vector<Container> containers;
  std::size_t left_out = 0;
};
Result<ContainerList> parse_list(std::string_view text);

// GET /containers/ID/json
Result<Container> parse_inspect(std::string_view text);

// A line of GET /events. Without an id: not about a container.
struct ContainerEvent {
  std::string id, action;
  double time = 0;                // Unix seconds
  std::uint64_t nanoseconds = 0;  // the same
};
Result<ContainerEvent> parse_event(std::string_view text);

// GET /system/df
struct Usage {
  std::uint64_t items = 0, reclaimable_items = 0;
  double bytes = 0, reclaimable_bytes = 0;
};
struct DiskUsage {
  Usage images, containers, volumes, build_cache;
  std::map<std::string, double> image_created;  // id -> Unix seconds
};
Result<DiskUsage> parse_disk_usage(std::string_view text);

// How many elements an array has.
Result<std::uint64_t> count_elements(std::string_view text);

// What may stand in a path of the API.
bool is_container_id(std::string_view text);

}  // namespace upkeep::containers
