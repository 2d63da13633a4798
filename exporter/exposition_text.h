// How values, labels and headers are written in the text format.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include "exporter/metric.h"

namespace upkeep {

inline constexpr std::size_t kValueBytes = 32;  // the longest value: "-2.2250738585072014e-308" has 24

// Writes a value, at most kValueBytes, and returns where it ends: integers without exponent, other finite values in the
// shortest form that reads back the same, NaN, +Inf, -Inf.
char* write_value(char* at, double value);

inline char* write_text(char* at, std::string_view text) {
  std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

// Appends `before`, `name` and the quoted `value`.
void append_label(std::string& out, char before, std::string_view name, std::string_view value);

// Appends `text` as the inside of a quoted label value: valid UTF-8 (bad bytes become U+FFFD), at most
// limits::kLabelValueBytes (a longer one ends with `~` and 8 hex digits of its hash, so that two of them stay apart),
// `\`, `"` and newline escaped.
void append_label_value(std::string& out, std::string_view text);

// Appends the lines `# HELP` and `# TYPE`.
void append_header(std::string& out, const MetricDesc& desc);

}  // namespace upkeep
