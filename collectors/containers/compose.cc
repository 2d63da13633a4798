#include "collectors/containers/compose.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "exporter/config.h"
#include "exporter/config_tree.h"
#include "exporter/text.h"

namespace upkeep::containers {
namespace {

using namespace std::chrono_literals;

constexpr auto kReadAgain = 1min;

constexpr std::array kFamilies = {
    gauge("upkeep_compose_service_expected_replicas", "How many containers of the service should run.",
          {"project", "service"}),
    gauge("upkeep_compose_service_running_replicas", "Containers of the service that run.", {"project", "service"}),
    gauge("upkeep_compose_service_healthy_replicas", "Those of them whose health check, if there is one, is content.",
          {"project", "service"}),
    gauge("upkeep_compose_service_versions", "Different images that containers of the service run.",
          {"project", "service"}),
};
enum Family : std::uint8_t { kExpected, kRunning, kHealthy, kVersions };

using Kind = ConfigNode::Kind;

// Null where there is no such key.
const ConfigNode* child(const ConfigNode* node, std::string_view key) {
  if (node == nullptr || node->kind != Kind::kMap) return nullptr;
  const auto found = node->entries.find(key);
  return found == node->entries.end() ? nullptr : found->second.get();
}

std::string_view text_of(const ConfigNode* node) {
  return node != nullptr && node->kind == Kind::kText ? std::string_view(node->text) : std::string_view();
}

// "${NAME:-3}" and "${NAME-3}" are "3".
std::string_view without_variable(std::string_view text) {
  if (!text.starts_with("${") || !text.ends_with('}')) return text;
  const std::size_t dash = text.find('-');
  return dash == std::string_view::npos ? std::string_view() : text.substr(dash + 1, text.size() - dash - 2);
}

// As Docker's compose names a project.
std::string project_name(std::string_view text) {
  std::string name;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool leads = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (leads || (!name.empty() && (c == '-' || c == '_'))) name += c;
  }
  return name;
}

std::int64_t replicas_of(const ConfigNode* service) {
  const ConfigNode* const deploy = child(service, "deploy");
  for (const ConfigNode* const count : {child(deploy, "replicas"), child(service, "scale")}) {
    if (const auto number = to_u64(without_variable(text_of(count)))) {
      return static_cast<std::int64_t>(std::min<std::uint64_t>(*number, kMaxContainers));
    }
  }
  return 1;
}

bool is_meant_to_run(const ConfigNode* service) {
  const ConfigNode* const profiles = child(service, "profiles");
  const bool has_profile = profiles != nullptr && !profiles->items.empty();
  return !has_profile && !text_of(child(child(service, "deploy"), "mode")).ends_with("-job");
}

// Services that others wait for to end.
std::set<std::string_view> those_that_end(const ConfigNode& services) {
  std::set<std::string_view> names;
  for (const auto& service : services.entries) {
    const ConfigNode* const needs = child(service.second.get(), "depends_on");
    if (needs == nullptr) continue;
    for (const auto& [name, how] : needs->entries) {
      if (text_of(child(how.get(), "condition")) == "service_completed_successfully") names.insert(name);
    }
  }
  return names;
}

std::string_view label(const Container& container, const char* key) {
  const auto found = container.labels.find(key);
  return found == container.labels.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace

Result<std::vector<ExpectedService>> parse_compose_file(std::string_view text, const std::string& path) {
  ConfigNode root;
  bool usable = false;
  const std::vector<ConfigMistake> mistakes = parse_config_tree(text, root, usable);
  // What upkeep.yml may not hold may stand here: anchors, aliases, tags.
  if (!usable) {
    const ConfigMistake& mistake = mistakes.back();
    return fail(ErrorCode::kParse, fmt::format("{}:{}: {}", path, mistake.place.line + 1, mistake.message));
  }
  const ConfigNode* const services = child(&root, "services");
  if (services == nullptr || services->kind != Kind::kMap) {
    const std::size_t line = services == nullptr ? 0 : services->key_at.line;
    return fail(ErrorCode::kParse, fmt::format("{}:{}: a map of services expected", path, line + 1));
  }
  std::string project = project_name(without_variable(text_of(child(&root, "name"))));
  if (project.empty()) project = project_name(std::filesystem::path(path).parent_path().filename().string());
  const std::set<std::string_view> ending = those_that_end(*services);
  std::vector<ExpectedService> expected;
  for (const auto& [name, service] : services->entries) {
    if (ending.contains(name) || !is_meant_to_run(service.get())) continue;
    expected.push_back({project, name, replicas_of(service.get())});
  }
  return expected;
}

Compose::Compose(std::vector<ExpectedService> expected, std::vector<std::string> files)
    : expected_(std::move(expected)) {
  for (std::string& path : files) files_.push_back({.path = std::move(path)});
}

void Compose::read_files(Clock::time_point now) {
  if (files_.empty() || (read_ && now - *read_ < kReadAgain)) return;
  read_ = now;
  for (File& file : files_) {
    auto text = read_config_file(file.path);
    if (text && *text == file.text && !file.text.empty()) continue;
    auto expected = text ? parse_compose_file(*text, file.path) : std::unexpected(text.error());
    changed_ = true;
    file.error.reset();
    file.text = text ? *std::move(text) : std::string();
    if (expected) {
      file.expected = *std::move(expected);
    } else {
      file.error = std::move(expected).error();
      file.text.clear();
    }
  }
}

void Compose::count(const EngineView& view) {
  std::map<std::pair<std::string_view, std::string_view>, Service> services;
  // What upkeep.yml says wins over the files.
  for (const ExpectedService& one : expected_) services[{one.project, one.service}].expected = one.replicas;
  for (const File& file : files_) {
    for (const ExpectedService& one : file.expected) {
      auto& expected = services[{one.project, one.service}].expected;
      if (!expected) expected = one.replicas;
    }
  }
  for (const auto& one : view.containers) {
    const Container& container = *one;
    const std::string_view name = label(container, kServiceLabel);
    if (name.empty() || label(container, kOneOffLabel) == "True") continue;
    Service& service = services[{label(container, kProjectLabel), name}];
    if (container.state != State::kRunning) continue;
    ++service.running;
    if (container.health == Health::kNone || container.health == Health::kHealthy) ++service.healthy;
    const std::string_view image = container.image_id;
    if (std::ranges::find(service.images, image) == service.images.end()) service.images.push_back(image);
  }
  counted_.clear();
  for (const auto& [name, service] : services) {
    counted_.push_back({.project = std::string(name.first),
                        .service = std::string(name.second),
                        .expected = service.expected,
                        .running = service.running,
                        .healthy = service.healthy,
                        .versions = service.images.size()});
  }
}

Result<> Compose::publish(const EngineView& view, Clock::time_point now, SampleSink& out) {
  read_files(now);
  if (changed_ || generation_ != view.generation) count(view);
  changed_ = false;
  generation_ = view.generation;
  const bool is_known = view.refreshed != Clock::wall_time{};  // else nobody has ever counted
  for (const Counted& service : counted_) {
    const auto add = [&](Family family, double value) {
      out.add(kFamilies[family], value, {service.project, service.service});
    };
    if (service.expected) add(kExpected, static_cast<double>(*service.expected));
    if (!is_known) continue;
    add(kRunning, static_cast<double>(service.running));
    add(kHealthy, static_cast<double>(service.healthy));
    add(kVersions, static_cast<double>(service.versions));
  }
  for (const File& file : files_) {
    if (file.error) return std::unexpected(*file.error);
  }
  return {};
}

std::span<const MetricDesc> Compose::metrics() { return kFamilies; }

}  // namespace upkeep::containers
