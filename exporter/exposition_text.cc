#include "exporter/exposition_text.h"

#include <charconv>
#include <cmath>

#include "exporter/limits.h"
#include "exporter/utf8.h"

namespace upkeep {
namespace {

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

void append_label(std::string& out, char before, std::string_view name, std::string_view value) {
  out += before;
  out += name;
  out += "=\"";
  append_label_value(out, value);
  out += '"';
}

void append_header(std::string& out, const MetricDesc& desc) {
  out.append("# HELP ").append(desc.name).append(" ");
  append_help(out, desc.help);
  out.append("\n# TYPE ").append(desc.name).append(" ").append(to_string(desc.type)).append("\n");
}

}  // namespace upkeep
