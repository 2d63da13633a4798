// Reads the text format of Prometheus, as strictly as Prometheus does: a file is good as a whole or not at all.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/metric.h"

namespace upkeep {

struct ExpositionSample {
  std::string_view suffix;  // "_bucket", "_sum" or "_count" in a histogram or summary, else empty
  std::vector<std::pair<std::string, std::string>> labels;  // in the order of the file
  double value = 0;
};

struct ExpositionFamily {
  std::string name;
  MetricType type = MetricType::kUntyped;
  std::optional<std::string> help;
  std::vector<ExpositionSample> samples;
};

enum class ExpositionProblem : std::uint8_t {
  kSyntax,
  kUtf8,       // bytes that are no UTF-8
  kTimestamp,  // a sample with a time of its own, which would lie about when it was true
  kDuplicate,  // a series that is there twice
};

struct ExpositionFault {
  ExpositionProblem problem;
  std::size_t line;  // from 1
  std::string message;
};

// The families in the order in which they were first named; those without samples are left out.
std::expected<std::vector<ExpositionFamily>, ExpositionFault> parse_exposition(std::string_view text);

// What tells the series of all families apart: its name, and its labels by name, without those that are empty.
std::string series_key(const ExpositionFamily& family, const ExpositionSample& sample);

}  // namespace upkeep
