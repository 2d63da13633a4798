#include "collectors/postgres/view.h"

#include <gtest/gtest.h>

#include "tests/collectors/postgres/fake_rows.h"

namespace upkeep::postgres {
namespace {

constexpr std::array kMetrics = {
    gauge("pg_test_size_bytes", "Size.", {"server", "datname", "relname"}),
    counter("pg_test_scans", "Scans.", {"server", "datname", "relname"}),
};
constexpr Query kQuery = {.name = "test", .scope = Scope::kDatabase, .sql = "", .metrics = kMetrics};

class TableViewTest : public ::testing::Test {
 protected:
  const Target target_ = target();
  const std::string datname_ = "shop";
  RuntimeFamilies families_;
  std::unique_ptr<View> view_ = make_table_view(kQuery, {target_, datname_, families_});
};

TEST_F(TableViewTest, LabelsComeFirstThenANumberAFamily) {
  EXPECT_FALSE(view_->take(rows({"relname", "size", "scans"}, {{"orders", "8192", "7"}, {"items", "1e3", "0.5"}})));
  EXPECT_EQ(published(*view_),
            "pg_test_size_bytes{server=\"main\",datname=\"shop\",relname=\"orders\"} 8192\n"
            "pg_test_size_bytes{server=\"main\",datname=\"shop\",relname=\"items\"} 1000\n"
            "pg_test_scans{server=\"main\",datname=\"shop\",relname=\"orders\"} 7\n"
            "pg_test_scans{server=\"main\",datname=\"shop\",relname=\"items\"} 0.5\n");
}

TEST_F(TableViewTest, NullIsNoSampleAndAnEmptyLabel) {
  EXPECT_FALSE(view_->take(rows({"relname", "size", "scans"}, {{"NULL", "NULL", "7"}})));
  EXPECT_EQ(published(*view_), "pg_test_scans{server=\"main\",datname=\"shop\",relname=\"\"} 7\n");
}

TEST_F(TableViewTest, OtherColumnsAreAProblemAndTheLastAnswerStays) {
  EXPECT_FALSE(view_->take(rows({"relname", "size", "scans"}, {{"orders", "8192", "NULL"}})));
  const auto problem = view_->take(rows({"relname", "size"}, {{"orders", "1"}}));
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->message, "2 columns, 3 expected");
  EXPECT_EQ(published(*view_), "pg_test_size_bytes{server=\"main\",datname=\"shop\",relname=\"orders\"} 8192\n");
}

}  // namespace
}  // namespace upkeep::postgres
