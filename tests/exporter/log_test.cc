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
