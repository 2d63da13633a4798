// Postgres servers, without hurting them: few connections, catalogs and statistics only, never waiting for a lock.
// Each server of the list has a thread of its own, which asks what is due (queries.h) and publishes it with what it
// learned before. A server that is down is data: pg_up 0.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <vector>

#include "collectors/all.h"
#include "collectors/postgres/asked.h"
#include "collectors/postgres/custom.h"
#include "collectors/postgres/facts.h"
#include "collectors/postgres/queries.h"

namespace upkeep {
namespace postgres {
namespace {

using namespace std::chrono_literals;

constexpr std::array kFamilies = {
    gauge("pg_up", "Whether the server answered.", {"server"}),
    gauge("pg_exporter_last_scrape_duration_seconds", "How long it took to ask what was due.", {"server"}),
    gauge("pg_exporter_last_scrape_error", "Whether something asked was not answered.", {"server"}),
    counter("pg_exporter_scrapes_total", "How often the server was looked into.", {"server"}),
    gauge("upkeep_postgres_database_up", "Whether this database can be looked into.", {"server", "datname"}),
    gauge("upkeep_postgres_connection_failed", "1 while it cannot be connected to, with why.",
          {"server", "datname", "reason"}),
    gauge("upkeep_postgres_own_connections", "Connections that are held to look into the server.", {"server"}),
    counter("upkeep_postgres_connections_opened_total", "Connections made for it.", {"server"}),
    counter("upkeep_postgres_deadlines_total", "Connections ended because the server did not answer in time.",
            {"server"}),
    gauge("upkeep_postgres_unused_index_after_seconds",
          "How long statistics must have counted before an index may be called unused.", {"server"}),
    gauge("upkeep_postgres_slow_statement_seconds", "Mean time from which on a statement is slow.", {"server"}),
    gauge("upkeep_postgres_long_transaction_seconds", "Age from which on a transaction is long.", {"server"}),
    gauge("upkeep_postgres_expected_standbys", "Standbys that should stream from this server.", {"server"}),
    gauge("pg_scrape_collector_success", "Whether a group of queries was answered when last asked.",
          {"server", "collector"}),
    gauge("pg_scrape_collector_duration_seconds", "How long that took.", {"server", "collector"}),
};
enum Family : std::uint8_t {
  kUp,
  kScrapeDuration,
  kScrapeError,
  kScrapes,
  kDatabaseUp,
  kConnectionFailed,
  kOwnConnections,
  kOpened,
  kDeadlines,
  kUnusedAfter,
  kSlowStatement,
  kLongTransaction,
  kStandbys,
  kCollectorSuccess,
  kCollectorDuration,
};

constexpr auto kFactsDeadline = 3s;  // the first thing asked: a server that does not answer it is down
constexpr auto kAnswerMargin = 1s;   // beyond the server's own statement_timeout
constexpr auto kLastMoment = 500ms;  // of a run: nothing is asked any more

class Postgres final : public Collector {
 public:
  Postgres(Target target, const Environment& environment)
      : target_(std::move(target)),
        clock_(environment.clock),
        log_(environment.log),
        connections_(target_, clock_, log_) {}

  Result<> collect(const Run& run, SampleSink& out) override {
    const Clock::time_point began = clock_.now();
    deadline_ = run.deadline - kLastMoment;
    stop_ = run.stop;
    ++looks_;
    const bool is_up = facts_.learn(target_, connections_, std::min(deadline_, began + kFactsDeadline));
    if (is_up) ask_what_is_due();
    connections_.keep_only_open(target_.database);
    publish(is_up, clock_.now() - began, out);
    return {};
  }

 private:
  using Which = std::pair<std::string_view, std::string>;  // query and database

  [[nodiscard]] Clock::time_point deadline_of_a_question() const {
    return std::min(deadline_, clock_.now() + target_.statement_timeout + kAnswerMargin);
  }
  // What is not asked in this run is due in the next one.
  [[nodiscard]] bool is_time_left() const { return clock_.now() < deadline_ && !stop_.stop_requested(); }

  // A query that is due, in a database.
  struct Due {
    Asked* asked;
    Question question;
  };

  void ask_what_is_due() {
    known_.clear();
    ask_all(target_.database, due_in(target_.database, Scope::kServer));
    for (const auto& [name, database] : facts_.databases()) {
      if (is_time_left()) {
        facts_.learn_extensions(name, connections_, clock_.now(), target_.objects_interval, deadline_of_a_question());
      }
      ask_all(name, due_in(name, Scope::kDatabase));
      ask_all(name, due_in(name, Scope::kExtension));
    }
    ask_custom();
    std::erase_if(asked_, [&](const auto& item) { return !known_.contains(item.first); });
  }

  std::vector<Due> due_in(const std::string& database, Scope scope) {
    std::vector<Due> due;
    for (const std::span<const Query> group : kGroups) {
      for (const Query& query : group) {
        if (query.scope != scope || !facts_.applies(query)) continue;
        const std::string* const place = scope == Scope::kExtension ? facts_.place_of(query) : &database;
        if (place == nullptr || *place != database) continue;
        Asked& asked = find({query.name, scope == Scope::kDatabase ? database : ""}, target_.interval(query.pace), [&] {
          return query.view(query, {target_, database, families_});
        });
        if (asked.is_due(clock_.now())) due.push_back({&asked, {facts_.sql_of(query, database), parameter_of(query)}});
      }
    }
    return due;
  }

  template <class Make>
  Asked& find(const Which& which, std::chrono::milliseconds interval, Make make_view) {
    known_.insert(which);
    const auto found = asked_.find(which);
    if (found != asked_.end()) return found->second;
    return asked_.try_emplace(which, which.first, which.second, interval, make_view(), clock_, log_).first->second;
  }

  [[nodiscard]] std::optional<std::string> parameter_of(const Query& query) const {
    if (query.top == Top::kNone) return std::nullopt;
    return std::to_string(query.top == Top::kTables ? target_.top_tables : target_.top_indexes);
  }

  // In one trip, which spares both ends most of the work. One by one where that fails, so that one that is refused
  // harms no other, and now and then, to know what each of them costs.
  void ask_all(const std::string& database, std::vector<Due> due) {
    constexpr std::uint64_t kMeasured = 20;  // one look of so many
    // Those that failed last time would make the others fail with them.
    const auto failing = std::ranges::stable_partition(due, [](const Due& one) { return !one.asked->failing(); });
    const std::span sound(due.begin(), failing.begin());
    if (looks_ % kMeasured == 1 || !ask_together(database, sound)) ask_one_by_one(database, sound);
    if (sound.empty() || !connections_.is_lost(database)) ask_one_by_one(database, failing);
  }

  // False: it has to be tried otherwise.
  bool ask_together(const std::string& database, std::span<const Due> due) {
    if (due.empty() || !is_time_left()) return true;
    std::vector<Question> questions;
    for (const Due& one : due) questions.push_back(one.question);
    const Clock::time_point began = clock_.now();
    auto answers = connections_.ask(database, questions, deadline_of_a_question());
    if (!answers) return connections_.is_lost(database);  // then there is nobody to ask one by one either
    for (std::size_t i = 0; i < due.size(); ++i) {
      conclude(*due[i].asked, std::move((*answers)[i]), began, std::nullopt);
    }
    return true;
  }

  void ask_one_by_one(const std::string& database, std::span<const Due> due) {
    for (const Due& one : due) {
      if (!is_time_left()) return;
      const Clock::time_point began = clock_.now();
      auto answer = connections_.ask(database, one.question, deadline_of_a_question());
      conclude(*one.asked, std::move(answer), began, clock_.now() - began);
      if (connections_.is_lost(database)) return;
    }
  }

  void conclude(Asked& asked, Connections::Answer answer, Clock::time_point began,
                std::optional<Clock::duration> took) {
    asked.conclude(std::move(answer), began, took, target_.name);
  }

  void ask_custom() {
    for (const CustomQuery& query : target_.queries) {
      Asked& asked = find({query.key, query.database}, query.interval, [&] {
        return make_custom_view(query, {target_, query.database, families_});
      });
      const Clock::time_point began = clock_.now();
      if (!asked.is_due(began) || !is_time_left()) continue;
      auto answer = connections_.ask_as_user(query.database, custom_sql(query), deadline_of_a_question());
      conclude(asked, std::move(answer), began, clock_.now() - began);
    }
  }

  void publish(bool is_up, Clock::duration took, SampleSink& out) const {
    const auto add = [&](Family family, double value) { out.add(kFamilies[family], value, {target_.name}); };
    add(kUp, is_up ? 1 : 0);
    add(kScrapeDuration, to_seconds(took));
    const bool failing = std::ranges::any_of(asked_, [](const auto& item) { return item.second.failing(); });
    add(kScrapeError, is_up && !failing ? 0 : 1);
    add(kScrapes, static_cast<double>(looks_));
    add(kOwnConnections, static_cast<double>(connections_.open()));
    add(kOpened, static_cast<double>(connections_.opened_total()));
    add(kDeadlines, static_cast<double>(connections_.deadlines_total()));
    add(kUnusedAfter, to_seconds(target_.unused_index_after));
    add(kSlowStatement, to_seconds(target_.slow_statement));
    add(kLongTransaction, to_seconds(target_.long_transaction));
    add(kStandbys, static_cast<double>(target_.standbys));
    for (const std::string& name : facts_.denied()) {
      out.add(kFamilies[kDatabaseUp], 0, {target_.name, name});
      out.add(kFamilies[kConnectionFailed], 1, {target_.name, name, to_string(Failure::kPermission)});
    }
    for (const auto& [name, state] : connections_.states()) {
      if (facts_.denied().contains(name)) continue;
      out.add(kFamilies[kDatabaseUp], state.failing ? 0 : 1, {target_.name, name});
      if (state.failing) out.add(kFamilies[kConnectionFailed], 1, {target_.name, name, to_string(*state.failing)});
    }
    if (!is_up) return;
    publish_groups(out);
    for (const auto& [which, asked] : asked_) asked.publish(clock_.now(), target_.name, out);
  }

  // As postgres_exporter says how its collectors fared: over all databases.
  void publish_groups(SampleSink& out) const {
    for (auto first = asked_.begin(); first != asked_.end();) {
      bool success = true, asked = false;
      Clock::duration took{};
      auto last = first;
      for (; last != asked_.end() && last->first.first == first->first.first; ++last) {
        asked = asked || last->second.was_asked();
        success = success && !last->second.failing();
        took += last->second.took();
      }
      if (asked) {
        out.add(kFamilies[kCollectorSuccess], success ? 1 : 0, {target_.name, first->first.first});
        out.add(kFamilies[kCollectorDuration], to_seconds(took), {target_.name, first->first.first});
      }
      first = last;
    }
  }

#define UPKEEP_SPAN(name) name##_queries(),
  inline static const std::array kGroups = {UPKEEP_POSTGRES_QUERIES(UPKEEP_SPAN)};
#undef UPKEEP_SPAN

  Target target_;
  const Clock& clock_;
  Log& log_;
  Connections connections_;
  RuntimeFamilies families_;
  Facts facts_;
  std::map<Which, Asked> asked_;
  std::set<Which> known_;         // of asked_: what there is to ask now
  Clock::time_point deadline_{};  // of the run under way
  std::stop_token stop_;          // of the same
  std::uint64_t looks_ = 0;
};

// All families with a fixed name.
std::vector<const MetricDesc*> all_families() {
  std::vector<const MetricDesc*> all;
  const auto add = [&](const MetricDesc& family) {
    for (const MetricDesc* known : all) {
      if (known == &family) return;
    }
    all.push_back(&family);
  };
  for (const MetricDesc& family : kFamilies) add(family);
  for (const MetricDesc* family : asked_metrics()) add(*family);
#define UPKEEP_ADD(name) \
  for (const Query& query : name##_queries()) std::ranges::for_each(query.metrics, add);
  UPKEEP_POSTGRES_QUERIES(UPKEEP_ADD)
#undef UPKEEP_ADD
  return all;
}
const std::vector<const MetricDesc*> kAllFamilies = all_families();

Result<std::unique_ptr<Collector>> make(ConfigReader& config, const Environment& environment) {
  return std::make_unique<Postgres>(read_target(config), environment);
}

}  // namespace
}  // namespace postgres

const CollectorType postgres_collector = {
    .name = "postgres",
    .section = "postgres",
    .help = "Postgres: activity, locks, replication, tables, indexes, bloat, statements, settings.",
    .cadence = Cadence::kInterval,
    .metrics = postgres::kAllFamilies,
    .open_prefixes = {"pg_settings_", "upkeep_postgres_custom_"},
    .make = postgres::make,
    .max_series = limits::kSeriesOfDatabases,
    .list = true,
};

}  // namespace upkeep
