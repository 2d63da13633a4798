// What needs no server; the rest is in tests/postgres, against real ones.
#include <gtest/gtest.h>

#include <set>

#include "collectors/all.h"
#include "collectors/postgres/queries.h"
#include "tests/support/collect.h"

namespace upkeep::postgres {
namespace {

std::vector<const Query*> all_queries() {
  std::vector<const Query*> all;
#define UPKEEP_ADD(name) \
  for (const Query& query : name##_queries()) all.push_back(&query);
  UPKEEP_POSTGRES_QUERIES(UPKEEP_ADD)
#undef UPKEEP_ADD
  return all;
}

TEST(Queries, MetricsOfAQueryHaveTheSameLabels) {
  for (const Query* query : all_queries()) {
    if (query->view != make_table_view) continue;
    for (const MetricDesc& metric : query->metrics) {
      EXPECT_TRUE(std::ranges::equal(metric.label_names(), query->metrics.front().label_names())) << metric.name;
      EXPECT_EQ(metric.labels[0], "server") << metric.name;
      EXPECT_EQ(metric.labels[1] == "datname", query->scope == Scope::kDatabase || metric.labels[1] == "datname");
    }
  }
}

// Two of a name are for different versions, never for the same.
TEST(Queries, NamesDoNotOverlap) {
  for (const Query* a : all_queries()) {
    for (const Query* b : all_queries()) {
      if (a >= b || a->name != b->name) continue;
      const bool apart = a->max_version < b->min_version || b->max_version < a->min_version ||
                         a->max_extension < b->min_extension || b->max_extension < a->min_extension;
      EXPECT_TRUE(apart) << a->name;
    }
  }
}

// These wait behind a lock on the table, or behind an ALTER that waits for one.
TEST(Queries, NothingThatTakesALockOnUsersTables) {
  for (const Query* query : all_queries()) {
    for (std::string_view banned : {"pg_relation_size", "pg_table_size", "pg_total_relation_size", "pg_indexes_size",
                                    "pg_get_indexdef", "pg_get_expr", "pg_get_viewdef"}) {
      EXPECT_EQ(query->sql.find(banned), std::string_view::npos) << query->name << ": " << banned;
    }
  }
}

TEST(Postgres, AServerThatIsNotThereIsDataNotAnError) {
  testing::World world;
  world.clock.advance(std::chrono::hours(1));
  world.config = "{name: shop, host: 127.0.0.1, port: 1, standbys: 2}";
  const std::string samples = world.samples(postgres_collector);
  EXPECT_EQ(world.error(), "");
  EXPECT_NE(samples.find("pg_up{server=\"shop\"} 0\n"), std::string::npos) << samples;
  EXPECT_NE(
      samples.find("upkeep_postgres_connection_failed{server=\"shop\",datname=\"postgres\",reason=\"refused\"} 1\n"),
      std::string::npos)
      << samples;
  EXPECT_NE(samples.find("upkeep_postgres_expected_standbys{server=\"shop\"} 2\n"), std::string::npos);
  EXPECT_EQ(samples.find("pg_stat"), std::string::npos);
}

}  // namespace
}  // namespace upkeep::postgres
