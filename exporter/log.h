// Structured logging to stderr, as logfmt or JSON. Never blocks its caller: lines go through a bounded queue, the
// oldest are dropped when stderr stalls, and counted. The only door to spdlog.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "exporter/clock.h"

namespace upkeep {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError };
enum class LogFormat : std::uint8_t { kLogfmt, kJson };

struct LogField {
  std::string_view key, value;
};

// One line without the newline: ts, level, msg, then the fields. Control characters, quotes and bytes that are not
// UTF-8 are escaped, a value longer than limits::kLogFieldBytes is cut: nobody outside can forge a line.
std::string format_log_line(LogFormat format, Clock::wall_time time, LogLevel level, std::string_view message,
                            std::initializer_list<LogField> fields);

// Thread-safe.
class Log {
 public:
  Log(LogLevel level, LogFormat format);
  ~Log();  // waits a moment for the queue to drain, not longer

  void debug(std::string_view message, std::initializer_list<LogField> fields = {});
  void info(std::string_view message, std::initializer_list<LogField> fields = {});
  void warn(std::string_view message, std::initializer_list<LogField> fields = {});
  void error(std::string_view message, std::initializer_list<LogField> fields = {});

  void set(LogLevel level, LogFormat format);
  // Waits until what was logged is written, at most `patience`. False: it is not.
  bool flush(Clock::duration patience);
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields);
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace upkeep
