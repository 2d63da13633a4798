#include "exporter/metric.h"

#include <fmt/format.h>

#include <algorithm>

#include "exporter/limits.h"

namespace upkeep {

std::string_view to_string(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
    case MetricType::kSummary:
      return "summary";
    case MetricType::kUntyped:
      break;
  }
  return "untyped";
}

Result<const MetricDesc*> RuntimeFamilies::get(std::string_view name, MetricType type, std::string_view help,
                                               std::span<const std::string_view> labels) {
  if (const auto found = entries_.find(name); found != entries_.end()) {
    const MetricDesc& desc = found->second.desc;
    if (desc.type != type) {
      return fail(ErrorCode::kParse,
                  fmt::format("{}: is a {} here and was a {} before", name, to_string(type), to_string(desc.type)));
    }
    if (!std::ranges::equal(desc.label_names(), labels)) {
      return fail(ErrorCode::kParse, fmt::format("{}: has other labels than before", name));
    }
    return &desc;
  }
  if (!naming::is_foreign_metric_name(name)) return fail(ErrorCode::kParse, fmt::format("{:?}: no metric name", name));
  if (labels.size() > kMaxLabels) return fail(ErrorCode::kLimit, fmt::format("{}: over {} labels", name, kMaxLabels));
  for (std::string_view label : labels) {
    if (!naming::is_label_name(label)) {
      return fail(ErrorCode::kParse, fmt::format("{}: {:?} is no label name, or a reserved one", name, label));
    }
  }
  if (help.find('\n') != std::string_view::npos || help.size() > limits::kHelpBytes) {
    return fail(ErrorCode::kParse, fmt::format("{}: help is one line of {} bytes at most", name, limits::kHelpBytes));
  }
  if (entries_.size() >= limits::kRuntimeFamilies) {
    return fail(ErrorCode::kLimit, fmt::format("{}: over {} families", name, limits::kRuntimeFamilies));
  }
  Entry& entry = entries_[std::string(name)];
  entry.name = name;
  entry.help = help;
  entry.desc = MetricDesc{entry.name, type, entry.help};
  for (std::string_view label : labels) {
    entry.desc.labels[entry.desc.label_count++] = entry.labels.emplace_back(label);
  }
  return &entry.desc;
}

}  // namespace upkeep
