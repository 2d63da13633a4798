// Postgres servers, without hurting them: few connections, catalogs and statistics only, never waiting for a lock.
// Each server of the list has a thread of its own, which asks what is due (queries.h) and publishes it with what it
// learned before. A server that is down is data: pg_up 0.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include "collectors/all.h"
#include "collectors/postgres/asked.h"
#include "collectors/postgres/custom.h"
#include "collectors/postgres/facts.h"
#include "collectors/postgres/look.h"
#include "collectors/postgres/queries.h"

namespace upkeep {
namespace postgres {
namespace {

using namespace std::chrono_literals;

constexpr auto kFactsDeadline = 3s;  // the first thing asked: a server that does not answer it is down
constexpr auto kAnswerMargin = 1s;   // beyond the server's own statement_timeout
constexpr std::uint64_t kMeasuredLook = 20;
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
    known_.clear();
    const bool is_up = ask_server();
    if (is_up) ask_databases();
    connections_.keep_only_open(target_.database);
    publish_look({.target = target_,
                  .facts = facts_,
                  .connections = connections_,
                  .asked = asked_,
                  .looks = looks_,
                  .is_up = is_up,
                  .took = clock_.now() - began},
                 out);
    if (!is_up) return {};
    for (const auto& [which, asked] : asked_) asked.publish(clock_.now(), target_.name, out);
    return {};
  }

 private:
  [[nodiscard]] Clock::time_point deadline_of_a_question() const {
    return std::min(deadline_, clock_.now() + target_.statement_timeout + kAnswerMargin);
  }
  // One look of so many asks one by one, to know what each costs.
  [[nodiscard]] bool is_measured() const { return looks_ % kMeasuredLook == 1; }
  // What is not asked in this run is due in the next one.
  [[nodiscard]] bool is_time_left() const { return clock_.now() < deadline_ && !stop_.stop_requested(); }

  // A query that is due, in a database.
  struct Due {
    Asked* asked;
    Question question;
  };

  // False: it is down. What it is (facts.h) decides what can be asked; once that is known, it is asked again along with
  // the rest, in one trip.
  bool ask_server() {
    if (facts_.known() && !is_measured()) {
      if (const auto is_up = ask_again(due_in(target_.database, Scope::kServer))) return *is_up;
      known_.clear();
    }
    const auto facts =
        connections_.ask(target_.database, Facts::question(), std::min(deadline_, clock_.now() + kFactsDeadline));
    if (!facts || !facts_.take(**facts, target_, connections_)) return false;
    ask_all(target_.database, due_in(target_.database, Scope::kServer));
    return true;
  }

  // Whether the server is up; nothing: it has to be tried otherwise.
  std::optional<bool> ask_again(std::vector<Due> due) {
    const auto failing = std::ranges::stable_partition(due, [](const Due& one) { return !one.asked->failing(); });
    const std::span sound(due.begin(), failing.begin());
    std::vector<Question> questions{Facts::question()};
    for (const Due& one : sound) questions.push_back(one.question);
    const Clock::time_point began = clock_.now();
    auto answers = connections_.ask(target_.database, questions, deadline_of_a_question());
    if (!answers && connections_.is_lost(target_.database)) return false;
    if (!answers || !facts_.take(*answers->front(), target_, connections_)) return std::nullopt;
    take_together(sound, std::span(*answers).subspan(1), began);
    ask_one_by_one(target_.database, failing);
    return true;
  }

  void ask_databases() {
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
    // Those that failed last time would make the others fail with them.
    const auto failing = std::ranges::stable_partition(due, [](const Due& one) { return !one.asked->failing(); });
    const std::span sound(due.begin(), failing.begin());
    if (is_measured() || !ask_together(database, sound)) ask_one_by_one(database, sound);
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
    take_together(due, *answers, began);
    return true;
  }

  void take_together(std::span<const Due> due, std::span<std::unique_ptr<Rows>> answers, Clock::time_point began) {
    for (std::size_t i = 0; i < due.size(); ++i) conclude(*due[i].asked, std::move(answers[i]), began, std::nullopt);
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

#define UPKEEP_SPAN(name) name##_queries(),
  inline static const std::array kGroups = {UPKEEP_POSTGRES_QUERIES(UPKEEP_SPAN)};
#undef UPKEEP_SPAN

  Target target_;
  const Clock& clock_;
  Log& log_;
  Connections connections_;
  RuntimeFamilies families_;
  Facts facts_;
  AllAsked asked_;
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
  for (const MetricDesc* family : look_metrics()) add(*family);
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
