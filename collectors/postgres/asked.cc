#include "collectors/postgres/asked.h"

#include <algorithm>
#include <array>

namespace upkeep::postgres {
namespace {

constexpr std::array kFamilies = {
    gauge("upkeep_postgres_query_success", "Whether this query was answered when it was last asked.",
          {"server", "datname", "query"}),
    gauge("upkeep_postgres_query_failed", "1 while it is not, with why.", {"server", "datname", "query", "reason"}),
    gauge("upkeep_postgres_query_duration_seconds", "How long the answer took when it was last asked alone.",
          {"server", "datname", "query"}),
    gauge("upkeep_postgres_query_rows", "Rows it had.", {"server", "datname", "query"}),
    gauge("upkeep_postgres_query_last_success_timestamp_seconds", "When it was last answered.",
          {"server", "datname", "query"}),
};
constexpr auto kAddresses = addresses(kFamilies);

}  // namespace

std::span<const MetricDesc* const> asked_metrics() { return kAddresses; }

void Asked::conclude(Answered<std::unique_ptr<Rows>> answer, Clock::time_point began,
                     std::optional<Clock::duration> took, const std::string& server) {
  asked_at_ = began;
  next_ = began + interval_;
  took_ = took.value_or(took_);
  std::optional<Problem> problem;
  if (answer) {
    const std::size_t rows = (*answer)->rows();
    problem = view_->take(*std::move(answer));
    if (!problem) rows_ = rows;
  } else {
    problem = std::move(answer).error();
  }
  if (!problem) {
    answered_at_ = clock_.now();
    answered_wall_ = clock_.wall();
  }
  const std::optional<Failure> now = problem ? std::optional(problem->why) : std::nullopt;
  if (now == failing_) return;
  failing_ = now;
  if (!problem) {
    log_.info("Postgres query answered again", {{"server", server}, {"datname", shown_}, {"query", name_}});
  } else if (problem->why != Failure::kLost) {  // of a lost connection its own line tells
    log_.warn("Postgres query failed", {{"server", server},
                                        {"datname", shown_},
                                        {"query", name_},
                                        {"reason", to_string(problem->why)},
                                        {"err", problem->message}});
  }
}

void Asked::publish(Clock::time_point now, const std::string& server, SampleSink& out) const {
  if (!asked_at_) return;
  // Three misses in a row, or a quarter of a minute where each run asks.
  const Clock::duration old = 3 * std::max<Clock::duration>(interval_, std::chrono::seconds(15));
  if (answered_at_ && now - *answered_at_ <= old) view_->publish(out);
  out.add(kFamilies[0], failing_ ? 0 : 1, {server, shown_, name_});
  if (failing_) out.add(kFamilies[1], 1, {server, shown_, name_, to_string(*failing_)});
  out.add(kFamilies[2], to_seconds(took_), {server, shown_, name_});
  out.add(kFamilies[3], static_cast<double>(rows_), {server, shown_, name_});
  if (answered_at_) out.add(kFamilies[4], unix_seconds(answered_wall_), {server, shown_, name_});
}

}  // namespace upkeep::postgres
