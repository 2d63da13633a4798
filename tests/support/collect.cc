#include "tests/support/collect.h"

#include "exporter/config.h"
#include "exporter/text.h"

namespace upkeep::testing {

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

std::string World::samples(const CollectorType& type) {
  std::string samples;
  const std::string text = page(type);
  for (std::string_view line : Lines(text)) {
    if (!line.starts_with('#')) samples.append(line).append("\n");
  }
  return samples;
}

}  // namespace upkeep::testing
