// Server parameters that are numbers or switches, a family each, in base units: pg_settings_shared_buffers_bytes.
// Without those that hold for our own session alone.
// https://www.postgresql.org/docs/current/view-pg-settings.html
#include <fmt/format.h>

#include <array>
#include <vector>

#include "collectors/postgres/queries.h"
#include "collectors/postgres/view.h"
#include "exporter/text.h"

namespace upkeep::postgres {
namespace {

constexpr std::string_view kSql = R"(
SELECT name, setting, coalesce(unit, ''), vartype FROM pg_settings
WHERE vartype IN ('bool', 'integer', 'real') AND source NOT IN ('client', 'session', 'user', 'database user')
ORDER BY name)";

struct Unit {
  std::string_view suffix;
  double factor;
};

// "8kB", "ms", "min": https://www.postgresql.org/docs/current/config-setting.html. Nothing for one that is unknown.
std::optional<Unit> unit_of(std::string_view text) {
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  const double count = digits == 0 ? 1 : to_number(text.substr(0, digits)).value_or(1);
  struct Known {
    std::string_view name;
    Unit unit;
  };
  static constexpr std::array<Known, 12> kKnown = {{{"", {"", 1}},
                                                    {"us", {"_seconds", 1e-6}},
                                                    {"ms", {"_seconds", 1e-3}},
                                                    {"s", {"_seconds", 1}},
                                                    {"min", {"_seconds", 60}},
                                                    {"h", {"_seconds", 3600}},
                                                    {"d", {"_seconds", 86400}},
                                                    {"B", {"_bytes", 1}},
                                                    {"kB", {"_bytes", 1024}},
                                                    {"MB", {"_bytes", 1048576}},
                                                    {"GB", {"_bytes", 1073741824}},
                                                    {"TB", {"_bytes", 1099511627776}}}};
  for (const Known& known : kKnown) {
    if (known.name == text.substr(digits)) return Unit{known.unit.suffix, known.unit.factor * count};
  }
  return std::nullopt;
}

class SettingsView final : public View {
 public:
  SettingsView(const Query&, const ViewContext& context) : server_(context.target.name), families_(context.families) {}

  std::optional<Problem> take(std::unique_ptr<Rows> rows) override {
    if (rows->columns() != 4) return Problem{Failure::kOther, "4 columns expected"};
    std::vector<Setting> settings;
    for (std::size_t row = 0; row < rows->rows(); ++row) {
      const auto cell = [&](std::size_t column) { return rows->at(row, column).value_or(""); };
      const auto unit = unit_of(cell(2));
      const auto value = cell(3) == "bool" ? std::optional<double>(cell(1) == "on" ? 1 : 0) : to_number(cell(1));
      if (!unit || !value) continue;
      std::string name = fmt::format("pg_settings_{}{}", cell(0), unit->suffix);
      for (char& c : name) c = naming::is_letter(c) || naming::is_digit(c) ? c : '_';  // "plpgsql.check_asserts"
      static constexpr std::string_view kLabels[] = {"server"};
      const auto family =
          families_.get(name, MetricType::kGauge, fmt::format("Server parameter {}.", cell(0)), kLabels);
      // -1 is a word, "off" or "as another setting", in every unit.
      if (family) settings.push_back({*family, *value == -1 ? -1 : *value * unit->factor});
    }
    settings_ = std::move(settings);
    return std::nullopt;
  }

  void publish(SampleSink& out) const override {
    for (const Setting& setting : settings_) out.add(*setting.family, setting.value, {server_});
  }

 private:
  struct Setting {
    const MetricDesc* family;
    double value;
  };
  const std::string& server_;
  RuntimeFamilies& families_;
  std::vector<Setting> settings_;
};

std::unique_ptr<View> make_view(const Query& query, const ViewContext& context) {
  return std::make_unique<SettingsView>(query, context);
}

constexpr std::array kQueries = {
    Query{.name = "settings", .pace = Pace::kObjects, .sql = kSql, .metrics = {}, .view = make_view},
};

}  // namespace

std::span<const Query> settings_queries() { return kQueries; }

}  // namespace upkeep::postgres
