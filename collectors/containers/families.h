// Families whose series are of a container: the labels that say which one come before the family's own.
#pragma once

#include <array>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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

// Adds samples of one container, whose labels are set up once. The texts must outlive it.
class ContainerSamples {
 public:
  ContainerSamples(const ContainerFamilies& families, std::span<const std::string> labels, SampleSink& out)
      : families_(families), out_(out), common_(labels.size()) {
    for (std::size_t i = 0; i < common_; ++i) labels_[i] = labels[i];
  }
  void add(std::size_t family, double value, std::initializer_list<std::string_view> own = {}) {
    std::size_t count = common_;
    for (const std::string_view label : own) labels_[count++] = label;
    out_.add(families_[family], value, std::span<const std::string_view>(labels_.data(), count));
  }

 private:
  const ContainerFamilies& families_;
  SampleSink& out_;
  std::size_t common_;
  std::array<std::string_view, kMaxLabels> labels_;
};

}  // namespace upkeep::containers
