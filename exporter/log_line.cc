#include "exporter/log_line.h"

#include <array>

#include "exporter/limits.h"
#include "exporter/utf8.h"

namespace upkeep {
namespace {

constexpr std::string_view kLevels[] = {"debug", "info", "warn", "error"};

void append_number(std::string& out, int value, int digits) {
  std::array<char, 4> text{};
  for (int i = digits - 1; i >= 0; --i, value /= 10) text[i] = static_cast<char>('0' + value % 10);
  out.append(text.data(), digits);
}

// 2026-01-02T03:04:05.678Z
void append_time(std::string& out, Clock::wall_time time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<milliseconds>(time - day));
  append_number(out, static_cast<int>(date.year()), 4);
  out += '-';
  append_number(out, static_cast<int>(static_cast<unsigned>(date.month())), 2);
  out += '-';
  append_number(out, static_cast<int>(static_cast<unsigned>(date.day())), 2);
  out += 'T';
  append_number(out, static_cast<int>(clock.hours().count()), 2);
  out += ':';
  append_number(out, static_cast<int>(clock.minutes().count()), 2);
  out += ':';
  append_number(out, static_cast<int>(clock.seconds().count()), 2);
  out += '.';
  append_number(out, static_cast<int>(clock.subseconds().count()), 3);
  out += 'Z';
}

// The code point at the beginning of valid UTF-8, and how many bytes it takes.
std::pair<unsigned, std::size_t> first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto rest = [&](std::size_t i) { return byte(i) & 0x3FU; };
  if (byte(0) < 0x80) return {byte(0), 1};
  if (byte(0) < 0xE0) return {(byte(0) & 0x1FU) << 6 | rest(1), 2};
  if (byte(0) < 0xF0) return {(byte(0) & 0x0FU) << 12 | rest(1) << 6 | rest(2), 3};
  return {(byte(0) & 0x07U) << 18 | rest(1) << 12 | rest(2) << 6 | rest(3), 4};
}

// Characters that drive a terminal, break a line, or reorder what is read: C0 and C1 controls, separators, directions.
bool is_unsafe(unsigned c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || (c >= 0x200E && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

std::string cleaned(std::string_view text) {
  std::string valid;
  append_utf8(valid, text.substr(0, limits::kLogFieldBytes + 1));
  if (text.size() > limits::kLogFieldBytes || valid.size() > limits::kLogFieldBytes) {
    valid.resize(utf8_boundary(valid, limits::kLogFieldBytes - 3));
    valid += "...";
  }
  return valid;
}

// Between quotes, with the escapes that JSON and logfmt share.
void append_quoted(std::string& out, std::string_view valid) {
  out += '"';
  while (!valid.empty()) {
    const auto [code, length] = first_code_point(valid);
    if (code == '"' || code == '\\') {
      out += '\\';
      out += static_cast<char>(code);
    } else if (code == '\n') {
      out += "\\n";
    } else if (code == '\t') {
      out += "\\t";
    } else if (is_unsafe(code)) {
      out += "\\u";
      for (int shift = 12; shift >= 0; shift -= 4) out += "0123456789abcdef"[(code >> shift) & 15U];
    } else {
      out += valid.substr(0, length);
    }
    valid.remove_prefix(length);
  }
  out += '"';
}

bool is_bare(std::string_view value) {
  if (value.empty()) return false;
  for (char c : value) {
    if (c <= ' ' || c > '~' || c == '"' || c == '\\' || c == '=') return false;
  }
  return true;
}

void append_key(std::string& out, std::string_view key) {
  for (char c : key) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.';
    out += plain ? c : '_';
  }
}

void append_field(std::string& out, LogFormat format, std::string_view key, std::string_view value) {
  const std::string valid = cleaned(value);
  if (format == LogFormat::kJson) {
    out += out.size() > 1 ? ",\"" : "\"";
    append_key(out, key);
    out += "\":";
    append_quoted(out, valid);
    return;
  }
  if (!out.empty()) out += ' ';
  append_key(out, key);
  out += '=';
  if (is_bare(valid)) {
    out += valid;
  } else {
    append_quoted(out, valid);
  }
}

}  // namespace

std::string format_log_line(LogFormat format, Clock::wall_time time, LogLevel level, std::string_view message,
                            std::initializer_list<LogField> fields) {
  std::string out(format == LogFormat::kJson ? "{" : "");
  std::string ts;
  append_time(ts, time);
  append_field(out, format, "ts", ts);
  append_field(out, format, "level", kLevels[static_cast<std::size_t>(level)]);
  append_field(out, format, "msg", message);
  for (const LogField& field : fields) {
    if (!field.value.empty()) append_field(out, format, field.key, field.value);
  }
  if (format == LogFormat::kJson) out += '}';
  return out;
}

}  // namespace upkeep
