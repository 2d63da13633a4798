#include "collectors/containers/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "collectors/containers/families.h"
#include "exporter/filesystem.h"

namespace upkeep::containers {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kReplicasAtMost = 10'000;

void read_socket(ConfigReader& config, Options& options) {
  if (config.switched_off("docker")) {
    options.ask_engine = false;
    return;
  }
  constexpr std::string_view kScheme = "unix://";
  std::string socket = config.text("docker", "");
  if (socket.starts_with(kScheme)) socket.erase(0, kScheme.size());
  if (socket.empty()) return;
  if (socket.starts_with('/')) {
    options.socket = std::move(socket);
  } else {
    config.mistake("docker", "the absolute path of a socket expected, as unix:///run/docker.sock");
  }
}

void read_labels(ConfigReader& config, Options& options) {
  options.label_keys = config.texts("labels", {"com.docker.compose.project", "com.docker.compose.service"});
  if (options.label_keys.size() > kLabelKeysAtMost) {
    config.mistake("labels", fmt::format("at most {} labels expected: each is on every series", kLabelKeysAtMost));
    options.label_keys.resize(kLabelKeysAtMost);
  }
  std::set<std::string> names;
  for (const std::string& key : options.label_keys) {
    if (!names.insert(label_of_key(key)).second)
      config.mistake("labels", fmt::format("'{}' becomes the label of another one", key));
  }
}

// Where engines put their sockets.
constexpr std::string_view kSockets[] = {"/run/docker.sock", "/var/run/docker.sock", "/run/podman/podman.sock"};

}  // namespace

std::optional<std::string> find_socket(const Options& options, FileSystem& fs) {
  if (!options.ask_engine) return std::nullopt;
  if (options.socket) return options.socket;
  for (const std::string_view path : kSockets) {
    if (fs.status(path.substr(1))) return std::string(path);
  }
  return std::nullopt;
}

Options read_options(ConfigReader& config) {
  Options options{.names = config.filter("names", "", ""),
                  .grace = config.duration("grace", 5min),
                  .compose_files = config.texts("compose_files"),
                  .image_max_age = config.duration("image_max_age", 90 * 24h),
                  .log_max_bytes = config.size("log_max", std::uint64_t{1} << 30)};
  read_socket(config, options);
  read_labels(config, options);
  for (ConfigReader& service : config.sections("expected")) {
    options.expected.push_back({.project = service.required_text("project"),
                                .service = service.required_text("service"),
                                .replicas = service.integer("replicas", 1, 0, kReplicasAtMost)});
  }
  return options;
}

}  // namespace upkeep::containers
