#include "collectors/containers/tracked.h"

#include <algorithm>

#include "collectors/containers/network.h"

namespace upkeep::containers {
namespace {

constexpr MetricDesc kFamilies[] = {
    gauge("container_last_seen", "When it was last there, in Unix time."),
    gauge("container_start_time_seconds", "When it was started, in Unix time."),
    gauge("container_creation_time_seconds", "When it was created, in Unix time."),
};
enum Family : std::uint8_t { kLastSeen, kStartTime, kCreationTime };

std::vector<MetricDesc> all_families() {
  std::vector<MetricDesc> all;
  for (const auto part : {std::span<const MetricDesc>(kFamilies), usage_families(), network_families()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

// The oldest of what was made with the group and is seldom touched afterwards; the directory itself changes with every
// group made in it. Zero: not known.
double time_made(FileSystem& fs, const std::string& directory) {
  double made = 0;
  for (const std::string_view name : {"", "/cgroup.clone_children", "/cgroup.events"}) {
    const auto status = fs.status(directory + std::string(name));
    if (status && (made == 0 || status->modified_unix_seconds < made)) made = status->modified_unix_seconds;
  }
  return made;
}

constexpr std::size_t kUsageAt = std::size(kFamilies);

}  // namespace

std::span<const MetricDesc> tracked_families() {
  static const std::vector<MetricDesc> kAll = all_families();
  return kAll;
}

Tracked::Tracked(const Tools& tools, std::string_view path)
    : path_(path), id_(container_id(path_)), files_(tools.fs, tools.hierarchies, path_) {
  begin_anew(tools);
}

std::string_view Tracked::name() const {
  std::string_view name;
  if (container_ != nullptr) {
    name = container_->name;
  } else if (!last_labels_.empty()) {
    name = last_labels_[1];
  }
  return name.empty() ? id() : name;
}

// Views into what is here, or into the container.
ContainerLabels Tracked::labels(const Tools& tools) const {
  if (container_ != nullptr) return {path_, *container_, tools.label_keys};
  if (!last_labels_.empty()) return ContainerLabels(last_labels_);
  static const Container kUnknown;
  return {path_, kUnknown, tools.label_keys};
}

// With a group that is new.
void Tracked::begin_anew(const Tools& tools) {
  files_.hurry();
  made_ = time_made(tools.fs, tools.hierarchies.principal() + path());
  cpu_seconds_ = 0;
  process_due_.hurry();
}

void Tracked::set_engine(const Tools& tools, const Container* container) {
  if (container == nullptr && container_ != nullptr) {
    const ContainerLabels last = labels(tools);
    last_labels_.assign(last.values.begin(), last.values.begin() + last.count);
  }
  container_ = container;
}

void Tracked::set_present(const Tools& tools, bool present) {
  if (present && !is_present_) {
    files_ = UsageFiles(tools.fs, tools.hierarchies, path());
    begin_anew(tools);
  }
  is_present_ = present;
}

Result<> Tracked::publish(Tools& tools, SampleSink& out) {
  ContainerSamples samples(tools.families, labels(tools), out);
  Result<> result;
  if (is_present_) {
    result = files_.read(tools.clock.now(), tools.clock_ticks_per_second);
    if (!result && result.error().code == ErrorCode::kNotFound) {
      is_present_ = false;
      result = {};
    }
  }
  if (!is_present_) {
    if (seen_wall_ != Clock::wall_time{}) samples.add(kLastSeen, unix_seconds(seen_wall_));
    return {};
  }
  seen_ = tools.clock.now();
  seen_wall_ = tools.clock.wall();
  // A group of the same name that was made anew since the last look.
  const double cpu_seconds = files_.usage()[Value::kCpuTotal];
  if (cpu_seconds < cpu_seconds_) begin_anew(tools);
  if (!std::isnan(cpu_seconds)) cpu_seconds_ = cpu_seconds;
  publish_times(samples);
  publish_usage(files_.usage(), kUsageAt, tools.devices, container_ == nullptr, samples);
  auto network = publish_network(tools, samples);
  return result ? std::move(network) : std::move(result);
}

void Tracked::publish_times(ContainerSamples& out) const {
  out.add(kLastSeen, unix_seconds(seen_wall_));
  const double started = container_ != nullptr && container_->started > 0 ? container_->started : made_;
  if (started > 0) out.add(kStartTime, started);
  if (container_ != nullptr && container_->created > 0) out.add(kCreationTime, container_->created);
}

Result<> Tracked::publish_network(Tools& tools, ContainerSamples& out) {
  if (container_ != nullptr) {
    network_.clear();
    process_ = container_->own_network ? container_->pid : 0;
  } else if (process_due_.due(tools.clock.now())) {
    find_process(tools);
  }
  if (process_ == 0) return {};
  if (!network_.empty()) {
    if (std::ranges::find(tools.networks, network_) != tools.networks.end()) return {};
    tools.networks.push_back(network_);
  }
  auto published = containers::publish_network(tools.fs, process_, kUsageAt + usage_families().size(), out);
  if (published || published.error().code != ErrorCode::kNotFound) return published;
  process_due_.hurry();
  return {};
}

// Without an engine, it has a network of its own when its processes are in another namespace than the host's.
void Tracked::find_process(const Tools& tools) {
  process_ = 0;
  network_.clear();
  if (tools.own_network.empty()) return;
  const int process = first_process(tools.fs, tools.hierarchies.principal() + path());
  if (process == 0) return;
  network_ = network_namespace(tools.fs, std::to_string(process));
  if (!network_.empty() && network_ != tools.own_network) process_ = process;
}

}  // namespace upkeep::containers
