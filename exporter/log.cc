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
#include <atomic>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace upkeep {
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
