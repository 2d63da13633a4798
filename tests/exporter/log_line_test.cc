#include "exporter/log_line.h"

#include <gtest/gtest.h>

#include <string>

#include "exporter/limits.h"

namespace upkeep {
namespace {

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

}  // namespace
}  // namespace upkeep
