#include "exporter/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace upkeep {
namespace {

using namespace std::chrono_literals;

// 2026-01-02 03:04:05.678 UTC
constexpr Clock::wall_time kThen(std::chrono::milliseconds(1'767'323'045'678));

std::string logfmt(std::string_view message, std::initializer_list<LogField> fields = {}) {
  return format_log_line(LogFormat::kLogfmt, kThen, LogLevel::kInfo, message, fields);
}
std::string json(std::string_view message, std::initializer_list<LogField> fields = {}) {
  return format_log_line(LogFormat::kJson, kThen, LogLevel::kWarn, message, fields);
}

TEST(LogLine, Logfmt) {
  EXPECT_EQ(logfmt("Listening", {{"address", "127.0.0.1:10190"}}),
            "ts=2026-01-02T03:04:05.678Z level=info msg=Listening address=127.0.0.1:10190");
  EXPECT_EQ(logfmt("Collector failed", {{"collector", "hwmon"}, {"name", ""}, {"err", "a = b"}}),
            R"(ts=2026-01-02T03:04:05.678Z level=info msg="Collector failed" collector=hwmon err="a = b")");
}

TEST(LogLine, Json) {
  EXPECT_EQ(json("Collector failed", {{"collector", "hwmon"}}),
            R"({"ts":"2026-01-02T03:04:05.678Z","level":"warn","msg":"Collector failed","collector":"hwmon"})");
}

TEST(LogLine, Levels) {
  const auto f = [](LogLevel level, std::string_view name) {
    const std::string line = format_log_line(LogFormat::kLogfmt, kThen, level, "x", {});
    EXPECT_NE(line.find(" level=" + std::string(name) + " "), std::string::npos) << line;
  };
  f(LogLevel::kDebug, "debug");
  f(LogLevel::kInfo, "info");
  f(LogLevel::kWarn, "warn");
  f(LogLevel::kError, "error");
}

TEST(LogLine, NobodyForgesALine) {
  const auto f = [](std::string_view value, std::string_view shown) {
    EXPECT_EQ(logfmt("m", {{"k", value}}), "ts=2026-01-02T03:04:05.678Z level=info msg=m k=" + std::string(shown));
    // Both formats escape alike.
    const std::string_view inside = shown.starts_with('"') ? shown.substr(1, shown.size() - 2) : shown;
    EXPECT_EQ(json("m", {{"k", value}}),
              R"({"ts":"2026-01-02T03:04:05.678Z","level":"warn","msg":"m","k":")" + std::string(inside) + "\"}");
  };
  f("two\nlevel=error", R"("two\nlevel=error")");
  f("tab\there\r", R"("tab\there\u000d")");
  f("\x1b[2J", R"("\u001b[2J")");
  f(std::string_view("nul\0nul", 7), R"("nul\u0000nul")");
  f("\x7f", R"("\u007f")");
  f(R"(say "hi" \o/)", R"("say \"hi\" \\o/")");
  f("back\\slash", R"("back\\slash")");
  f("größe €", "\"größe €\"");
  f("\xf0\x9f\xa7\xb9", "\"\xf0\x9f\xa7\xb9\"");
  f("\xc2\x9b"
    "31m",
    R"("\u009b31m")");                                      // CSI as one C1 character
  f("a\xe2\x80\xae!", R"("a\u202e!")");                     // right-to-left override
  f("a\xe2\x80\xa8", R"("a\u2028")");                       // line separator
  f("bad \xff\xc3(", "\"bad \xef\xbf\xbd\xef\xbf\xbd(\"");  // not UTF-8
}

TEST(LogLine, KeysAreNames) {
  EXPECT_EQ(logfmt("m", {{"a b=\"c\n", "v"}}), "ts=2026-01-02T03:04:05.678Z level=info msg=m a_b__c_=v");
}

TEST(LogLine, LongValuesAreCut) {
  const std::string line = logfmt("m", {{"k", std::string(100'000, 'x')}, {"after", "1"}});
  EXPECT_LT(line.size(), limits::kLogFieldBytes + 100);
  EXPECT_TRUE(line.ends_with("xxx... after=1")) << line.substr(line.size() - 40);
  // Not through a character.
  std::string euros;
  for (int i = 0; i < 1000; ++i) euros += "€";
  EXPECT_TRUE(logfmt("m", {{"k", euros}}).ends_with("€...\""));
  // Bytes that grow when they are replaced count as what they become.
  EXPECT_LT(logfmt("m", {{"k", std::string(limits::kLogFieldBytes, '\xff')}}).size(), limits::kLogFieldBytes + 100);
}

class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0); }
  ~Pipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  [[nodiscard]] int in() const { return ends_[1]; }
  // What there is to read now.
  std::string drain() const {
    ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    std::string all;
    std::array<char, 4096> buffer{};
    for (;;) {
      const ssize_t got = ::read(ends_[0], buffer.data(), buffer.size());
      if (got <= 0) return all;
      all.append(buffer.data(), static_cast<std::size_t>(got));
    }
  }
  // Until nobody can write one byte more without waiting.
  void fill() const {
    ::fcntl(ends_[1], F_SETFL, O_NONBLOCK);
    while (::write(ends_[1], "########", 8) > 0) {
    }
    while (::write(ends_[1], "#", 1) > 0) {
    }
    ::fcntl(ends_[1], F_SETFL, 0);
  }

 private:
  std::array<int, 2> ends_{};
};

TEST(Log, WritesWholeLinesFromItsLevelUp) {
  const Pipe pipe;
  Log log(LogLevel::kInfo, LogFormat::kLogfmt, pipe.in());
  log.debug("no");
  log.info("one", {{"n", "1"}});
  log.warn("two");
  log.set(LogLevel::kError, LogFormat::kJson);
  log.info("no");
  log.error("three");
  ASSERT_TRUE(log.flush(10s));
  std::istringstream lines(pipe.drain());
  std::string line;
  const auto next_ends_with = [&](std::string_view end) {
    ASSERT_TRUE(std::getline(lines, line));
    EXPECT_TRUE(line.ends_with(end)) << line;
  };
  next_ends_with("Z level=info msg=one n=1");
  next_ends_with("Z level=warn msg=two");
  next_ends_with(R"(Z","level":"error","msg":"three"})");
  EXPECT_FALSE(std::getline(lines, line)) << line;
  EXPECT_EQ(log.dropped(), 0U);
}

TEST(Log, SaysItsLastLinesBeforeItEnds) {
  const Pipe pipe;
  {
    Log log(LogLevel::kInfo, LogFormat::kLogfmt, pipe.in());
    for (int i = 0; i < 100; ++i) log.info("line", {{"i", std::to_string(i)}});
  }
  const std::string all = pipe.drain();
  EXPECT_NE(all.find(" i=0\n"), std::string::npos);
  EXPECT_NE(all.find(" i=99\n"), std::string::npos);
}

TEST(Log, TakesLinesFromManyThreads) {
  const Pipe pipe;
  Log log(LogLevel::kInfo, LogFormat::kLogfmt, pipe.in());
  {
    std::array<std::jthread, 4> threads;
    for (auto& thread : threads) {
      thread = std::jthread([&] {
        for (int i = 0; i < 50; ++i) log.info("line");
      });
    }
  }
  ASSERT_TRUE(log.flush(10s));
  const std::string all = pipe.drain();
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 200);
}

// Nobody reads stderr, and it is full: no caller waits, nor does the end.
TEST(Log, AStalledReaderHoldsNobodyUp) {
  const Pipe pipe;
  pipe.fill();
  const auto began = std::chrono::steady_clock::now();
  {
    Log log(LogLevel::kInfo, LogFormat::kLogfmt, pipe.in(), 16);
    for (int i = 0; i < 1000; ++i) log.error("nobody reads this", {{"i", std::to_string(i)}});
    EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
    // One may be with the writer, 16 wait.
    EXPECT_GE(log.dropped(), 983U);
    EXPECT_LE(log.dropped(), 984U);
    EXPECT_FALSE(log.flush(10ms));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, limits::kLogFarewell + 2s);

  // The thread that was left behind writes what waited when the reader comes back: the newest lines.
  std::string all;
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (all.find(" i=999\n") == std::string::npos && std::chrono::steady_clock::now() < deadline) {
    all += pipe.drain();
    std::this_thread::yield();
  }
  EXPECT_NE(all.find(" i=999\n"), std::string::npos);
  EXPECT_EQ(all.find(" i=500\n"), std::string::npos);
}

TEST(Log, ComesBackWithItsReader) {
  const Pipe pipe;
  pipe.fill();
  Log log(LogLevel::kInfo, LogFormat::kLogfmt, pipe.in());
  log.info("late");
  EXPECT_FALSE(log.flush(10ms));
  std::string all = pipe.drain();
  EXPECT_TRUE(log.flush(10s));
  all += pipe.drain();
  EXPECT_TRUE(all.ends_with("msg=late\n"));
  EXPECT_EQ(log.dropped(), 0U);
}

TEST(Log, SaysHowManyLinesAreMissing) {
  const Pipe pipe;
  pipe.fill();
  Log log(LogLevel::kInfo, LogFormat::kLogfmt, pipe.in(), 4);
  for (int i = 0; i < 100; ++i) log.info("into the void");
  const std::string dropped = std::to_string(log.dropped());
  std::string all = pipe.drain();
  ASSERT_TRUE(log.flush(10s));
  log.info("back");
  ASSERT_TRUE(log.flush(10s));
  all += pipe.drain();
  EXPECT_NE(all.find("msg=back\n"), std::string::npos);
  EXPECT_NE(all.find("level=warn msg=\"Log lines were dropped\" lines=" + dropped + "\n"), std::string::npos) << all;
  log.info("once");
  ASSERT_TRUE(log.flush(10s));
  EXPECT_TRUE(pipe.drain().ends_with("msg=once\n"));
}

TEST(Log, CountsWhatCannotBeWritten) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  {
    Log log(LogLevel::kInfo, LogFormat::kLogfmt, full);
    log.info("no space");
    ASSERT_TRUE(log.flush(10s));
    EXPECT_EQ(log.dropped(), 1U);
  }
  ::close(full);
}

// Whoever read our stderr has gone: no signal ends the process.
TEST(Log, OutlivesItsReader) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  ::close(ends[0]);
  {
    Log log(LogLevel::kInfo, LogFormat::kLogfmt, ends[1]);
    log.info("nobody is there");
    ASSERT_TRUE(log.flush(10s));
    EXPECT_EQ(log.dropped(), 1U);
  }
  ::close(ends[1]);
}

TEST(Log, WaitsForASlowNonBlockingReader) {
  const Pipe pipe;
  pipe.fill();
  ::fcntl(pipe.in(), F_SETFL, O_NONBLOCK);
  Log log(LogLevel::kInfo, LogFormat::kLogfmt, pipe.in());
  log.info("patient");
  EXPECT_FALSE(log.flush(10ms));
  pipe.drain();
  EXPECT_TRUE(log.flush(10s));
  EXPECT_EQ(log.dropped(), 0U);
}

}  // namespace
}  // namespace upkeep
