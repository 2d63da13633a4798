#include "collectors/postgres/look.h"

#include <algorithm>
#include <array>

namespace upkeep::postgres {
namespace {

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

constexpr auto kAddresses = addresses(kFamilies);

// As postgres_exporter says how its collectors fared: over all databases.
void publish_groups(const Look& look, SampleSink& out) {
  for (auto first = look.asked.begin(); first != look.asked.end();) {
    bool success = true, asked = false;
    Clock::duration took{};
    auto last = first;
    for (; last != look.asked.end() && last->first.first == first->first.first; ++last) {
      asked = asked || last->second.was_asked();
      success = success && !last->second.failing();
      took += last->second.took();
    }
    if (asked) {
      out.add(kFamilies[kCollectorSuccess], success ? 1 : 0, {look.target.name, first->first.first});
      out.add(kFamilies[kCollectorDuration], to_seconds(took), {look.target.name, first->first.first});
    }
    first = last;
  }
}

}  // namespace

std::span<const MetricDesc* const> look_metrics() { return kAddresses; }

void publish_look(const Look& look, SampleSink& out) {
  const auto add = [&](Family family, double value) { out.add(kFamilies[family], value, {look.target.name}); };
  add(kUp, look.is_up ? 1 : 0);
  add(kScrapeDuration, to_seconds(look.took));
  const bool failing = std::ranges::any_of(look.asked, [](const auto& item) { return item.second.failing(); });
  add(kScrapeError, look.is_up && !failing ? 0 : 1);
  add(kScrapes, static_cast<double>(look.looks));
  add(kOwnConnections, static_cast<double>(look.connections.open()));
  add(kOpened, static_cast<double>(look.connections.opened_total()));
  add(kDeadlines, static_cast<double>(look.connections.deadlines_total()));
  add(kUnusedAfter, to_seconds(look.target.unused_index_after));
  add(kSlowStatement, to_seconds(look.target.slow_statement));
  add(kLongTransaction, to_seconds(look.target.long_transaction));
  add(kStandbys, static_cast<double>(look.target.standbys));
  for (const std::string& name : look.facts.denied()) {
    out.add(kFamilies[kDatabaseUp], 0, {look.target.name, name});
    out.add(kFamilies[kConnectionFailed], 1, {look.target.name, name, to_string(Failure::kPermission)});
  }
  for (const auto& [name, state] : look.connections.states()) {
    if (look.facts.denied().contains(name)) continue;
    out.add(kFamilies[kDatabaseUp], state.failing ? 0 : 1, {look.target.name, name});
    if (state.failing) out.add(kFamilies[kConnectionFailed], 1, {look.target.name, name, to_string(*state.failing)});
  }
  if (look.is_up) publish_groups(look, out);
}

}  // namespace upkeep::postgres
