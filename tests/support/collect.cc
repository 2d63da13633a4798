#include "tests/support/collect.h"

#include <gtest/gtest.h>

#include "exporter/config.h"
#include "exporter/text.h"

namespace upkeep::testing {
namespace {

std::string without_comments(const std::string& page) {
  std::string samples;
  for (std::string_view line : Lines(page)) {
    if (!line.starts_with('#')) samples.append(line).append("\n");
  }
  return samples;
}

}  // namespace

std::string World::page(const CollectorType& type) {
  if (!collector_) {
    ConfigDocument document("test.yml", config);
    ConfigReader reader = document.root();
    auto made = type.make(reader, environment);
    const auto mistakes = document.mistakes();
    if (!mistakes.empty()) {
      error_ = mistakes.front();
      return {};
    }
    if (!made) {
      error_ = made.error().message;
      return {};
    }
    collector_ = *std::move(made);
    sink_ = std::make_unique<SampleSink>(type.max_series);
  }
  sink_->begin();
  const Result<> result = collector_->collect(Run{clock.now() + type.timeout, {}}, *sink_);
  error_ = result ? "" : result.error().message;
  code_ = result ? ErrorCode{} : result.error().code;
  Samples samples;
  sink_->publish(samples);
  return text_of(samples);
}

std::string World::samples(const CollectorType& type) { return without_comments(page(type)); }

std::string samples_of(SampleSink& sink) {
  Samples samples;
  sink.publish(samples);
  EXPECT_EQ(samples.dropped, 0U);
  return without_comments(text_of(samples));
}

}  // namespace upkeep::testing
