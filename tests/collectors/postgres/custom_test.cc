#include "collectors/postgres/custom.h"

#include <gtest/gtest.h>

#include "tests/collectors/postgres/fake_rows.h"

namespace upkeep::postgres {
namespace {

class CustomTest : public ::testing::Test {
 protected:
  const Target target_ = target(R"({name: main, database: shop, queries: [{name: orders, rows: 2,
      sql: "SELECT status, count(*) AS waiting FROM orders GROUP BY status;",
      labels: [status], values: {waiting: gauge, seen: counter}}]})");
  RuntimeFamilies families_;
  const CustomQuery& query_ = target_.queries.front();
  std::unique_ptr<View> view_ = make_custom_view(query_, {target_, query_.database, families_});
};

TEST_F(CustomTest, IsAskedAsASubqueryThatCanOnlyRead) {
  EXPECT_EQ(query_.database, "shop");
  EXPECT_EQ(custom_sql(query_),
            "SELECT * FROM (\nSELECT status, count(*) AS waiting FROM orders GROUP BY status\n) AS upkeep LIMIT 3");
}

TEST_F(CustomTest, ColumnsAreFoundByName) {
  EXPECT_FALSE(view_->take(rows({"seen", "status", "waiting"}, {{"5", "open", "3"}, {"6", "NULL", "NULL"}})));
  EXPECT_EQ(published(*view_),
            "upkeep_postgres_custom_orders_seen_total{server=\"main\",status=\"open\"} 5\n"
            "upkeep_postgres_custom_orders_seen_total{server=\"main\",status=\"\"} 6\n"
            "upkeep_postgres_custom_orders_waiting{server=\"main\",status=\"open\"} 3\n");
}

TEST_F(CustomTest, AMissingColumnAndTooManyRowsAreProblems) {
  EXPECT_EQ(view_->take(rows({"status"}, {}))->message, "no column \"seen\" in the answer");
  EXPECT_EQ(view_->take(rows({"seen", "waiting"}, {}))->message, "no column \"status\" in the answer");
  const auto many =
      view_->take(rows({"status", "waiting", "seen"}, {{"a", "1", "1"}, {"b", "1", "1"}, {"c", "1", "1"}}));
  EXPECT_EQ(many->message, "more than 2 rows; `rows:` allows more");
}

std::vector<std::string> mistakes(std::string text) {
  ConfigDocument document("f.yml", std::move(text));
  ConfigReader root = document.root();
  read_target(root);
  return document.mistakes();
}

TEST(CustomConfig, MistakesAreTold) {
  EXPECT_TRUE(mistakes("{name: a, queries: [{name: q, sql: SELECT 1, values: {n: gauge}}]}").empty());
  const auto f = [](const std::string& query, std::string_view want) {
    const auto found = mistakes("{name: a, queries: [" + query + "]}");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_NE(found.front().find(want), std::string::npos) << found.front();
  };
  f("{name: Q, sql: SELECT 1, values: {n: gauge}}", "lower case letters");
  f("{name: q, sql: SELECT 1}", "at least one column expected");
  f("{name: q, sql: SELECT 1, values: {n: histogram}}", "gauge");
  f("{name: q, sql: SELECT 1, values: {n: gauge}, labels: [server]}", "'server' cannot be a label");
  f("{name: q, values: {n: gauge}}", "sql");
}

}  // namespace
}  // namespace upkeep::postgres
