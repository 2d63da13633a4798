#include "exporter/exposition.h"

#include <gtest/gtest.h>
#include <libdeflate.h>

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
    EXPECT_EQ(exposition.join(parts, page), 0U);
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
  EXPECT_EQ(exposition.join(parts, page), 1U);
  EXPECT_EQ(strip(page), "upkeep_a{server=\"x\"} 1\nupkeep_b{server=\"y\"} 1\n");
}

TEST(Exposition, NoticesWhenTheFamiliesChange) {
  const Samples x = render({{&kA, "x"}});
  const Samples y = render({{&kB, "y"}, {&kA, "y"}});
  const int one = 0, other = 0;
  Exposition exposition;
  const auto f = [&](std::initializer_list<Exposition::Part> parts) {
    std::string page;
    exposition.join({parts.begin(), parts.size()}, page);
    return strip(page);
  };
  EXPECT_EQ(f({{&x, &one}, {&y, &other}}), "upkeep_a{server=\"x\"} 1\nupkeep_b{server=\"y\"} 1\n");
  EXPECT_EQ(f({{&y, &other}}), "upkeep_b{server=\"y\"} 1\nupkeep_a{server=\"y\"} 1\n");
  EXPECT_EQ(f({{&y, &other}, {&x, &one}}), "upkeep_b{server=\"y\"} 1\nupkeep_a{server=\"y\"} 1\n");
  EXPECT_EQ(f({}), "");
}

TEST(Page, GzipHoldsTheText) {
  Page page(std::make_shared<Gzip>());
  for (const std::size_t size : {100'000U, 10U, 0U, 500'000U}) {
    page.clear();
    for (std::size_t i = 0; i < size; ++i) page.text += static_cast<char>('a' + (i * i) % 23);
    std::string back(size + 1, '\0');
    std::size_t got = 0;
    libdeflate_decompressor* const decompressor = libdeflate_alloc_decompressor();
    const std::string_view gzip = page.gzip();
    EXPECT_EQ(libdeflate_gzip_decompress(decompressor, gzip.data(), gzip.size(), back.data(), back.size(), &got),
              LIBDEFLATE_SUCCESS);
    libdeflate_free_decompressor(decompressor);
    back.resize(got);
    EXPECT_EQ(back, page.text);
  }
}

}  // namespace
}  // namespace upkeep
