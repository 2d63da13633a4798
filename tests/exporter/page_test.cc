#include "exporter/page.h"

#include <gtest/gtest.h>
#include <libdeflate.h>

#include "exporter/limits.h"
#include "exporter/sample_sink.h"

namespace upkeep {
namespace {

constexpr MetricDesc kFew = gauge("upkeep_few", "Few.", {"n"});
constexpr MetricDesc kMany = gauge("upkeep_many", "Many.", {"server", "n"});

std::string unpacked(std::string_view gzip, std::size_t most) {
  std::string text(most + 1, '\0');
  std::size_t got = 0;
  libdeflate_decompressor* const decompressor = libdeflate_alloc_decompressor();
  EXPECT_EQ(libdeflate_gzip_decompress(decompressor, gzip.data(), gzip.size(), text.data(), text.size(), &got),
            LIBDEFLATE_SUCCESS);
  libdeflate_free_decompressor(decompressor);
  text.resize(got);
  return text;
}

// A page of `lines` lines and a few others before and after them.
struct Filled {
  explicit Filled(std::size_t lines, Page& page) {
    const auto samples = std::make_shared<Samples>();
    SampleSink sink(1'000'000);
    sink.begin();
    for (std::size_t i = 0; i < 3; ++i) sink.add(kFew, 0.25, {std::to_string(i)});
    const std::string server(200, 's');
    for (std::size_t i = 0; i < lines; ++i) sink.add(kMany, static_cast<double>(i), {server, std::to_string(i)});
    sink.publish(*samples);
    text = text_of(*samples);
    samples_left = samples;
    page.clear();
    Page::Content& content = page.content();
    for (const Layout::Family& family : samples->layout->families) {
      content.entries.push_back({samples.get(), &family, true});
    }
    content.owners.push_back(samples);
    page.finish();
  }
  std::string text;
  std::weak_ptr<Samples> samples_left;
};

TEST(Page, GzipHoldsTheTextOfSmallPagesAndOfLargeOnes) {
  Page page(std::make_shared<Gzip>());
  for (const std::size_t lines : {1'000U, 10U, 0U, 30'000U, 100'000U, 63U, 64U, 65U}) {
    const Filled filled(lines, page);
    EXPECT_EQ(filled.text.size() > limits::kKeptPageBytes, lines > 20'000) << lines;
    EXPECT_EQ(unpacked(page.gzip(), filled.text.size()), filled.text) << lines;
    EXPECT_EQ(page.text(), filled.text) << lines;
  }
}

TEST(Page, LetsGoOfSmallSamplesAtOnceAndOfLargeOnesWhenItIsCleared) {
  Page page(std::make_shared<Gzip>());
  EXPECT_TRUE(Filled(100, page).samples_left.expired());
  EXPECT_FALSE(page.is_large());
  const Filled large(100'000, page);
  EXPECT_FALSE(large.samples_left.expired());
  EXPECT_TRUE(page.is_large());
  page.clear();
  EXPECT_TRUE(large.samples_left.expired());
}

TEST(Page, IsEmptyUntilItIsFinished) {
  Page page(std::make_shared<Gzip>());
  EXPECT_TRUE(page.is_empty());
  page.finish("upkeep_few 1\n");
  EXPECT_FALSE(page.is_empty());
  EXPECT_EQ(unpacked(page.gzip(), 100), page.text());
  const Filled large(100'000, page);
  EXPECT_FALSE(page.is_empty());
  page.clear();
  EXPECT_TRUE(page.is_empty());
}

TEST(Page, CompressesAnyText) {
  Page page(std::make_shared<Gzip>());
  for (const std::size_t size : {100'000U, 10U, 0U, 500'000U}) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('a' + (i * i) % 23);
    page.clear();
    page.finish(text);
    EXPECT_EQ(unpacked(page.gzip(), size), text);
  }
}

}  // namespace
}  // namespace upkeep
