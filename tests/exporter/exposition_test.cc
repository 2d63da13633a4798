#include "exporter/exposition.h"

#include <gtest/gtest.h>

#include "exporter/sample_sink.h"

namespace upkeep {
namespace {

constexpr MetricDesc kA = gauge("upkeep_a", "A.", {"server"});
constexpr MetricDesc kB = gauge("upkeep_b", "B.", {"server"});

Samples render(std::initializer_list<std::pair<const MetricDesc*, const char*>> samples) {
  SampleSink sink(100);
  sink.begin();
  for (const auto& [desc, server] : samples) sink.add(*desc, 1, {server});
  Samples published;
  sink.publish(published);
  return published;
}

std::size_t join(Exposition& exposition, std::span<const Exposition::Part> parts, std::string& page) {
  std::vector<PageEntry> entries;
  const std::size_t left_out = exposition.arrange(parts, entries);
  write_entries(entries, page);
  return left_out;
}

std::string strip(const std::string& page) {
  std::string samples;
  std::size_t at = 0;
  while (at < page.size()) {
    const std::size_t end = page.find('\n', at);
    if (page[at] != '#') samples += page.substr(at, end + 1 - at);
    at = end + 1;
  }
  return samples;
}

TEST(Exposition, InstancesOfOneCollectorShareTheirFamilies) {
  const Samples x = render({{&kA, "x"}, {&kB, "x"}});
  const Samples y = render({{&kA, "y"}, {&kB, "y"}});
  const int group = 0;
  const Exposition::Part parts[] = {{&x, &group}, {&y, &group}};
  Exposition exposition;
  for (int run = 0; run < 2; ++run) {
    std::string page;
    EXPECT_EQ(join(exposition, parts, page), 0U);
    EXPECT_EQ(page,
              "# HELP upkeep_a A.\n# TYPE upkeep_a gauge\nupkeep_a{server=\"x\"} 1\nupkeep_a{server=\"y\"} 1\n"
              "# HELP upkeep_b B.\n# TYPE upkeep_b gauge\nupkeep_b{server=\"x\"} 1\nupkeep_b{server=\"y\"} 1\n");
  }
}

TEST(Exposition, ASecondCollectorCannotHaveAFamilyAgain) {
  const Samples x = render({{&kA, "x"}});
  const Samples y = render({{&kA, "y"}, {&kB, "y"}});
  const int one = 0, other = 0;
  const Exposition::Part parts[] = {{&x, &one}, {&y, &other}};
  Exposition exposition;
  std::string page;
  EXPECT_EQ(join(exposition, parts, page), 1U);
  EXPECT_EQ(strip(page), "upkeep_a{server=\"x\"} 1\nupkeep_b{server=\"y\"} 1\n");
}

TEST(Exposition, NoticesWhenTheFamiliesChange) {
  const Samples x = render({{&kA, "x"}});
  const Samples y = render({{&kB, "y"}, {&kA, "y"}});
  const int one = 0, other = 0;
  Exposition exposition;
  const auto f = [&](std::initializer_list<Exposition::Part> parts) {
    std::string page;
    join(exposition, {parts.begin(), parts.size()}, page);
    return strip(page);
  };
  EXPECT_EQ(f({{&x, &one}, {&y, &other}}), "upkeep_a{server=\"x\"} 1\nupkeep_b{server=\"y\"} 1\n");
  EXPECT_EQ(f({{&y, &other}}), "upkeep_b{server=\"y\"} 1\nupkeep_a{server=\"y\"} 1\n");
  EXPECT_EQ(f({{&y, &other}, {&x, &one}}), "upkeep_b{server=\"y\"} 1\nupkeep_a{server=\"y\"} 1\n");
  EXPECT_EQ(f({}), "");
}

}  // namespace
}  // namespace upkeep
