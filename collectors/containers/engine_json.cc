#include "collectors/containers/engine_json.h"

#include <fmt/format.h>

#include <algorithm>

#include "collectors/json/json.h"
#include "collectors/json/rfc3339.h"
#include "exporter/limits.h"
#include "exporter/text.h"

namespace upkeep::containers {
namespace {

constexpr std::size_t kLabels = 64;  // of a container; those beyond are passed over

using json::Path;
using json::Shape;
using json::Value;
using json::walk;

ApiVersion parse_api_version(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return {};
  const auto major = to_u64(text.substr(0, dot)), minor = to_u64(text.substr(dot + 1));
  if (!major || !minor || *major > 99 || *minor > 999) return {};
  return {static_cast<int>(*major), static_cast<int>(*minor)};
}

double size_of(const Value& value) { return std::max(value.number, 0.0); }  // -1: not known

template <class Names>
std::size_t place_in(const Names& names, std::string_view name, std::size_t fallback) {
  const auto found = std::ranges::find(names, name);
  return found == names.end() ? fallback : static_cast<std::size_t>(found - names.begin());
}

// Podman knows some more.
State parse_state(std::string_view name) {
  if (name == "initialized" || name == "configured") return State::kCreated;
  if (name == "stopping") return State::kRunning;
  if (name == "stopped") return State::kExited;
  return static_cast<State>(place_in(kStateNames, name, static_cast<std::size_t>(State::kDead)));
}

Health parse_health(std::string_view name) { return static_cast<Health>(place_in(kHealthNames, name, 0)); }

std::string parse_name(const Value& value) {
  std::string name = value.kept();
  if (name.starts_with('/')) name.erase(0, 1);
  return name;
}

bool is_own_network(std::string_view mode) { return mode != "host" && !mode.starts_with("container:"); }

void add_label(Container& container, const std::string& key, const Value& value) {
  if (container.labels.size() < kLabels && key.size() <= limits::kLabelValueBytes) {
    container.labels.emplace(key, value.kept());
  }
}

void take_state(const Path& path, const Value& value, Container& out) {
  const std::string& key = path.last();
  if (path.depth() == 2) {
    if (key == "Status") out.state = parse_state(value.text);
    if (key == "OOMKilled") out.oom_killed = value.truth();
    if (key == "Pid") out.pid = std::max(value.integer(), 0);
    if (key == "ExitCode") out.exit_code = value.integer();
    if (key == "StartedAt") out.started = json::parse_rfc3339(value.text);
    if (key == "FinishedAt") out.finished = json::parse_rfc3339(value.text);
  } else if (path.is({"State", "Health", key}) || path.is({"State", "Healthcheck", key})) {
    if (key == "Status") out.health = parse_health(value.text);
    if (key == "FailingStreak") out.failing_streak = value.integer();
  }
}

// Docker's own sums of `docker system df`.
struct Item {
  double size = 0, shared = 0;
  double users = -1;  // -1: not known
  bool is_used = false;
  std::string id, state;
  double created = 0;
};

void take_item(std::string_view key, const Value& value, Item& item) {
  if (key == "Id") item.id = value.kept();
  if (key == "Size" || key == "SizeRw") item.size = size_of(value);
  if (key == "SharedSize") item.shared = size_of(value);
  if (key == "Created") item.created = value.number;
  if (key == "Containers" || key == "RefCount") item.users = value.number;
  if (key == "InUse" || key == "Shared") item.is_used = item.is_used || value.truth();
  if (key == "State") item.state = value.kept();
}

void count(Usage& usage, double bytes, bool reclaimable) {
  ++usage.items;
  usage.bytes += bytes;
  if (!reclaimable) return;
  ++usage.reclaimable_items;
  usage.reclaimable_bytes += bytes;
}

}  // namespace

std::string to_string(ApiVersion version) { return fmt::format("{}.{}", version.major, version.minor); }

bool is_container_id(std::string_view text) {
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text.size() == 64 && std::ranges::all_of(text, is_hex);
}

Result<EngineVersion> parse_version(std::string_view text) {
  EngineVersion out{.name = "docker", .version = {}, .newest = {}, .oldest = {}};
  UPKEEP_CHECK(walk(text, Shape::kObject, [&](const Path& path, const Value& value) {
    if (path.is({"Version"})) out.version = value.kept();
    if (path.is({"ApiVersion"})) out.newest = parse_api_version(value.text);
    if (path.is({"MinAPIVersion"})) out.oldest = parse_api_version(value.text);
    if (path.is({"Components", "*", "Name"}) && value.text.starts_with("Podman")) out.name = "podman";
  }));
  if (out.newest == ApiVersion{}) return fail(ErrorCode::kParse, "ApiVersion expected");
  return out;
}

Result<ContainerList> parse_list(std::string_view text) {
  ContainerList out;
  Container one;
  const auto on_value = [&](const Path& path, const Value& value) {
    if (!path.begins({"*"}) || path.depth() < 2 || out.containers.size() == kMaxContainers) return;
    if (path.is({"*", "Id"})) one.id = value.kept();
    if (path.is({"*", "Names", "*"}) && one.name.empty()) one.name = parse_name(value);
    if (path.is({"*", "Image"})) one.image = value.kept();
    if (path.is({"*", "ImageID"})) one.image_id = value.kept();
    if (path.is({"*", "Created"})) one.created = value.number;
    if (path.is({"*", "State"})) one.state = parse_state(value.text);
    if (path.is({"*", "HostConfig", "NetworkMode"})) one.own_network = is_own_network(value.text);
    if (path.is({"*", "Labels", path.last()}) && value.is_text) add_label(one, path.last(), value);
  };
  const auto on_end = [&](const Path& path) {
    if (!path.is({"*"})) return;
    const bool usable = out.containers.size() < kMaxContainers && is_container_id(one.id);
    if (usable) out.containers.push_back(std::move(one));
    if (!usable) ++out.left_out;
    one = {};
  };
  UPKEEP_CHECK(walk(text, Shape::kArray, on_value, on_end));
  return out;
}

Result<Container> parse_inspect(std::string_view text) {
  Container out;
  std::string log_path;
  bool is_json_file = false;
  UPKEEP_CHECK(walk(text, Shape::kObject, [&](const Path& path, const Value& value) {
    if (path.is({"Id"})) out.id = value.kept();
    if (path.is({"Name"})) out.name = parse_name(value);
    if (path.is({"Image"})) out.image_id = value.kept();
    if (path.is({"Created"})) out.created = json::parse_rfc3339(value.text);
    if (path.is({"RestartCount"})) out.restart_count = value.integer();
    if (path.is({"LogPath"})) log_path = value.kept();
    if (path.is({"HostConfig", "LogConfig", "Type"})) is_json_file = value.text == "json-file";
    if (path.is({"HostConfig", "NetworkMode"})) out.own_network = is_own_network(value.text);
    if (path.is({"Config", "Image"})) out.image = value.kept();
    if (path.is({"Config", "Labels", path.last()}) && value.is_text) add_label(out, path.last(), value);
    if (path.begins({"State"})) take_state(path, value, out);
  }));
  if (!is_container_id(out.id)) return fail(ErrorCode::kParse, "Id expected");
  if (is_json_file) out.log_path = std::move(log_path);
  out.inspected = true;
  return out;
}

Result<ContainerEvent> parse_event(std::string_view text) {
  ContainerEvent out;
  std::string type = "container", old_id, old_action;
  UPKEEP_CHECK(walk(text, Shape::kObject, [&](const Path& path, const Value& value) {
    if (path.is({"Type"})) type = value.kept();
    if (path.is({"Action"})) out.action = value.kept();
    if (path.is({"Actor", "ID"})) out.id = value.kept();
    if (path.is({"id"})) old_id = value.kept();
    if (path.is({"status"})) old_action = value.kept();
    if (path.is({"timeNano"}) && value.number > 0 && value.number < 1e19) {
      out.nanoseconds = static_cast<std::uint64_t>(value.number);
    }
  }));
  if (out.id.empty()) out.id = old_id;
  if (out.action.empty()) out.action = old_action;
  if (type != "container" || !is_container_id(out.id)) out.id.clear();
  out.time = static_cast<double>(out.nanoseconds) / 1e9;
  return out;
}

Result<DiskUsage> parse_disk_usage(std::string_view text) {
  DiskUsage out;
  Item item;
  double layers = 0, used_by_images = 0;
  const auto on_value = [&](const Path& path, const Value& value) {
    if (path.is({"LayersSize"})) layers = size_of(value);
    if (path.depth() == 3) take_item(path.last(), value, item);
    if (path.is({"Volumes", "*", "UsageData", path.last()})) take_item(path.last(), value, item);
  };
  const auto on_end = [&](const Path& path) {
    if (path.depth() != 2) return;  // an element of one of the lists
    if (path.is({"Images", "*"})) {
      count(out.images, 0, item.users == 0);
      if (item.users > 0) used_by_images += std::max(item.size - item.shared, 0.0);
      out.image_created.emplace(item.id, item.created);
    } else if (path.is({"Containers", "*"})) {
      const State state = parse_state(item.state);
      count(out.containers, item.size,
            state != State::kRunning && state != State::kPaused && state != State::kRestarting);
    } else if (path.is({"Volumes", "*"})) {
      count(out.volumes, item.size, item.users == 0);
    } else if (path.is({"BuildCache", "*"})) {
      count(out.build_cache, item.size, !item.is_used);
    }
    item = {};
  };
  UPKEEP_CHECK(walk(text, Shape::kObject, on_value, on_end));
  out.images.bytes = layers;
  out.images.reclaimable_bytes = std::max(layers - used_by_images, 0.0);
  return out;
}

Result<std::uint64_t> count_elements(std::string_view text) {
  std::uint64_t elements = 0;
  const auto on_end = [&](const Path& path) { elements += path.is({"*"}) ? 1 : 0; };
  UPKEEP_CHECK(walk(
      text, Shape::kArray, [](const Path&, const Value&) {}, on_end));
  return elements;
}

}  // namespace upkeep::containers
