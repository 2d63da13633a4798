// Rows that no server gave.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "collectors/postgres/session.h"
#include "collectors/postgres/view.h"
#include "tests/support/collect.h"

namespace upkeep::postgres {

// The word NULL is NULL.
class FakeRows final : public Rows {
 public:
  FakeRows(std::vector<std::string> names, std::vector<std::vector<std::string>> cells)
      : names_(std::move(names)), cells_(std::move(cells)) {}
  [[nodiscard]] std::size_t rows() const override { return cells_.size(); }
  [[nodiscard]] std::size_t columns() const override { return names_.size(); }
  [[nodiscard]] std::string_view name(std::size_t column) const override { return names_.at(column); }
  [[nodiscard]] std::optional<std::string_view> at(std::size_t row, std::size_t column) const override {
    const std::string& cell = cells_.at(row).at(column);
    return cell == "NULL" ? std::nullopt : std::optional<std::string_view>(cell);
  }

 private:
  std::vector<std::string> names_;
  std::vector<std::vector<std::string>> cells_;
};

inline std::unique_ptr<Rows> rows(std::vector<std::string> names, std::vector<std::vector<std::string>> cells) {
  return std::make_unique<FakeRows>(std::move(names), std::move(cells));
}

// What a view publishes, without HELP and TYPE.
inline std::string published(const View& view) {
  SampleSink sink(1000);
  sink.begin();
  view.publish(sink);
  return testing::samples_of(sink);
}

inline Target target(std::string text = "{name: main}") {
  ConfigDocument document("f.yml", std::move(text));
  ConfigReader root = document.root();
  return read_target(root);
}

}  // namespace upkeep::postgres
