// A line of the log as text: logfmt or JSON.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "exporter/clock.h"

namespace upkeep {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError };
enum class LogFormat : std::uint8_t { kLogfmt, kJson };

struct LogField {
  std::string_view key, value;
};

// One line without the newline: ts, level, msg, then the fields; a field without value is left out. Control characters,
// quotes and bytes that are not UTF-8 are escaped, a value longer than limits::kLogFieldBytes is cut: nobody outside
// can forge a line.
std::string format_log_line(LogFormat format, Clock::wall_time time, LogLevel level, std::string_view message,
                            std::initializer_list<LogField> fields);

}  // namespace upkeep
