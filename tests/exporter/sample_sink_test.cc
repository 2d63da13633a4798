#include "exporter/sample_sink.h"

#include <gtest/gtest.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>

#include "exporter/limits.h"

namespace upkeep {
namespace {

constexpr MetricDesc kUp = gauge("upkeep_test_up", "Whether it is up.");
constexpr MetricDesc kBytes = counter("upkeep_test_bytes_total", "Bytes.", {"device", "mode"});

std::string render(SampleSink& sink) {
  RenderedSamples rendered;
  sink.render(rendered);
  return rendered.text;
}

TEST(AppendValue, IsShortestAndReadsBackTheSame) {
  const auto f = [](double value, std::string_view want) {
    std::string text;
    append_value(text, value);
    EXPECT_EQ(text, want);
  };
  f(0, "0");
  f(-3, "-3");
  f(1500000000, "1500000000");
  f(0.1, "0.1");
  f(1e22, "1e+22");
  f(9007199254740991, "9007199254740991");
  f(std::numeric_limits<double>::infinity(), "+Inf");
  f(-std::numeric_limits<double>::infinity(), "-Inf");
  f(std::nan(""), "NaN");
}

TEST(AppendValue, WritesDecimalsAsTheStandardLibraryDoes) {
  std::mt19937_64 random(1);  // NOLINT: the same numbers each time
  std::uniform_int_distribution<std::int64_t> digits(1, 999'999'999'999'999);
  for (int i = 0; i < 100'000; ++i) {
    const double value = static_cast<double>(digits(random) >> (i % 50)) / std::pow(10, i % 9);
    for (double one : {value, std::nextafter(value, 0), std::nextafter(value, 1e300), -value}) {
      if (one == std::floor(one)) continue;
      std::array<char, 32> want{};
      const char* const end = std::to_chars(want.data(), want.data() + want.size(), one).ptr;
      std::string text;
      append_value(text, one);
      ASSERT_EQ(text, std::string_view(want.data(), end));
    }
  }
}

TEST(AppendLabelValue, EscapesAndRepairs) {
  const auto f = [](std::string_view value, std::string_view want) {
    std::string text;
    append_label_value(text, value);
    EXPECT_EQ(text, want);
  };
  f("eth0", "eth0");
  f("a\"b\\c\nd", "a\\\"b\\\\c\\nd");
  f("\xff/mnt", "\xEF\xBF\xBD/mnt");
  f("\xed\xa0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a surrogate
  f("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
}

TEST(AppendLabelValue, CutsLongValuesAndKeepsThemApart) {
  std::string one, other;
  append_label_value(one, std::string(65536, 'x') + "1");
  append_label_value(other, std::string(65536, 'x') + "2");
  EXPECT_EQ(one.size(), limits::kLabelValueBytes);
  EXPECT_NE(one, other);
}

TEST(SampleSink, GroupsFamiliesThatWereAddedInTurn) {
  SampleSink sink(100);
  sink.begin();
  sink.add(kBytes, 1, {"a", "r"});
  sink.add(kUp, 1);
  sink.add(kBytes, 2, {"a", "w"});
  EXPECT_EQ(render(sink),
            "# HELP upkeep_test_bytes_total Bytes.\n"
            "# TYPE upkeep_test_bytes_total counter\n"
            "upkeep_test_bytes_total{device=\"a\",mode=\"r\"} 1\n"
            "upkeep_test_bytes_total{device=\"a\",mode=\"w\"} 2\n"
            "# HELP upkeep_test_up Whether it is up.\n"
            "# TYPE upkeep_test_up gauge\n"
            "upkeep_test_up 1\n");
}

// Whatever came before, the page equals that of a fresh sink.
TEST(SampleSink, PredictionNeverShows) {
  using Sample = std::pair<std::string, double>;
  const std::vector<std::vector<Sample>> runs = {
      {{"a", 1}, {"b", 2}, {"c", 3}},
      {{"a", 4}, {"b", 5}, {"c", 6}},
      {{"a", 1}, {"c", 3}},
      {{"a", 1}, {"c", 3}},
      {{"c", 3}, {"a", 1}},
      {{"", 3}, {"aa", 1}},
      {},
      {{"a", 1}},
      {{"a", 1}, {"b", 2}},
  };
  SampleSink reused(100);
  for (const auto& run : runs) {
    SampleSink fresh(100);
    for (SampleSink* sink : {&reused, &fresh}) {
      sink->begin();
      for (const auto& [device, value] : run) sink->add(kBytes, value, {device, "r"});
    }
    EXPECT_EQ(render(reused), render(fresh));
  }
}

TEST(SampleSink, LabelsThatRunTogetherStayApart) {
  SampleSink sink(100);
  for (const auto& [device, mode] : {std::pair{"ab", "c"}, std::pair{"a", "bc"}}) {
    sink.begin();
    sink.add(kBytes, 1, {device, mode});
    EXPECT_NE(render(sink).find("device=\"" + std::string(device) + "\""), std::string::npos);
  }
}

TEST(SampleSink, TrailingLabelsMayBeLeftOut) {
  SampleSink sink(100);
  sink.begin();
  sink.add(kBytes, 1, {"a"});
  EXPECT_NE(render(sink).find("\nupkeep_test_bytes_total{device=\"a\"} 1\n"), std::string::npos);
}

TEST(SampleSink, LeavesOutAndCountsDuplicatesAndWhatIsOverTheLimit) {
  SampleSink sink(3);
  sink.begin();
  for (const char* device : {"a", "a", "b", "c", "d"}) sink.add(kBytes, 1, {device, "r"});
  RenderedSamples rendered;
  sink.render(rendered);
  EXPECT_EQ(rendered.series, 2);   // a, b
  EXPECT_EQ(rendered.dropped, 3);  // the second a; c, d
  EXPECT_EQ(rendered.text.find("device=\"c\""), std::string::npos);
}

TEST(SampleSink, WritesHistogramLines) {
  const MetricDesc latency{"upkeep_test_seconds", MetricType::kHistogram, "Latency."};
  SampleSink sink(100);
  for (int run = 0; run < 2; ++run) {
    sink.begin();
    const SampleSink::Label bucket[] = {{"le", "+Inf"}};
    sink.add_line(latency, "_bucket", bucket, 3);
    sink.add_line(latency, "_sum", {}, 0.5);
    sink.add_line(latency, "_count", {}, 3);
    EXPECT_EQ(render(sink),
              "# HELP upkeep_test_seconds Latency.\n# TYPE upkeep_test_seconds histogram\n"
              "upkeep_test_seconds_bucket{le=\"+Inf\"} 3\nupkeep_test_seconds_sum 0.5\nupkeep_test_seconds_count 3\n");
  }
}

}  // namespace
}  // namespace upkeep
