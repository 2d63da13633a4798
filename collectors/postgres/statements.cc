// What statements cost: pg_stat_statements. By number, never by text: the texts hold passwords (ALTER ROLE ...), and
// reading them costs as much memory as they have bytes. The dearest statements by total and by mean time have series of
// their own, and keep them until they are far from dear: else a counter would come and go with its rank. The others of
// a database are one series, queryid="other". https://www.postgresql.org/docs/current/pgstatstatements.html
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <vector>

#include "collectors/postgres/queries.h"
#include "collectors/postgres/view.h"

namespace upkeep::postgres {
namespace {

// Columns of the answer after user, datname and queryid, in this order.
constexpr std::array kCounters = {
    counter("pg_stat_statements_calls_total", "Calls of the statement.", {"server", "user", "datname", "queryid"}),
    counter("pg_stat_statements_seconds_total", "Time spent executing it.", {"server", "user", "datname", "queryid"}),
    counter("pg_stat_statements_rows_total", "Rows returned or changed.", {"server", "user", "datname", "queryid"}),
    counter("pg_stat_statements_block_read_seconds_total", "Time spent reading blocks; needs track_io_timing.",
            {"server", "user", "datname", "queryid"}),
    counter("pg_stat_statements_block_write_seconds_total", "Time spent writing blocks; needs track_io_timing.",
            {"server", "user", "datname", "queryid"}),
    counter("upkeep_postgres_statement_plan_seconds_total",
            "Time spent planning; needs pg_stat_statements.track_planning.", {"server", "user", "datname", "queryid"}),
    counter("upkeep_postgres_statement_temp_blocks_total", "Blocks of temporary files read and written.",
            {"server", "user", "datname", "queryid"}),
    counter("upkeep_postgres_statement_wal_bytes_total", "WAL written.", {"server", "user", "datname", "queryid"}),
    counter("upkeep_postgres_statement_shared_blocks_hit_total", "Blocks found in shared buffers.",
            {"server", "user", "datname", "queryid"}),
    counter("upkeep_postgres_statement_shared_blocks_read_total", "Blocks read from outside shared buffers.",
            {"server", "user", "datname", "queryid"}),
};
constexpr std::size_t kCalls = 0, kSeconds = 1;

// Then those that are published besides.
constexpr std::array kFamilies = [] {
  std::array<MetricDesc, kCounters.size() + 3> all{};
  std::ranges::copy(kCounters, all.begin());
  all[kCounters.size()] = gauge("upkeep_postgres_statement_mean_seconds", "Mean time of a call since statistics began.",
                                {"server", "user", "datname", "queryid"});
  all[kCounters.size() + 1] = gauge("upkeep_postgres_statements", "Statements known.", {"server"});
  all[kCounters.size() + 2] =
      gauge("upkeep_postgres_statements_left_out", "Those of them that are in \"other\".", {"server"});
  return all;
}();
constexpr const MetricDesc& kMean = kFamilies[kCounters.size()];
constexpr const MetricDesc& kKnown = kFamilies[kCounters.size() + 1];
constexpr const MetricDesc& kLeftOut = kFamilies[kCounters.size() + 2];

// `false`: without the texts. One statement may be there twice, called by a client and by a function.
constexpr std::string_view kSql = R"(
SELECT pg_get_userbyid(s.userid), d.datname, s.queryid, sum(s.calls), sum(s.total_exec_time) / 1000, sum(s.rows),
       sum(s.shared_blk_read_time + s.local_blk_read_time) / 1000,
       sum(s.shared_blk_write_time + s.local_blk_write_time) / 1000, sum(s.total_plan_time) / 1000,
       sum(s.temp_blks_read + s.temp_blks_written), sum(s.wal_bytes), sum(s.shared_blks_hit), sum(s.shared_blks_read)
FROM {schema}.pg_stat_statements(false) s JOIN pg_database d ON d.oid = s.dbid
WHERE s.queryid IS NOT NULL GROUP BY 1, 2, 3)";
constexpr std::string_view kSql110 = R"(
SELECT pg_get_userbyid(s.userid), d.datname, s.queryid, sum(s.calls), sum(s.total_exec_time) / 1000, sum(s.rows),
       sum(s.blk_read_time) / 1000, sum(s.blk_write_time) / 1000, sum(s.total_plan_time) / 1000,
       sum(s.temp_blks_read + s.temp_blks_written), sum(s.wal_bytes), sum(s.shared_blks_hit), sum(s.shared_blks_read)
FROM {schema}.pg_stat_statements(false) s JOIN pg_database d ON d.oid = s.dbid
WHERE s.queryid IS NOT NULL GROUP BY 1, 2, 3)";

using Values = std::array<double, kCounters.size()>;
struct Statement {
  std::string user, datname, queryid;
  Values values;
};
using Key = std::array<std::string, 3>;
Key key_of(const Statement& statement) { return {statement.user, statement.datname, statement.queryid}; }

double mean_of(const Statement& statement) {
  return statement.values[kCalls] > 0 ? statement.values[kSeconds] / statement.values[kCalls] : 0;
}
// A mean of few calls says little, and would move statements in and out.
double trusted_mean_of(const Statement& statement) {
  constexpr double kFewCalls = 5;
  return statement.values[kCalls] >= kFewCalls ? mean_of(statement) : 0;
}

class StatementsView final : public View {
 public:
  StatementsView(const Query&, const ViewContext& context)
      : server_(context.target.name), top_(static_cast<std::size_t>(context.target.top_statements)) {}

  std::optional<Problem> take(std::unique_ptr<Rows> rows) override {
    if (rows->columns() != 3 + kCounters.size()) return Problem{Failure::kOther, "columns expected are not there"};
    std::vector<Statement> all;
    all.reserve(rows->rows());
    for (std::size_t row = 0; row < rows->rows(); ++row) {
      const auto text = [&](std::size_t column) { return std::string(rows->at(row, column).value_or("")); };
      Statement& statement = all.emplace_back(Statement{text(0), text(1), text(2), {}});
      for (std::size_t i = 0; i < kCounters.size(); ++i) {
        statement.values[i] = number_at(*rows, row, 3 + i).value_or(0);
      }
    }
    choose(std::move(all));
    return std::nullopt;
  }

  void publish(SampleSink& out) const override {
    for (std::size_t i = 0; i < kCounters.size(); ++i) {  // family by family, in the order of the page
      for (const Statement& one : chosen_) {
        out.add(kFamilies[i], one.values[i], {server_, one.user, one.datname, one.queryid});
      }
      for (const auto& [datname, values] : others_) {
        out.add(kFamilies[i], values[i], {server_, "", datname, "other"});
      }
    }
    for (const Statement& one : chosen_) {
      out.add(kMean, mean_of(one), {server_, one.user, one.datname, one.queryid});
    }
    out.add(kKnown, static_cast<double>(known_), {server_});
    out.add(kLeftOut, static_cast<double>(known_ - chosen_.size()), {server_});
  }

 private:
  // Those among the first `top_` by one measure, and those chosen before that are among the first twice as many.
  template <class Measure>
  void mark(const std::vector<Statement>& all, Measure measure, std::vector<bool>& marked) const {
    std::vector<std::size_t> order(all.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    const std::size_t looked_at = std::min(order.size(), top_ > order.size() ? order.size() : 2 * top_);
    std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(looked_at), std::ranges::greater{},
                              [&](std::size_t i) { return measure(all[i]); });
    for (std::size_t place = 0; place < looked_at; ++place) {
      const Statement& one = all[order[place]];
      if (place < top_ || members_.contains(key_of(one))) marked[order[place]] = true;
    }
  }

  void choose(std::vector<Statement> all) {
    std::vector<bool> marked(all.size(), top_ >= all.size());
    if (top_ < all.size()) {
      mark(
          all, [](const Statement& one) { return one.values[kSeconds]; }, marked);
      mark(all, trusted_mean_of, marked);
    }
    known_ = all.size();
    chosen_.clear();
    others_.clear();
    members_.clear();
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (marked[i]) {
        if (top_ < all.size()) members_.insert(key_of(all[i]));
        chosen_.push_back(std::move(all[i]));
      } else {
        Values& sums = others_[all[i].datname];
        for (std::size_t v = 0; v < sums.size(); ++v) sums[v] += all[i].values[v];
      }
    }
    // The order of the page: equal pages cost less to make.
    std::ranges::sort(chosen_, {}, [](const Statement& one) { return std::tie(one.datname, one.user, one.queryid); });
  }

  const std::string& server_;
  const std::size_t top_;
  std::vector<Statement> chosen_;
  std::map<std::string, Values> others_;
  std::set<Key> members_;
  std::size_t known_ = 0;
};

std::unique_ptr<View> make_view(const Query& query, const ViewContext& context) {
  return std::make_unique<StatementsView>(query, context);
}

constexpr std::array kQueries = {
    Query{.name = "stat_statements",
          .scope = Scope::kExtension,
          .pace = Pace::kStatements,
          .sql = kSql,
          .metrics = kFamilies,
          .extension = "pg_stat_statements",
          .min_extension = 111,
          .view = make_view},
    Query{.name = "stat_statements",
          .scope = Scope::kExtension,
          .pace = Pace::kStatements,
          .sql = kSql110,
          .metrics = kFamilies,
          .extension = "pg_stat_statements",
          .min_extension = 108,
          .max_extension = 110,
          .view = make_view},
};

}  // namespace

std::span<const Query> statements_queries() { return kQueries; }

}  // namespace upkeep::postgres
