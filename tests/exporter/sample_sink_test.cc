#include "exporter/sample_sink.h"

#include <gtest/gtest.h>

namespace upkeep {
namespace {

constexpr MetricDesc kUp = gauge("upkeep_test_up", "Whether it is up.");
constexpr MetricDesc kBytes = counter("upkeep_test_bytes_total", "Bytes.", {"device", "mode"});

std::string render(SampleSink& sink) {
  Samples samples;
  sink.publish(samples);
  return text_of(samples);
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

// Bytes equal to what another value is written as are another value.
TEST(SampleSink, EscapedValuesStayApart) {
  SampleSink sink(100);
  for (const std::string_view device : {R"(a"b)", R"(a\"b)", R"(a"b)", R"(x",mode="y)", "x", "\xff", "\xEF\xBF\xBD"}) {
    SampleSink fresh(100);
    for (SampleSink* one : {&sink, &fresh}) {
      one->begin();
      one->add(kBytes, 1, {device, "y"});
      one->add(kBytes, 1, {device});
    }
    EXPECT_EQ(render(sink), render(fresh));
  }
}

// Labels that many families begin with are kept apart from the rest, which does not show.
TEST(SampleSink, FrontLabelsAreWrittenLikeOthers) {
  MetricDesc fronted = kBytes;
  fronted.front_labels = 1;
  SampleSink sink(100), plain(100);
  const std::vector<std::vector<std::string_view>> labels = {
      {"a", "r"}, {"a", "w"}, {"a"}, {}, {"a", "r"}, {"ar", ""}, {R"(")", "r"}, {"a", R"(")"}, {"", "r"}, {"b", "r"}};
  for (std::size_t run = 0; run < 4; ++run) {
    for (SampleSink* one : {&sink, &plain}) {
      const MetricDesc& desc = one == &sink ? fronted : kBytes;
      one->begin();
      for (std::size_t i = run / 2; i < labels.size(); ++i) one->add(desc, static_cast<double>(i + run), labels[i]);
    }
    EXPECT_EQ(render(sink), render(plain));
  }
}

// What was published stays what it was, whatever comes after.
TEST(SampleSink, PublishedSamplesOutliveTheirLabels) {
  SampleSink sink(10'000);
  Samples first;
  std::string want;
  for (int run = 0; run < 20; ++run) {  // each with labels of its own
    sink.begin();
    for (int i = 0; i < 500; ++i) sink.add(kBytes, run, {std::to_string(run * 1000 + i)});
    Samples samples;
    sink.publish(samples);
    EXPECT_EQ(samples.values.size(), 500);
    if (run == 0) {
      first = samples;
      want = text_of(samples);
    }
    EXPECT_LE(samples.layout->store->size(), 500 + 2 * 500 + 1000);
  }
  EXPECT_EQ(text_of(first), want);
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
  Samples samples;
  sink.publish(samples);
  EXPECT_EQ(samples.values.size(), 2);  // a, b
  EXPECT_EQ(samples.dropped, 3);        // the second a; c, d
  EXPECT_EQ(text_of(samples).find("device=\"c\""), std::string::npos);
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
