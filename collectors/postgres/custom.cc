#include "collectors/postgres/custom.h"

#include <fmt/format.h>

#include <vector>

namespace upkeep::postgres {
namespace {

class CustomView final : public View {
 public:
  CustomView(const CustomQuery& query, const ViewContext& context)
      : query_(query), server_(context.target.name), families_(context.families) {}

  std::optional<Problem> take(std::unique_ptr<Rows> rows) override {
    if (rows->rows() > query_.rows) {
      return Problem{Failure::kOther, fmt::format("more than {} rows; `rows:` allows more", query_.rows)};
    }
    std::vector<std::size_t> labels;
    for (const std::string& label : query_.labels) {
      const auto column = find(*rows, label);
      if (!column) return Problem{Failure::kMissing, fmt::format("no column \"{}\" in the answer", label)};
      labels.push_back(*column);
    }
    std::vector<Value> values;
    for (const CustomValue& value : query_.values) {
      const auto column = find(*rows, value.column);
      if (!column) return Problem{Failure::kMissing, fmt::format("no column \"{}\" in the answer", value.column)};
      const auto family = declare(value);
      if (!family) return Problem{Failure::kOther, family.error().message};
      values.push_back({*family, *column});
    }
    rows_ = std::move(rows);
    label_columns_ = std::move(labels);
    values_ = std::move(values);
    return std::nullopt;
  }

  void publish(SampleSink& out) const override {
    std::vector<std::string_view> labels{server_};
    for (std::size_t row = 0; row < rows_->rows(); ++row) {
      labels.resize(1);
      for (std::size_t column : label_columns_) labels.push_back(rows_->at(row, column).value_or(""));
      for (const Value& value : values_) {
        if (const auto number = number_at(*rows_, row, value.column)) out.add(*value.family, *number, labels);
      }
    }
  }

 private:
  struct Value {
    const MetricDesc* family;
    std::size_t column;
  };

  static std::optional<std::size_t> find(const Rows& rows, std::string_view name) {
    for (std::size_t column = 0; column < rows.columns(); ++column) {
      if (rows.name(column) == name) return column;
    }
    return std::nullopt;
  }

  Result<const MetricDesc*> declare(const CustomValue& value) {
    std::vector<std::string_view> labels{"server"};
    labels.insert(labels.end(), query_.labels.begin(), query_.labels.end());
    const std::string_view total =
        value.type == MetricType::kCounter && !value.column.ends_with("_total") ? "_total" : "";
    return families_.get(fmt::format("upkeep_postgres_custom_{}_{}{}", query_.name, value.column, total), value.type,
                         fmt::format("Column {} of the query {} in upkeep.yml.", value.column, query_.name), labels);
  }

  const CustomQuery& query_;
  const std::string& server_;
  RuntimeFamilies& families_;
  std::unique_ptr<Rows> rows_;
  std::vector<std::size_t> label_columns_;
  std::vector<Value> values_;
};

}  // namespace

std::string custom_sql(const CustomQuery& query) {
  return fmt::format("SELECT * FROM (\n{}\n) AS upkeep LIMIT {}", query.sql, query.rows + 1);
}

std::unique_ptr<View> make_custom_view(const CustomQuery& query, const ViewContext& context) {
  return std::make_unique<CustomView>(query, context);
}

}  // namespace upkeep::postgres
