#include "exporter/metric.h"

#include <gtest/gtest.h>

#include "exporter/limits.h"

namespace upkeep {
namespace {

TEST(Naming, FindsWhatIsWrong) {
  const auto f = [](std::string_view name, MetricType type, std::string_view help, std::string_view label) {
    MetricDesc desc{name, type, help};
    desc.labels[0] = label;
    desc.label_count = label.empty() ? 0 : 1;
    const char* const problem = naming::problem(desc);
    return std::string(problem == nullptr ? "" : problem);
  };
  EXPECT_EQ(f("node_load1", MetricType::kGauge, "Load.", ""), "");
  EXPECT_EQ(f("upkeep_reads_total", MetricType::kCounter, "Reads.", "device"), "");
  EXPECT_EQ(f("upkeep_reads", MetricType::kCounter, "Reads.", ""),
            "a counter of our own, and only a counter, ends with _total");
  EXPECT_EQ(f("upkeep_reads_total", MetricType::kGauge, "Reads.", ""),
            "a counter of our own, and only a counter, ends with _total");
  EXPECT_EQ(f("upkeep_Reads", MetricType::kGauge, "Reads.", ""), "our own names are snake_case");
  EXPECT_EQ(f("reads", MetricType::kGauge, "Reads.", ""), "a metric name begins with a known prefix");
  EXPECT_EQ(f("node-load", MetricType::kGauge, "Load.", ""), "a metric name is [a-zA-Z_][a-zA-Z0-9_]*");
  EXPECT_EQ(f("node_load1", MetricType::kGauge, "", ""), "help is one line");
  EXPECT_EQ(f("node_load1", MetricType::kGauge, "a\nb", ""), "help is one line");
  for (const char* reserved : {"instance", "job", "le", "quantile", "__name", "a-b"}) {
    EXPECT_EQ(f("node_load1", MetricType::kGauge, "Load.", reserved),
              "a label name is [a-zA-Z_][a-zA-Z0-9_]* and not reserved");
  }
}

TEST(RuntimeFamilies, GivesTheSameEntryForTheSameName) {
  RuntimeFamilies families;
  const std::string_view labels[] = {"device"};
  const auto first = families.get("node_memory_X_bytes", MetricType::kGauge, "X.", labels);
  const auto second = families.get("node_memory_X_bytes", MetricType::kGauge, "X.", labels);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(*first, *second);
  EXPECT_EQ((*first)->name, "node_memory_X_bytes");
}

TEST(RuntimeFamilies, RefusesWhatDoesNotFit) {
  RuntimeFamilies families;
  const std::string_view device[] = {"device"};
  const std::string_view bad[] = {"le"};
  ASSERT_TRUE(families.get("a", MetricType::kGauge, "A."));
  const auto f = [](const Result<const MetricDesc*>& got) { return got ? "" : got.error().message; };
  EXPECT_EQ(f(families.get("a", MetricType::kCounter, "A.")), "a: is a counter here and was a gauge before");
  EXPECT_EQ(f(families.get("a", MetricType::kGauge, "A.", device)), "a: has other labels than before");
  EXPECT_EQ(f(families.get("b c", MetricType::kGauge, "A.")), "\"b c\": no metric name");
  EXPECT_EQ(f(families.get("b", MetricType::kGauge, "A.", bad)), "b: \"le\" is no label name, or a reserved one");
  EXPECT_EQ(f(families.get("b", MetricType::kGauge, "A\nB")), "b: help is one line of 1024 bytes at most");
}

TEST(RuntimeFamilies, IsBounded) {
  RuntimeFamilies families;
  for (std::size_t i = 0; i < limits::kRuntimeFamilies; ++i) {
    ASSERT_TRUE(families.get("f" + std::to_string(i), MetricType::kGauge, "F."));
  }
  const auto one_more = families.get("g", MetricType::kGauge, "G.");
  ASSERT_FALSE(one_more);
  EXPECT_EQ(one_more.error().code, ErrorCode::kLimit);
}

}  // namespace
}  // namespace upkeep
