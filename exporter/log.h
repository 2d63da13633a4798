// Structured logging to stderr, as logfmt or JSON. Never blocks its caller: lines go through a bounded queue, the
// oldest are dropped when stderr stalls, and counted. The only door to spdlog.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "exporter/clock.h"
#include "exporter/limits.h"
#include "exporter/log_line.h"

namespace upkeep {

// Thread-safe.
class Log {
 public:
  // Writes to `fd`, which stays the caller's and must stay open until the process ends when its reader may stall.
  Log(LogLevel level, LogFormat format, int fd = 2, std::size_t queue = limits::kLogQueue);
  // Waits for the queue to drain, at most limits::kLogFarewell. A thread stuck in a write is left behind.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void debug(std::string_view message, std::initializer_list<LogField> fields = {});
  void info(std::string_view message, std::initializer_list<LogField> fields = {});
  void warn(std::string_view message, std::initializer_list<LogField> fields = {});
  void error(std::string_view message, std::initializer_list<LogField> fields = {});

  void set(LogLevel level, LogFormat format);
  // Waits until what was logged before is written, at most `patience`. False: it is not.
  bool flush(Clock::duration patience);
  // Lines that were never written, for whatever reason.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) noexcept;
  void post(LogLevel level, std::string_view message, std::initializer_list<LogField> fields);
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace upkeep
