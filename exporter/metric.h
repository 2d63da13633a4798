// What a metric family is called and how it is checked: by the compiler where it is written in the code, by the
// same rules at run time where its name comes from outside (textfiles, /proc/meminfo).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "exporter/result.h"

namespace upkeep {

enum class MetricType : std::uint8_t { kCounter, kGauge, kUntyped, kHistogram, kSummary };
std::string_view to_string(MetricType type);

inline constexpr std::size_t kMaxLabels = 16;

namespace naming {

constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr bool is_metric_name(std::string_view name) {
  if (name.empty() || !is_letter(name.front())) return false;
  for (char c : name)
    if (!is_letter(c) && !is_digit(c)) return false;
  return true;
}
// Names that come from outside may hold colons too, which Prometheus keeps for recording rules.
constexpr bool is_foreign_metric_name(std::string_view name) {
  if (name.empty() || is_digit(name.front())) return false;
  for (char c : name)
    if (!is_letter(c) && !is_digit(c) && c != ':') return false;
  return true;
}

// Prometheus adds job and instance itself; le and quantile belong to histograms and summaries.
constexpr bool is_label_name(std::string_view name) {
  return is_metric_name(name) && !name.starts_with("__") && name != "job" && name != "instance" && name != "le" &&
         name != "quantile";
}
// The names this program speaks: those dashboards already know, and its own.
inline constexpr std::array<std::string_view, 11> kPrefixes = {
    "upkeep_", "node_", "container_", "machine_", "pg_", "probe_", "x509_", "ssl_", "apt_", "process_", "scrape_"};
constexpr bool has_known_prefix(std::string_view name) {
  for (std::string_view prefix : kPrefixes)
    if (name.starts_with(prefix)) return true;
  return false;
}
// Families of other exporters keep their spelling; our own are snake_case.
constexpr bool is_snake_case(std::string_view name) {
  for (char c : name)
    if (c >= 'A' && c <= 'Z') return false;
  return name.find("__") == std::string_view::npos && !name.ends_with('_');
}

}  // namespace naming

// A metric family: constant data with static storage, or an entry of a RuntimeFamilies.
struct MetricDesc {
  std::string_view name;
  MetricType type;
  std::string_view help;  // one line
  std::array<std::string_view, kMaxLabels> labels{};
  std::size_t label_count = 0;
  // So many of the first have the same values in many families, and are kept once. Alike in families of the same name.
  std::size_t front_labels = 0;

  [[nodiscard]] constexpr std::span<const std::string_view> label_names() const { return {labels.data(), label_count}; }
};

namespace naming {

// What is wrong with a family written in the code; null when nothing is.
constexpr const char* problem(const MetricDesc& desc) {
  if (!is_metric_name(desc.name)) return "a metric name is [a-zA-Z_][a-zA-Z0-9_]*";
  if (!has_known_prefix(desc.name)) return "a metric name begins with a known prefix";
  if (desc.name.starts_with("upkeep_")) {
    if (!is_snake_case(desc.name)) return "our own names are snake_case";
    if (desc.name.ends_with("_total") != (desc.type == MetricType::kCounter))
      return "a counter of our own, and only a counter, ends with _total";
  }
  if (desc.help.empty() || desc.help.find('\n') != std::string_view::npos) return "help is one line";
  for (std::string_view label : desc.label_names())
    if (!is_label_name(label)) return "a label name is [a-zA-Z_][a-zA-Z0-9_]* and not reserved";
  return nullptr;
}

}  // namespace naming

// The three ways to write a family in the code. A naming mistake does not compile: the error shows the sentence thrown.
consteval MetricDesc metric(std::string_view name, MetricType type, std::string_view help,
                            std::initializer_list<std::string_view> labels = {}) {
  MetricDesc desc{name, type, help};
  if (labels.size() > kMaxLabels) throw "too many labels";
  for (std::string_view label : labels) desc.labels[desc.label_count++] = label;
  if (const char* why = naming::problem(desc)) throw why;
  return desc;
}
consteval MetricDesc gauge(std::string_view name, std::string_view help,
                           std::initializer_list<std::string_view> labels = {}) {
  return metric(name, MetricType::kGauge, help, labels);
}
consteval MetricDesc counter(std::string_view name, std::string_view help,
                             std::initializer_list<std::string_view> labels = {}) {
  return metric(name, MetricType::kCounter, help, labels);
}
consteval MetricDesc untyped(std::string_view name, std::string_view help,
                             std::initializer_list<std::string_view> labels = {}) {
  return metric(name, MetricType::kUntyped, help, labels);
}

// The addresses of a table of families, as CollectorType::metrics wants them.
template <std::size_t kCount>
constexpr std::array<const MetricDesc*, kCount> addresses(const std::array<MetricDesc, kCount>& families) {
  std::array<const MetricDesc*, kCount> all{};
  for (std::size_t i = 0; i < kCount; ++i) all[i] = &families[i];
  return all;
}

// Families whose names are only known at run time. Entries live and stay in place as long as the table does; there are
// at most limits::kRuntimeFamilies of them. One thread at a time.
class RuntimeFamilies {
 public:
  // The family of this name, made on first use. An invalid name or label, a help of several lines, or a second use of
  // the name with another type or other labels is an error; so is one family too many.
  Result<const MetricDesc*> get(std::string_view name, MetricType type, std::string_view help,
                                std::span<const std::string_view> labels = {});

 private:
  struct Entry {
    std::string name, help;
    std::deque<std::string> labels;
    MetricDesc desc;
  };
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace upkeep
