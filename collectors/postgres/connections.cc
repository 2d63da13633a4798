#include "collectors/postgres/connections.h"

#include <algorithm>

namespace upkeep::postgres {
namespace {

using namespace std::chrono_literals;

constexpr auto kFirstPause = 15s, kLongestPause = 300s;  // between attempts at a database that cannot be entered
constexpr std::uint32_t kDoublings = 5;

constexpr std::string_view kWaiting = "not tried again yet";
bool is_waiting(const Problem& problem) { return problem.message == kWaiting; }

}  // namespace

std::size_t Connections::open() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(connections_, [](const auto& item) { return item.second.session != nullptr; }));
}

// Closes the one unused for longest while the budget is spent. The first connection stays.
void Connections::make_room() {
  while (open() >= target_.connections) {
    State* oldest = nullptr;
    for (auto& [database, state] : connections_) {
      if (state.session == nullptr || (database == target_.database && open() > 1)) continue;
      if (oldest == nullptr || state.used_at < oldest->used_at) oldest = &state;
    }
    oldest->session.reset();
  }
}

// One line a change.
void Connections::note(const std::string& database, State& state, const std::optional<Problem>& problem) {
  const std::optional<Failure> now = problem ? std::optional(problem->why) : std::nullopt;
  state.failures = problem ? state.failures + 1 : 0;
  if (now == state.failing) return;
  state.failing = now;
  if (problem) {
    log_.warn("Postgres cannot be looked into", {{"server", target_.name},
                                                 {"datname", database},
                                                 {"reason", to_string(problem->why)},
                                                 {"err", problem->message}});
  } else {
    log_.info("Postgres can be looked into again", {{"server", target_.name}, {"datname", database}});
  }
}

std::optional<Problem> Connections::ensure_open(const std::string& database, State& state, Clock::time_point deadline) {
  if (state.session != nullptr && state.session->is_open()) return std::nullopt;
  state.session.reset();
  // The database that all begins with is tried every time: nothing else is asked before it answers.
  if (database != target_.database && clock_.now() < state.next_try) {
    return Problem{state.failing.value_or(Failure::kOther), std::string(kWaiting)};
  }
  make_room();
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(deadline - clock_.now());
  ConnectionSettings settings{.host = target_.host,
                              .user = target_.user,
                              .database = database,
                              .sslmode = target_.sslmode,
                              .port = target_.port,
                              .password = target_.password ? target_.password->reveal() : "",
                              .options = target_.options(),
                              .timeout_seconds = static_cast<int>(std::clamp<std::int64_t>(left.count(), 2, 5))};
  auto session = connect(settings);
  if (!session) {
    const auto pause = kFirstPause * (1U << std::min(state.failures, kDoublings));
    state.next_try = clock_.now() + std::min<Clock::duration>(pause, kLongestPause);
    return session.error();
  }
  ++opened_;
  state.session = *std::move(session);
  return std::nullopt;
}

void Connections::keep_only_open(const std::string& database) {
  for (auto& [name, state] : connections_) {
    if (name != database) state.session.reset();
  }
}

bool Connections::is_lost(const std::string& database) const {
  const auto found = connections_.find(database);
  return found != connections_.end() && found->second.failing;
}

template <class Result, class Call>
Result Connections::reach(const std::string& database, Clock::time_point deadline, Call call) {
  State& state = connections_[database];
  // A connection that was lost while nobody looked, by a restart or a fail-over, costs one more attempt, not a run.
  bool may_be_stale = state.session != nullptr;
  for (;;) {
    if (auto problem = ensure_open(database, state, deadline)) {
      if (!is_waiting(*problem)) note(database, state, problem);
      return std::unexpected(*std::move(problem));
    }
    state.used_at = clock_.now();
    watchdog_.guard(state.session->socket(), deadline);
    Result answer = call(*state.session);
    const bool too_late = watchdog_.release();
    if (answer || (answer.error().why != Failure::kLost && !too_late)) {
      note(database, state, std::nullopt);
      return answer;
    }
    state.session.reset();
    if (!too_late && may_be_stale) {
      may_be_stale = false;
      continue;
    }
    if (too_late) {
      ++deadlines_;
      answer = std::unexpected(Problem{Failure::kTimeout, "no answer in time: the connection was ended"});
    }
    note(database, state, answer.error());
    return answer;
  }
}

Connections::Answer Connections::ask(const std::string& database, const Question& question,
                                     Clock::time_point deadline) {
  return reach<Answer>(database, deadline, [&](Session& session) { return session.ask(question); });
}

Connections::Answer Connections::ask_as_user(const std::string& database, const std::string& sql,
                                             Clock::time_point deadline) {
  return reach<Answer>(database, deadline, [&](Session& session) { return session.ask_as_user(sql); });
}

Connections::Answers Connections::ask(const std::string& database, std::span<const Question> questions,
                                      Clock::time_point deadline) {
  return reach<Answers>(database, deadline, [&](Session& session) { return session.ask(questions); });
}

}  // namespace upkeep::postgres
