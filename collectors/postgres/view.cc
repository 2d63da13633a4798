#include "collectors/postgres/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "exporter/text.h"

namespace upkeep::postgres {
namespace {

// Columns as query.h promises them.
class TableView final : public View {
 public:
  TableView(const Query& query, const ViewContext& context)
      : query_(query), server_(context.target.name), datname_(context.datname) {}

  std::optional<Problem> take(std::unique_ptr<Rows> rows) override {
    const std::size_t wanted = label_columns(query_) + query_.metrics.size();
    if (rows->columns() != wanted) {
      return Problem{Failure::kOther, fmt::format("{} columns, {} expected", rows->columns(), wanted)};
    }
    const std::size_t columns = label_columns(query_);
    const std::size_t count = rows->rows();
    labels_.clear();
    values_.resize(query_.metrics.size() * count);
    for (std::size_t row = 0; row < count; ++row) {
      for (std::size_t i = 0; i < columns; ++i) labels_.push_back(rows->at(row, i).value_or(""));
      for (std::size_t i = 0; i < query_.metrics.size(); ++i) {
        values_[i * count + row] = number_at(*rows, row, columns + i);
      }
    }
    rows_ = std::move(rows);
    return std::nullopt;
  }

  // Family by family, in the order of the page: with many rows that is the order in memory too.
  void publish(SampleSink& out) const override {
    std::array<std::string_view, kMaxLabels> labels{server_, datname_};
    const std::size_t given = query_.scope == Scope::kDatabase ? 2 : 1;
    const std::size_t columns = label_columns(query_);
    auto value = values_.begin();
    for (const MetricDesc& metric : query_.metrics) {
      for (std::size_t row = 0; row < rows_->rows(); ++row, ++value) {
        if (!*value) continue;
        std::copy_n(labels_.begin() + static_cast<std::ptrdiff_t>(row * columns), columns, labels.begin() + given);
        out.add(metric, **value, std::span(labels).first(given + columns));
      }
    }
  }

 private:
  const Query& query_;
  const std::string& server_;
  const std::string datname_;
  std::unique_ptr<Rows> rows_;
  std::vector<std::string_view> labels_;       // of rows_: row by row
  std::vector<std::optional<double>> values_;  // family by family
};

}  // namespace

std::optional<double> number_at(const Rows& rows, std::size_t row, std::size_t column) {
  const auto text = rows.at(row, column);
  return text ? to_number(*text) : std::nullopt;
}

std::unique_ptr<View> make_table_view(const Query& query, const ViewContext& context) {
  return std::make_unique<TableView>(query, context);
}

}  // namespace upkeep::postgres
