// Families whose series are of a container: the labels that say which one come before the family's own.
#pragma once

#include <array>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/containers/engine.h"
#include "exporter/metric.h"
#include "exporter/sample_sink.h"

namespace upkeep::containers {

inline constexpr std::size_t kLabelKeysAtMost = 8;

// "com.docker.compose.project" -> "container_label_com_docker_compose_project"
std::string label_of_key(std::string_view key);

// Copies of families, with the labels `id`, `name`, `image` and one for each of `keys` put before their own. They live
// as long as this does. Not movable: the copies point into it.
class ContainerFamilies {
 public:
  ContainerFamilies(std::span<const MetricDesc> fixed, std::span<const std::string> keys);
  ContainerFamilies(const ContainerFamilies&) = delete;
  ContainerFamilies& operator=(const ContainerFamilies&) = delete;
  ~ContainerFamilies() = default;

  const MetricDesc& operator[](std::size_t index) const { return families_[index]; }

 private:
  std::deque<std::string> label_names_;
  std::vector<MetricDesc> families_;
};

// The values of those labels. Views: what they are made from must outlive them.
struct ContainerLabels {
  ContainerLabels(std::string_view id, const Container& container, std::span<const std::string> keys);
  explicit ContainerLabels(std::span<const std::string> texts);

  std::array<std::string_view, kMaxLabels> values;
  std::size_t count = 0;
};

// Adds samples of one container, whose labels are set up once.
class ContainerSamples {
 public:
  ContainerSamples(const ContainerFamilies& families, const ContainerLabels& labels, SampleSink& out)
      : families_(families), out_(out), labels_(labels) {}
  void add(std::size_t family, double value, std::initializer_list<std::string_view> own = {}) {
    std::size_t count = labels_.count;
    for (const std::string_view label : own) labels_.values[count++] = label;
    out_.add(families_[family], value, std::span<const std::string_view>(labels_.values.data(), count));
  }

 private:
  const ContainerFamilies& families_;
  SampleSink& out_;
  ContainerLabels labels_;
};

}  // namespace upkeep::containers
