#include <gtest/gtest.h>

#include "collectors/postgres/queries.h"
#include "tests/collectors/postgres/fake_rows.h"

namespace upkeep::postgres {
namespace {

std::string settings(std::vector<std::vector<std::string>> cells) {
  const Target main = target();
  const std::string datname = "postgres";
  RuntimeFamilies families;
  const Query& query = settings_queries().front();
  const auto view = query.view(query, {main, datname, families});
  EXPECT_FALSE(view->take(rows({"name", "setting", "unit", "vartype"}, std::move(cells))));
  return published(*view);
}

TEST(Settings, AreInBaseUnits) {
  EXPECT_EQ(settings({{"shared_buffers", "16384", "8kB", "integer"}}),
            "pg_settings_shared_buffers_bytes{server=\"main\"} 134217728\n");
  EXPECT_EQ(settings({{"deadlock_timeout", "1500", "ms", "integer"}}),
            "pg_settings_deadlock_timeout_seconds{server=\"main\"} 1.5\n");
  EXPECT_EQ(settings({{"log_rotation_age", "1440", "min", "integer"}}),
            "pg_settings_log_rotation_age_seconds{server=\"main\"} 86400\n");
  EXPECT_EQ(settings({{"max_connections", "100", "", "integer"}}),
            "pg_settings_max_connections{server=\"main\"} 100\n");
  EXPECT_EQ(settings({{"random_page_cost", "1.1", "", "real"}}), "pg_settings_random_page_cost{server=\"main\"} 1.1\n");
}

TEST(Settings, SwitchesAreOneOrNothing) {
  EXPECT_EQ(settings({{"fsync", "on", "", "bool"}, {"jit", "off", "", "bool"}}),
            "pg_settings_fsync{server=\"main\"} 1\npg_settings_jit{server=\"main\"} 0\n");
}

TEST(Settings, MinusOneIsAWordNotANumberOfUnits) {
  EXPECT_EQ(settings({{"log_min_duration_statement", "-1", "ms", "integer"}}),
            "pg_settings_log_min_duration_statement_seconds{server=\"main\"} -1\n");
}

TEST(Settings, AnUnknownUnitIsLeftOut) {
  EXPECT_EQ(settings({{"new_setting", "3", "parsec", "integer"}, {"plpgsql.extra", "1", "", "integer"}}),
            "pg_settings_plpgsql_extra{server=\"main\"} 1\n");
}

}  // namespace
}  // namespace upkeep::postgres
