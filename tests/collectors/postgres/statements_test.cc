#include <gtest/gtest.h>

#include <map>

#include "collectors/postgres/queries.h"
#include "exporter/text.h"
#include "tests/collectors/postgres/fake_rows.h"

namespace upkeep::postgres {
namespace {

class StatementsTest : public ::testing::Test {
 protected:
  // Statements 1, 2, ... of the database shop, each with calls and seconds.
  void take(const std::vector<std::pair<double, double>>& statements) {
    std::vector<std::vector<std::string>> cells;
    for (std::size_t i = 0; i < statements.size(); ++i) {
      cells.push_back({"app", "shop", std::to_string(i + 1), std::to_string(statements[i].first),
                       std::to_string(statements[i].second), "1", "0", "0", "0", "0", "0", "0", "0"});
    }
    ASSERT_FALSE(view_->take(rows(std::vector<std::string>(13, "c"), std::move(cells))));
  }

  // queryid -> seconds.
  std::map<std::string, std::string> seconds() {
    std::map<std::string, std::string> found;
    const std::string text = published(*view_);
    constexpr std::string_view kBefore = "pg_stat_statements_seconds_total{";
    for (std::string_view line : Lines(text)) {
      if (!line.starts_with(kBefore)) continue;
      const std::size_t at = line.find("queryid=\"") + 9;
      found[std::string(line.substr(at, line.find('"', at) - at))] = line.substr(line.find("} ") + 2);
    }
    return found;
  }

  const Target target_ = target("{name: main, top: {statements: 2}}");
  const std::string datname_ = "postgres";
  RuntimeFamilies families_;
  const Query& query_ = statements_queries().front();
  std::unique_ptr<View> view_ = query_.view(query_, {target_, datname_, families_});
};

using Found = std::map<std::string, std::string>;

TEST_F(StatementsTest, TheDearestByTotalAndByMeanHaveSeriesTheOthersOne) {
  take({{1000, 50}, {1000, 40}, {1000, 30}, {10, 20}, {10, 10}, {1000, 1}});
  EXPECT_EQ(seconds(), (Found{{"1", "50"}, {"2", "40"}, {"4", "20"}, {"5", "10"}, {"other", "31"}}));
}

TEST_F(StatementsTest, AMeanOfFewCallsIsNotTrusted) {
  take({{1000, 50}, {1000, 40}, {10, 3}, {10, 2}, {1, 20}, {1000, 1}});
  EXPECT_EQ(seconds(), (Found{{"1", "50"}, {"2", "40"}, {"3", "3"}, {"4", "2"}, {"other", "21"}}));
}

TEST_F(StatementsTest, OneThatFallsALittleKeepsItsSeries) {
  take({{1000, 50}, {1000, 40}, {1000, 30}, {1000, 20}, {1000, 10}});
  EXPECT_EQ(seconds().count("2"), 1U);
  take({{1000, 50}, {1000, 40}, {1000, 60}, {1000, 55}, {1000, 10}});  // now third and fourth
  EXPECT_EQ(seconds(), (Found{{"1", "50"}, {"2", "40"}, {"3", "60"}, {"4", "55"}, {"other", "10"}}));
  take({{1000, 50}, {1000, 1}, {1000, 60}, {1000, 55}, {1000, 10}});  // and last
  EXPECT_EQ(seconds().count("2"), 0U);
}

TEST_F(StatementsTest, FewStatementsAllHaveSeries) {
  take({{3, 1}, {2, 4}});
  EXPECT_EQ(seconds(), (Found{{"1", "1"}, {"2", "4"}}));
  EXPECT_NE(
      published(*view_).find("upkeep_postgres_statement_mean_seconds{server=\"main\",user=\"app\",datname=\"shop\","
                             "queryid=\"2\"} 2\n"),
      std::string::npos);
  EXPECT_NE(published(*view_).find("upkeep_postgres_statements_left_out{server=\"main\"} 0\n"), std::string::npos);
}

}  // namespace
}  // namespace upkeep::postgres
