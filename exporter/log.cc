// Lines are made by the caller and written by the one thread of an spdlog thread pool. spdlog formats nothing here: it
// would not escape what comes from outside, and its own sinks take a lock while they write.
#include "exporter/log.h"

#include <poll.h>
#include <signal.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/sink.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <mutex>
#include <thread>

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

namespace {

// Writes whole lines to a descriptor, on the pool's thread, and tells who waits how many it is done with.
class DescriptorSink final : public spdlog::sinks::sink {
 public:
  explicit DescriptorSink(int fd) : fd_(fd) {}

  void log(const spdlog::details::log_msg& message) override {
    const bool whole = write_all({message.payload.data(), message.payload.size()});
    const std::lock_guard lock(mutex_);
    ++done_;
    if (!whole) ++failed_;
    progress_.notify_all();
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

  // Without a thread of ours: only when the reader takes it at once.
  bool write_now(std::string_view line) const {
    pollfd ready{.fd = fd_, .events = POLLOUT, .revents = 0};
    return ::poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) != 0 &&
           ::write(fd_, line.data(), std::min<std::size_t>(line.size(), PIPE_BUF)) > 0;
  }

  template <class Predicate>  // of how many lines are done
  bool wait(Clock::duration patience, Predicate enough) {
    std::unique_lock lock(mutex_);
    return progress_.wait_for(lock, patience, [&] { return enough(done_); });
  }
  std::uint64_t failed() {
    const std::lock_guard lock(mutex_);
    return failed_;
  }

 private:
  [[nodiscard]] bool write_all(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = ::write(fd_, text.data(), text.size());
      if (written > 0) {
        text.remove_prefix(static_cast<std::size_t>(written));
      } else if (written < 0 && errno == EAGAIN) {  // somebody made it non-blocking
        pollfd ready{.fd = fd_, .events = POLLOUT, .revents = 0};
        ::poll(&ready, 1, -1);
      } else if (written == 0 || errno != EINTR) {
        return false;
      }
    }
    return true;
  }

  const int fd_;
  std::mutex mutex_;
  std::condition_variable progress_;
  std::uint64_t done_ = 0, failed_ = 0;
};

// Signals are for the main thread; and a reader that is gone is an error of write(), not the end of the process.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

struct Log::State {
  std::atomic<LogLevel> level;
  std::atomic<LogFormat> format;
  SystemClock clock;
  std::shared_ptr<DescriptorSink> sink;
  std::shared_ptr<spdlog::details::thread_pool> pool;  // null: there was no thread to be had
  std::shared_ptr<spdlog::async_logger> logger;
  std::atomic<std::uint64_t> posted = 0;
  std::atomic<std::uint64_t> lost = 0;       // neither posted nor written
  std::atomic<std::uint64_t> confessed = 0;  // of those dropped: how many the log itself speaks of
};

Log::Log(LogLevel level, LogFormat format, int fd, std::size_t queue) : state_(std::make_unique<State>()) {
  state_->level = level;
  state_->format = format;
  state_->sink = std::make_shared<DescriptorSink>(fd);
  try {
    state_->pool = std::make_shared<spdlog::details::thread_pool>(queue, 1, block_signals);
    state_->logger = std::make_shared<spdlog::async_logger>("upkeep", state_->sink, state_->pool,
                                                            spdlog::async_overflow_policy::overrun_oldest);
    state_->logger->set_level(spdlog::level::trace);
  } catch (const std::exception&) {
    state_->pool.reset();
  }
}

Log::~Log() {
  if (!state_->pool || flush(limits::kLogFarewell)) return;
  // Ending the pool waits for its thread, which waits for whoever should read our stderr. Another thread may do that.
  try {
    std::thread([pool = std::move(state_->pool), logger = std::move(state_->logger)]() mutable {
      logger.reset();
      pool.reset();
    }).detach();
  } catch (const std::system_error&) {
    // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): left behind on purpose.
    new auto(std::move(state_->pool));
  }
}

void Log::debug(std::string_view message, std::initializer_list<LogField> fields) {
  write(LogLevel::kDebug, message, fields);
}
void Log::info(std::string_view message, std::initializer_list<LogField> fields) {
  write(LogLevel::kInfo, message, fields);
}
void Log::warn(std::string_view message, std::initializer_list<LogField> fields) {
  write(LogLevel::kWarn, message, fields);
}
void Log::error(std::string_view message, std::initializer_list<LogField> fields) {
  write(LogLevel::kError, message, fields);
}

void Log::set(LogLevel level, LogFormat format) {
  state_->level = level;
  state_->format = format;
}

bool Log::flush(Clock::duration patience) {
  if (!state_->pool) return true;
  const std::uint64_t wanted = state_->posted;
  // Lines leave the queue in order: as many as were posted until now are done or overrun when all of those are.
  return state_->sink->wait(patience,
                            [&](std::uint64_t done) { return done + state_->pool->overrun_counter() >= wanted; });
}

std::uint64_t Log::dropped() const {
  return state_->lost + state_->sink->failed() + (state_->pool ? state_->pool->overrun_counter() : 0);
}

void Log::write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) noexcept {
  if (level < state_->level.load(std::memory_order_relaxed)) return;
  try {
    const std::uint64_t dropped_now = dropped();
    post(level, message, fields);
    // Once the reader is back: whoever reads on must know that something was missing before this line.
    std::uint64_t confessed = state_->confessed;
    if (dropped_now == confessed || !state_->pool || state_->pool->queue_size() > 1) return;
    if (!state_->confessed.compare_exchange_strong(confessed, dropped_now)) return;
    const std::string count = std::to_string(dropped_now - confessed);
    post(LogLevel::kWarn, "Log lines were dropped", {{"lines", count}});
  } catch (...) {  // no memory
    ++state_->lost;
  }
}

void Log::post(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  std::string line = format_log_line(state_->format, state_->clock.wall(), level, message, fields);
  line += '\n';
  if (!state_->pool) {
    if (!state_->sink->write_now(line)) ++state_->lost;
    return;
  }
  state_->logger->log(spdlog::level::info, spdlog::string_view_t(line));
  ++state_->posted;
}

}  // namespace upkeep
