#include "collectors/containers/cgroups.h"

#include <algorithm>

#include "exporter/metric.h"

namespace upkeep::containers {
namespace {

constexpr std::string_view kMount = "sys/fs/cgroup";
constexpr std::array<std::string_view, kControllers> kNames = {"unified", "cpu", "cpuacct", "memory", "blkio", "pids"};
constexpr std::size_t kIdDigits = 64;

bool is_hex(char c) { return naming::is_digit(c) || (c >= 'a' && c <= 'f'); }

// Whether a hierarchy mounted as "cpu,cpuacct" has this controller.
bool has_part(std::string_view name, std::string_view part) {
  while (!name.empty()) {
    const std::size_t comma = name.find(',');
    if (name.substr(0, comma) == part) return true;
    name.remove_prefix(comma == std::string_view::npos ? name.size() : comma + 1);
  }
  return false;
}

std::string_view parent_of(std::string_view path) { return path.substr(0, path.rfind('/')); }

// Whether some part of the path before the last is a container's.
bool is_inside(std::string_view path) {
  for (; !path.empty(); path = parent_of(path)) {
    if (!container_id(path).empty()) return true;
  }
  return false;
}

}  // namespace

std::string_view container_id(std::string_view path) {
  std::string_view name = path.substr(path.rfind('/') + 1);
  if (name.ends_with(".scope")) name.remove_suffix(std::string_view(".scope").size());
  if (name.size() < kIdDigits) return {};
  const std::string_view id = name.substr(name.size() - kIdDigits), runtime = name.substr(0, name.size() - kIdDigits);
  if (!std::ranges::all_of(id, is_hex)) return {};
  // Podman's and CRI-O's monitors have groups of their own, beside those of what they monitor.
  if (!runtime.empty() && (!runtime.ends_with('-') || runtime.ends_with("conmon-"))) return {};
  return id;
}

const std::string& Hierarchies::principal() const {
  for (const Controller one : {Controller::kMemory, Controller::kCpuacct, Controller::kCpu, Controller::kPids,
                               Controller::kBlkio, Controller::kUnified}) {
    if (!root(one).empty()) return root(one);
  }
  return root(Controller::kUnified);
}

Result<Hierarchies> find_hierarchies(FileSystem& fs) {
  UPKEEP_TRY(const auto entries, fs.list(kMount));
  Hierarchies found;
  const auto set = [&](std::size_t controller, std::string_view name) {
    found.roots[controller] = std::string(kMount) + "/" + std::string(name);
  };
  for (const DirectoryEntry& entry : entries) {
    if (!entry.is_directory && !entry.is_link) {
      if (entry.name == "cgroup.controllers") return Hierarchies{.roots = {std::string(kMount)}};
      continue;
    }
    for (std::size_t i = 1; i < kControllers; ++i) {
      if (has_part(entry.name, kNames[i]) && (found.roots[i].empty() || entry.name == kNames[i])) set(i, entry.name);
    }
    if (entry.name == kNames[0] && fs.status(std::string(kMount) + "/unified/cgroup.controllers")) set(0, entry.name);
  }
  return found;
}

Result<> Cgroups::look(Clock::time_point now, bool missing) {
  if (missing) due_.hurry();
  std::swap(before_, paths_);
  paths_.clear();
  Result<> result;
  if (due_.due(now)) {
    result = walk();
    if (!result) due_.hurry();
  } else {
    std::vector<Directory> none;
    for (const std::string& parent : parents_) {
      if (auto listed = list({.path = parent}, none); !listed && result) result = std::move(listed);
    }
  }
  std::ranges::sort(paths_);
  paths_.erase(std::unique(paths_.begin(), paths_.end()), paths_.end());
  return result;
}

Result<> Cgroups::walk() {
  auto found = find_hierarchies(fs_);
  if (!found) {
    if (found.error().code != ErrorCode::kNotFound) paths_ = before_;
    return std::unexpected(found.error());
  }
  hierarchies_ = *std::move(found);
  if (hierarchies_.principal().empty()) return {};
  const bool goes_inside = walks_++ % kInsideEvery == 0;
  std::vector<Directory> ahead = {{.deep = true}};
  if (!goes_inside) {
    for (const std::string& parent : parents_) {
      if (is_inside(parent)) ahead.push_back({.path = parent});
    }
  }
  parents_.clear();
  Result<> result;
  for (std::size_t seen = 0; !ahead.empty(); ++seen) {
    if (seen == kDirectories) {
      return fail(ErrorCode::kLimit, hierarchies_.principal() + ": over " + std::to_string(kDirectories) + " groups");
    }
    const Directory directory = std::move(ahead.back());
    ahead.pop_back();
    std::vector<Directory> further;
    if (auto listed = list(directory, further); !listed && result) result = std::move(listed);
    for (Directory& one : further) {
      const bool enters = one.inside == 0 || (goes_inside && one.inside <= kLevelsInside);
      if (enters && one.depth <= kLevels) ahead.push_back(std::move(one));
    }
  }
  return result;
}

Result<> Cgroups::list(const Directory& directory, std::vector<Directory>& further) {
  const auto entries = fs_.list(hierarchies_.principal() + directory.path);
  if (!entries) {
    // Gone since it was listed itself, unless nobody can tell.
    if (entries.error().code == ErrorCode::kNotFound && !directory.path.empty()) return {};
    keep_those_in(directory.path);
    return std::unexpected(entries.error());
  }
  bool holds_any = false;
  for (const DirectoryEntry& entry : *entries) {
    if (!entry.is_directory) continue;
    const bool is_container = !container_id(entry.name).empty();
    if (!is_container && !directory.deep) continue;
    std::string path = directory.path + "/" + entry.name;
    if (is_container) paths_.push_back(path);
    holds_any = holds_any || is_container;
    const int inside = is_container ? 1 : directory.inside > 0 ? directory.inside + 1 : 0;
    if (directory.deep)
      further.push_back({.path = std::move(path), .inside = inside, .depth = directory.depth + 1, .deep = true});
  }
  if (holds_any) parents_.insert(directory.path);
  return {};
}

// What could not be listed is taken to hold what it held.
void Cgroups::keep_those_in(const std::string& directory) {
  for (const std::string& path : before_) {
    if (!path.starts_with(directory + "/")) continue;
    paths_.push_back(path);
    parents_.emplace(parent_of(path));
  }
}

}  // namespace upkeep::containers
