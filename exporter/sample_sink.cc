#include "exporter/sample_sink.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <unordered_map>
#include <unordered_set>

#include "exporter/limits.h"
#include "exporter/utf8.h"

namespace upkeep {
namespace {

void append_length(std::string& key, std::size_t length) {
  const auto short_length = static_cast<std::uint32_t>(length);
  std::array<char, sizeof short_length> bytes{};
  std::memcpy(bytes.data(), &short_length, sizeof short_length);
  key.append(bytes.data(), bytes.size());
}

void append_label(std::string& prefix, char before, std::string_view name, std::string_view value) {
  prefix += before;
  prefix += name;
  prefix += "=\"";
  append_label_value(prefix, value);
  prefix += '"';
}

constexpr std::size_t kValueBytes = 32;  // the longest value: "-2.2250738585072014e-308" has 24

char* write_text(char* at, std::string_view text) {
  std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

// Writes a value that has at most six decimals, as what the kernel counts in ticks, milliseconds or microseconds does;
// or nothing, and returns `at`. A decimal of at most 15 digits that reads back as the value is the only one, thus the
// shortest. Half the cost of std::to_chars(double). Small values are left to that: it may write them with an exponent.
char* write_short_decimal(char* at, double value) {
  constexpr std::int64_t kScale = 1'000'000;
  if (!(value >= 0.001 && value < 1e9)) return at;
  const std::int64_t scaled = std::lround(value * kScale);
  if (static_cast<double>(scaled) / kScale != value) return at;
  at = std::to_chars(at, at + kValueBytes, scaled / kScale).ptr;
  *at++ = '.';
  for (std::int64_t rest = scaled % kScale, unit = kScale / 10; rest > 0; rest %= unit, unit /= 10) {
    *at++ = static_cast<char>('0' + rest / unit);
  }
  return at;
}

// Writes at most kValueBytes; returns where they end.
char* write_value(char* at, double value) {
  constexpr double kExact = 9007199254740992;  // 2^53: beyond it a double does not hold every integer
  if (value > -kExact && value < kExact) {
    const auto whole = static_cast<std::int64_t>(value);
    if (value == static_cast<double>(whole)) return std::to_chars(at, at + kValueBytes, whole).ptr;
  }
  if (char* const end = write_short_decimal(at, value); end != at) return end;
  if (std::isfinite(value)) return std::to_chars(at, at + kValueBytes, value).ptr;
  return write_text(at, std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
}

// HELP knows two escapes only.
void append_help(std::string& out, std::string_view help) {
  std::string valid;
  append_utf8(valid, help);
  for (char c : valid) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

}  // namespace

void append_value(std::string& out, double value) {
  std::array<char, kValueBytes> digits{};
  out.append(digits.data(), write_value(digits.data(), value));
}

void append_label_value(std::string& out, std::string_view text) {
  std::string valid;
  append_utf8(valid, text.substr(0, limits::kLabelValueBytes + 1));
  if (text.size() > limits::kLabelValueBytes || valid.size() > limits::kLabelValueBytes) {
    std::uint64_t hash = 14695981039346656037U;  // FNV-1a
    for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    valid.resize(utf8_boundary(valid, limits::kLabelValueBytes - 9));
    valid += '~';
    for (int shift = 28; shift >= 0; shift -= 4) valid += "0123456789abcdef"[(hash >> shift) & 15U];
  }
  for (char c : valid) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '"':
        out += "\\\"";
        break;
      case '\n':
        out += "\\n";
        break;
      default:
        out += c;
    }
  }
}

SampleSink::SampleSink(std::size_t max_series) : max_series_(max_series) {}

void SampleSink::begin() {
  count_ = 0;
  over_limit_ = 0;
}

bool SampleSink::predicted(const Slot& slot, const MetricDesc& desc, std::span<const std::string_view> labels) {
  if (slot.desc != &desc) return false;
  const char* at = slot.key.data();
  const char* const end = at + slot.key.size();
  for (std::string_view label : labels) {
    std::uint32_t length = 0;
    if (end - at < static_cast<std::ptrdiff_t>(sizeof length)) return false;
    std::memcpy(&length, at, sizeof length);
    at += sizeof length;
    if (static_cast<std::ptrdiff_t>(length) > end - at || std::string_view(at, length) != label) return false;
    at += length;
  }
  return at == end;
}

// The slot for the next sample, when it is not the predicted one; null beyond the limit.
SampleSink::Slot* SampleSink::replace(const MetricDesc& desc, std::span<const std::string_view> labels) {
  if (count_ >= max_series_) {
    ++over_limit_;
    return nullptr;
  }
  changed_ = true;
  if (count_ == slots_.size()) slots_.emplace_back();
  Slot& slot = slots_[count_++];
  slot.desc = &desc;
  slot.key.clear();
  for (std::string_view label : labels) {
    append_length(slot.key, label.size());
    slot.key += label;
  }
  slot.prefix.assign(desc.name);
  return &slot;
}

void SampleSink::add(const MetricDesc& desc, double value, std::span<const std::string_view> labels) {
  if (count_ < slots_.size() && predicted(slots_[count_], desc, labels)) {
    slots_[count_++].value = value;
    return;
  }
  Slot* const slot = replace(desc, labels);
  if (slot == nullptr) return;
  const std::size_t given = std::min(labels.size(), desc.label_count);
  for (std::size_t i = 0; i < given; ++i) append_label(slot->prefix, i == 0 ? '{' : ',', desc.labels[i], labels[i]);
  slot->prefix += given > 0 ? "} " : " ";
  slot->value = value;
}

void SampleSink::add_line(const MetricDesc& desc, std::string_view suffix, std::span<const Label> labels,
                          double value) {
  line_key_.clear();
  line_key_.push_back(suffix);
  for (const Label& label : labels) {
    line_key_.push_back(label.name);
    line_key_.push_back(label.value);
  }
  if (count_ < slots_.size() && predicted(slots_[count_], desc, line_key_)) {
    slots_[count_++].value = value;
    return;
  }
  Slot* const slot = replace(desc, line_key_);
  if (slot == nullptr) return;
  slot->prefix += suffix;
  char before = '{';
  for (const Label& label : labels) {
    append_label(slot->prefix, before, label.name, label.value);
    before = ',';
  }
  slot->prefix += labels.empty() ? " " : "} ";
  slot->value = value;
}

// Groups the slots by family, and leaves out the second of two equal series.
void SampleSink::plan() {
  plan_.clear();
  duplicates_ = 0;
  std::unordered_map<std::string_view, std::size_t> family_at;
  std::unordered_set<std::string_view> seen;
  for (std::size_t i = 0; i < count_; ++i) {
    const Slot& slot = slots_[i];
    if (!seen.insert(slot.prefix).second) {
      ++duplicates_;
      continue;
    }
    const auto [found, is_new] = family_at.try_emplace(slot.desc->name, plan_.size());
    if (is_new) {
      Family& family = plan_.emplace_back(Family{slot.desc, {}, {}});
      family.header.append("# HELP ").append(slot.desc->name).append(" ");
      append_help(family.header, slot.desc->help);
      family.header.append("\n# TYPE ").append(slot.desc->name).append(" ");
      family.header.append(to_string(slot.desc->type)).append("\n");
    }
    plan_[found->second].slots.push_back(static_cast<std::uint32_t>(i));
  }
  planned_ = count_;
  changed_ = false;
  bytes_at_most_ = 0;
  for (const Family& family : plan_) {
    bytes_at_most_ += family.header.size();
    for (std::uint32_t index : family.slots) bytes_at_most_ += slots_[index].prefix.size() + kValueBytes + 1;
  }
}

void SampleSink::render(RenderedSamples& out) {
  if (changed_ || planned_ != count_) plan();
  out.families.clear();
  // One bound for the whole text, so that nothing is checked, grown or cleared on the way.
  out.text.resize_and_overwrite(bytes_at_most_, [&](char* const text, std::size_t) {
    char* at = text;
    const auto offset = [&] { return static_cast<std::size_t>(at - text); };
    for (const Family& family : plan_) {
      const std::size_t begin = offset();
      at = write_text(at, family.header);
      const std::size_t samples = offset();
      for (std::uint32_t index : family.slots) {
        at = write_text(at, slots_[index].prefix);
        at = write_value(at, slots_[index].value);
        *at++ = '\n';
      }
      out.families.push_back({family.desc, begin, samples, offset()});
    }
    return offset();
  });
  out.series = count_ - duplicates_;
  out.dropped = duplicates_ + over_limit_;
}

}  // namespace upkeep
